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
     * @property lookShare where it would have been a hit, and is a miss so that its answer can be compared with the entry's: which share of
     *   such requests is, above 0 to 1. Else null
     */
    class Miss(override val risk: Double?, val lookShare: Double?, val reason: String) : Ruling {
        val isLook: Boolean get() = lookShare != null
    }
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
 * @param maxRisk no request of a higher risk is answered by a hit, however far wrong hits are from the bound; above 0 to 1
 * @param lookShare share of hits that are looked into, 0 to 1, where risks are spread evenly up to the highest that is allowed: without
 *   looks nobody would learn that hits have gone wrong. More of the risky ones are, as more is found there
 * @param fadingRequests after so many requests of a category what was seen before counts half
 */
class HitLearner(
    private val maxErrors: (category: String) -> Double,
    maxRisk: Double = 1.0,
    private val lookShare: Double = LOOK_SHARE,
    private val fadingRequests: Double = FADING_REQUESTS,
) {
    private val binMax = if (maxRisk < 1) ErrorBound.bin(maxRisk) - 1 else ErrorBound.BINS - 1
    private val judged = ArrayDeque<Judged>()
    private val judgedSince = ArrayDeque<Judged>()

    /** Pairs from before [judgedSince] that count. */
    private var judgedBefore = JUDGED_MAX

    /** Pairs that were ever judged, and how many of these the model has seen. */
    private var judgedEver = 0L
    private var judgedLearnt = 0L
    private var hasAlarm = false
    private var model: RiskModel? = null
    private val categories = HashMap<String, Standing>()
    private var all: RiskSums? = null
    private var sinceSum = 0

    /** @property since what was not told as [news] yet; [beforeShare] is what all from before that counts for by now */
    private class Standing(val bound: ErrorBound) {
        var sums = RiskSums()
        var since = RiskSums()
        var beforeShare = 1.0
        var highest = -1
        var sinceBound = 0

        /** Looks into the answers to requests of this category by what they found, [wrong] and not. */
        var looks = Looks()
        var looksSince = Looks()

        /** How far wrong hits have run ahead of what was to be expected, in answers. */
        var ahead = 0.0
        var factor = 1.0

        inline fun add(act: RiskSums.() -> Unit) {
            sums.act()
            since.act()
        }

        fun fade(share: Double) {
            add { fade(share) }
            beforeShare *= share
        }

        fun looked(isRight: Boolean) {
            looks += isRight
            looksSince += isRight
        }
    }

    /**
     * Rules on a request of [category] whose nearest entry is like it as [likeness] says; null where there is none.
     *
     * @param chance drawn evenly from 0 to 1
     */
    fun rule(category: String, likeness: Likeness?, chance: Double): Ruling {
        val standing = standing(category)
        standing.fade(fadingPerRequest)
        standing.add { request() }
        if (++standing.sinceBound >= BOUND_EVERY) bound(standing)
        if (likeness == null) return Ruling.Miss(null, null, "nothing like it was answered before")
        val risk = model?.risk(category, likeness) ?: return Ruling.Miss(null, null, "too few answers were compared to tell")
        val bin = ErrorBound.bin(risk)
        standing.add { expected[bin] += risk }
        val share = lookShareAt(bin, standing.highest)
        return when {
            bin > standing.highest -> Ruling.Miss(risk, null, "the risk of a wrong answer is too high")
            chance < share -> Ruling.Miss(risk, share, "one hit of some is looked into")
            else -> Ruling.Hit(risk)
        }
    }

    /** In proportion to the risk; some of the safest hits as well, or nobody would learn that they are none. */
    private fun lookShareAt(bin: Int, highest: Int): Double {
        val part = ErrorBound.riskOf(bin) / ErrorBound.riskOf((highest + 1).coerceIn(1, ErrorBound.BINS - 1))
        return (2 * lookShare * part).coerceIn(LOOKED_LEAST * lookShare, 1.0)
    }

    /**
     * A pair was looked into that [ruling] was made of: the entry's answer is right, or is not.
     *
     * @return the pairs on which a new model is to be fitted, which takes some tenths of a second, and to be told to [learn]; null where none is
     */
    fun looked(category: String, likeness: Likeness, ruling: Ruling, isRight: Boolean): List<Judged>? {
        val lookShare = (ruling as? Ruling.Miss)?.lookShare
        val standing = standing(category)
        val pair = Judged(category, likeness, isRight, if (lookShare == null) 1.0 else minOf(1 / lookShare, Judged.WEIGHT_MAX))
        for (pairs in listOf(judged, judgedSince)) pairs.addLimited(listOf(pair))
        judgedEver++
        standing.looked(isRight)
        ruling.risk?.let { risk ->
            val bin = ErrorBound.bin(risk)
            standing.add {
                looked[bin] += risk
                if (!isRight) wrong[bin] += 1.0
            }
            if (lookShare != null) watch(standing, risk, isRight)
        }
        return due()
    }

    /** From now on it rules by this model. */
    fun learn(model: RiskModel) {
        this.model = model
    }

    /** What it has learnt since it was asked last. */
    fun news(): HitLearnerState {
        val since = categories.mapValues { (_, own) -> HitLearnerState.Category(own.since, own.beforeShare, own.looksSince) }
        val news = HitLearnerState(judgedSince.toList(), judgedBefore, judgedSince.size.toLong(), since)
        judgedSince.clear()
        judgedBefore = JUDGED_MAX
        for (standing in categories.values) {
            standing.since = RiskSums()
            standing.beforeShare = 1.0
            standing.looksSince = Looks()
        }
        return news
    }

    /**
     * From now on this is known: [all], with the [news] that were told in it, and what was learnt since.
     *
     * @return as [looked]
     */
    fun goOn(all: HitLearnerState): List<Judged>? {
        judged.clear()
        judged.addLimited(all.judged.takeLast(judgedBefore) + judgedSince)
        judgedEver = all.judgedEver + judgedSince.size
        judgedLearnt = minOf(judgedLearnt, judgedEver)
        for ((name, kept) in all.categories) {
            val standing = standing(name)
            standing.sums = kept.sums
                .copy()
                .also { it.fade(standing.beforeShare) }
                .also { it.add(standing.since) }
            standing.looks = kept.looks + standing.looksSince
        }
        this.all = null
        categories.values.forEach(::bound)
        return due()
    }

    /** The pairs that a model is to be fitted on now; null where none is. */
    private fun due(): List<Judged>? {
        val isNew = judgedEver - judgedLearnt >= if (model == null) RiskModel.JUDGED_MIN else LEARN_EVERY
        if (judged.size < RiskModel.JUDGED_MIN || !(isNew || hasAlarm)) return null
        hasAlarm = false
        judgedLearnt = judgedEver
        return judged.toList()
    }

    /** The highest risk at which a request of [category] is answered by a hit; null where none is. */
    fun riskAllowed(category: String): Double? =
        categories[category]?.takeIf { it.highest >= 0 }?.let { ErrorBound.riskOf((it.highest + 1).coerceAtMost(ErrorBound.BINS - 1)) }

    /** What was found of every category, by its name. */
    fun standings(): List<CategoryStanding> {
        val sums = RiskSums.of(categories.values.map { it.sums })
        return categories.map { (category, standing) ->
            val wrong = ErrorBound.estimate(standing.sums, sums, standing.highest) { 1 - lookShareAt(it, standing.highest) }
            CategoryStanding(
                category,
                standing.sums.requests,
                maxErrors(category),
                riskAllowed(category),
                standing.looks.right,
                standing.looks.wrong,
                wrong,
            )
        }
    }

    /** What the traits of a request of [category] add up to, see [RiskModel.parts]; empty where nothing was learnt yet. */
    fun parts(category: String, likeness: Likeness): Map<String, Double> = model?.parts(category, likeness).orEmpty()

    /**
     * Finds that hits have begun to go wrong about twice as often (Page's cumulative sum for Poisson counts): then little is left of what
     * was seen before, for the category and for the model.
     */
    private fun watch(standing: Standing, risk: Double, isRight: Boolean) {
        standing.ahead = maxOf(0.0, standing.ahead + (if (isRight) 0.0 else 1.0) - DOUBLED * standing.factor * risk)
        if (standing.ahead < ALARM) return
        standing.ahead = 0.0
        standing.fade(LEFT_AFTER_ALARM)
        val left = (JUDGED_MAX * LEFT_AFTER_ALARM).toInt()
        for (pairs in listOf(judged, judgedSince)) while (pairs.size > left) pairs.removeFirst()
        judgedBefore = minOf(judgedBefore, left - judgedSince.size)
        hasAlarm = true
        bound(standing)
    }

    private fun bound(standing: Standing) {
        val sums = all.takeIf { ++sinceSum < SUM_EVERY } ?: RiskSums.of(categories.values.map { it.sums })
        if (sums !== all) sinceSum = 0
        all = sums
        standing.sinceBound = 0
        standing.highest = if (model == null) -1 else minOf(standing.bound.highest(standing.sums, sums), binMax)
        standing.factor = ErrorBound.factor(standing.sums, sums, standing.highest)
    }

    private fun standing(category: String): Standing =
        categories[category] ?: Standing(ErrorBound(maxErrors(category))).also {
            check(categories.size < CATEGORIES_MAX) { "there are more than $CATEGORIES_MAX categories" }
            categories[category] = it
        }

    private fun ArrayDeque<Judged>.addLimited(pairs: List<Judged>) {
        addAll(pairs)
        while (size > JUDGED_MAX) removeFirst()
    }

    private val fadingPerRequest = Math.pow(0.5, 1 / fadingRequests)

    companion object {
        const val LOOK_SHARE = 0.1
        const val FADING_REQUESTS = 20_000.0

        /** Of [LOOK_SHARE] and others, the part that every hit is looked into with. */
        private const val LOOKED_LEAST = 0.25

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
