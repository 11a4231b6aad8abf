package routercluster.policy.cache

/**
 * What is to be done with a request whose nearest entry is known.
 *
 * @property risk probability that the entry's answer is wrong for it, 0 to 1; null where too little is known to tell
 */
sealed interface Ruling {
    val risk: Double?

    /** Give the entry's answer. */
    class Hit(override val risk: Double) : Ruling

    /**
     * Send it to a model.
     *
     * @property isLook whether it would have been a hit, and is a miss so that its answer can be compared with the entry's
     */
    class Miss(override val risk: Double?, val isLook: Boolean, val reason: String) : Ruling
}

/**
 * What a [HitLearner] found of a category.
 *
 * @property requests that count, older ones less
 * @property maxError share of them that may get a wrong answer
 * @property riskAllowed see [HitLearner.riskAllowed]
 * @property rightLooks kept answers that were compared with a fresh one and were right; so are [wrongLooks]
 * @property wrongShare which share of them gets a wrong answer; null where none is answered by a hit
 */
data class CategoryStanding(
    val category: String,
    val requests: Double,
    val maxError: Double,
    val riskAllowed: Double?,
    val rightLooks: Int,
    val wrongLooks: Int,
    val wrongShare: ErrorEstimate?,
)

/**
 * Learns from looks which hits are right, and keeps wrong ones under a bound for every category: a [RiskModel] over all categories, an
 * [ErrorBound] for each. For one thread.
 *
 * @param maxErrors the bound of a category, above 0 to 1
 * @param lookShare share of hits that are looked into, 0 to 1: without looks nobody would learn that hits have gone wrong
 * @param fadingRequests after so many requests of a category what was seen before counts half
 */
class HitLearner(
    private val maxErrors: (category: String) -> Double,
    private val lookShare: Double = LOOK_SHARE,
    private val fadingRequests: Double = FADING_REQUESTS,
) {
    private val judged = ArrayDeque<Judged>()
    private var unlearnt = 0
    private var model: RiskModel? = null
    private val categories = HashMap<String, Standing>()
    private var all = RiskSums.NONE
    private var sinceSum = 0

    private class Standing(val bound: ErrorBound) {
        var requests = 0.0
        val expected = DoubleArray(ErrorBound.BINS)
        val looked = DoubleArray(ErrorBound.BINS)
        val wrong = DoubleArray(ErrorBound.BINS)
        var highest = -1
        var sinceBound = 0

        /** Looks into the answers to requests of this category by what they found, [wrong] and not. */
        var rightLooks = 0
        var wrongLooks = 0

        /** How far wrong hits have run ahead of what was to be expected, in answers. */
        var ahead = 0.0
        var factor = 1.0

        fun fade(share: Double) {
            requests *= share
            for (array in listOf(expected, looked, wrong)) for (bin in array.indices) array[bin] *= share
        }

        fun add(kept: RiskSums) {
            requests += kept.requests
            for (bin in expected.indices) {
                expected[bin] += kept.expected[bin]
                looked[bin] += kept.looked[bin]
                wrong[bin] += kept.wrong[bin]
            }
        }

        fun sums() = RiskSums(requests, expected.copyOf(), looked.copyOf(), wrong.copyOf())
    }

    /**
     * Rules on a request of [category] whose nearest entry is like it as [likeness] says; null where there is none.
     *
     * @param chance drawn evenly from 0 to 1
     */
    fun rule(category: String, likeness: Likeness?, chance: Double): Ruling {
        val standing = standing(category)
        standing.fade(fadingPerRequest)
        standing.requests += 1
        if (++standing.sinceBound >= BOUND_EVERY) bound(standing)
        if (likeness == null) return Ruling.Miss(null, isLook = false, "nothing like it was answered before")
        val risk = model?.risk(likeness.of(standing)) ?: return Ruling.Miss(null, isLook = false, "too few answers were compared to tell")
        val bin = ErrorBound.bin(risk)
        standing.expected[bin] += risk
        return when {
            bin > standing.highest -> Ruling.Miss(risk, isLook = false, "the risk of a wrong answer is too high")
            chance < lookShare -> Ruling.Miss(risk, isLook = true, "one hit of some is looked into")
            else -> Ruling.Hit(risk)
        }
    }

    /** A pair was looked into that [ruling] was made of: the entry's answer is right, or is not. */
    fun looked(category: String, likeness: Likeness, ruling: Ruling, isRight: Boolean) {
        val isLook = ruling is Ruling.Miss && ruling.isLook
        val standing = standing(category)
        judged.addLast(Judged(likeness.of(standing), isRight, if (isLook) minOf(1 / lookShare, Judged.WEIGHT_MAX) else 1.0))
        if (judged.size > JUDGED_MAX) judged.removeFirst()
        unlearnt++
        if (isRight) standing.rightLooks++ else standing.wrongLooks++
        ruling.risk?.let { risk ->
            val bin = ErrorBound.bin(risk)
            standing.looked[bin] += risk
            if (!isRight) standing.wrong[bin] += 1.0
            if (isLook) watch(standing, risk, isRight)
        }
        if (unlearnt >= (if (model == null) RiskModel.JUDGED_MIN else LEARN_EVERY)) learn()
    }

    /** What it has learnt until now. */
    fun state(): HitLearnerState =
        HitLearnerState(
            judged.toList(),
            categories.mapValues { (_, own) ->
                HitLearnerState.Category(own.sums(), own.rightLooks, own.wrongLooks, own.ahead)
            },
        )

    /** Goes on where another was, with the [model] of its judged pairs; null where they are too few. What was seen here since counts on. */
    fun goOn(from: HitLearnerState, model: RiskModel?) {
        judged.addAll(0, from.judged)
        while (judged.size > JUDGED_MAX) judged.removeFirst()
        if (model != null) this.model = model
        for ((name, kept) in from.categories) {
            val standing = standing(name)
            standing.add(kept.sums)
            standing.rightLooks += kept.rightLooks
            standing.wrongLooks += kept.wrongLooks
            standing.ahead += kept.ahead
        }
        all = RiskSums.NONE
        categories.values.forEach(::bound)
    }

    /** The highest risk at which a request of [category] is answered by a hit; null where none is. */
    fun riskAllowed(category: String): Double? =
        categories[category]?.takeIf { it.highest >= 0 }?.let { ErrorBound.riskOf((it.highest + 1).coerceAtMost(ErrorBound.BINS - 1)) }

    /** What was found of every category, by its name. */
    fun standings(): List<CategoryStanding> {
        val sums = categories.values.fold(RiskSums.NONE) { sum, each -> sum + each.sums() }
        return categories.map { (category, standing) ->
            val wrong = if (model == null) null else ErrorBound.estimate(standing.sums(), sums, standing.highest)
            CategoryStanding(
                category,
                standing.requests,
                maxErrors(category),
                riskAllowed(category),
                standing.rightLooks,
                standing.wrongLooks,
                wrong?.let { ErrorEstimate(it.likely * (1 - lookShare), it.low * (1 - lookShare), it.high * (1 - lookShare)) },
            )
        }
    }

    /** What the traits of a request of [category] add up to; empty where nothing was learnt yet. */
    fun parts(category: String, likeness: Likeness): Map<Likeness.Trait, Double> =
        model?.parts(likeness.of(standing(category))).orEmpty()

    /**
     * Finds that hits have begun to go wrong about twice as often (Page's cumulative sum for Poisson counts): then little is left of what
     * was seen before, for the category and for the model.
     */
    private fun watch(standing: Standing, risk: Double, isRight: Boolean) {
        standing.ahead = maxOf(0.0, standing.ahead + (if (isRight) 0.0 else 1.0) - DOUBLED * standing.factor * risk)
        if (standing.ahead < ALARM) return
        standing.ahead = 0.0
        standing.fade(LEFT_AFTER_ALARM)
        while (judged.size > maxOf(RiskModel.JUDGED_MIN, (JUDGED_MAX * LEFT_AFTER_ALARM).toInt())) judged.removeFirst()
        learn()
        bound(standing)
    }

    /** This, with what is known of the category. */
    private fun Likeness.of(standing: Standing): Likeness = withCategory(standing.rightLooks, standing.wrongLooks)

    private fun learn() {
        model = RiskModel.fit(judged)
        unlearnt = 0
    }

    private fun bound(standing: Standing) {
        if (++sinceSum >= SUM_EVERY || all === RiskSums.NONE) {
            sinceSum = 0
            all = categories.values.fold(RiskSums.NONE) { sum, each -> sum + each.sums() }
        }
        standing.sinceBound = 0
        val own = standing.sums()
        standing.highest = if (model == null) -1 else standing.bound.highest(own, all)
        standing.factor = ErrorBound.factor(own, all, standing.highest)
    }

    private fun standing(category: String): Standing =
        categories[category] ?: Standing(ErrorBound(maxErrors(category))).also {
            check(categories.size < CATEGORIES_MAX) { "there are more than $CATEGORIES_MAX categories" }
            categories[category] = it
        }

    private val fadingPerRequest = Math.pow(0.5, 1 / fadingRequests)

    companion object {
        const val LOOK_SHARE = 0.1
        const val FADING_REQUESTS = 20_000.0

        /** Judged pairs that the model is fitted on: the newest. */
        const val JUDGED_MAX = 8_000
        const val CATEGORIES_MAX = 1_000
        private const val LEARN_EVERY = 1_000
        private const val BOUND_EVERY = 20
        private const val SUM_EVERY = 10

        /** Between a rate and the double of it a count of this many times the rate speaks for neither: 1 / ln 2. */
        private const val DOUBLED = 1.4427
        private const val ALARM = 4.0
        private const val LEFT_AFTER_ALARM = 0.1
    }
}
