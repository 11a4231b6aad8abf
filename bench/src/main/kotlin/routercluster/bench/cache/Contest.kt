package routercluster.bench.cache

import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.Likeness
import routercluster.policy.cache.RiskModel
import routercluster.policy.cache.Ruling
import routercluster.policy.cache.Veto
import routercluster.policy.cache.Wording
import kotlin.random.Random

/**
 * What a cache did with a request.
 *
 * @property isHit whether it gave an earlier answer
 * @property isWrong whether that was a wrong one
 */
internal class Outcome(val category: String, val isHit: Boolean, val isWrong: Boolean)

/** Rules on one request after the other. */
internal interface Contender {
    val name: String

    /** @param near the entry that the request meets, null where there is none; [lead] as in [Likeness] */
    fun isHit(request: Request, near: Request?, similarity: Double, lead: Double): Boolean
}

/** Every entry from one similarity on is a hit. */
internal class Static(override val name: String, private val threshold: Double) : Contender {
    override fun isHit(request: Request, near: Request?, similarity: Double, lead: Double): Boolean =
        near != null && similarity >= threshold
}

/** Ours: every miss with an entry near it is looked into, as its own answer is there to be compared, and so is a share of hits. */
internal class Bounded(override val name: String, val maxError: Double, seed: Int, maxRisk: Double) : Contender {
    private val learner = HitLearner({ maxError }, maxRisk)
    private val random = Random(seed)
    private val records = HashMap<Request, IntArray>()

    override fun isHit(request: Request, near: Request?, similarity: Double, lead: Double): Boolean {
        val category = request.asked.category
        val veto = near?.let { Veto.between(request.asked.wording, it.asked.wording) }
        if (near == null || veto != null) {
            learner.rule(category, null, 0.0)
            return false
        }
        val record = records.getOrPut(near) { IntArray(2) }
        val likeness = Likeness.of(request.asked.wording, near.asked.wording, similarity, lead, record[1], record[0])
        val ruling = learner.rule(category, likeness, random.nextDouble())
        if (ruling is Ruling.Hit) return true
        val isRight = request.answer == near.answer
        record[if (isRight) 1 else 0]++
        learner.looked(category, likeness, ruling, isRight)?.let { learner.learn(RiskModel.fit(it)) }
        return false
    }
}

/** Runs [requests] past [contender]; what was a miss is an entry from then on. */
internal fun run(requests: List<Request>, contender: Contender, cache: Entries = Entries()): List<Outcome> =
    requests.map { request ->
        val (near, similarity, lead) = if (request.kept ==
            null
        ) {
            cache.nearest(request)
        } else {
            Near(request.kept, request.asked like request.kept.asked, 0.0)
        }
        val isHit = contender.isHit(request, near, similarity, lead)
        if (!isHit && request.kept == null) cache.add(request)
        Outcome(request.asked.category, isHit, isHit && near?.answer != request.answer)
    }

internal data class Near(val entry: Request?, val similarity: Double, val lead: Double)

/** What a cache holds, by category, searched one by one. */
internal class Entries {
    private val byCategory = HashMap<String, ArrayList<Request>>()

    fun add(request: Request) {
        byCategory.getOrPut(request.asked.category) { ArrayList() }.add(request)
    }

    fun nearest(request: Request): Near {
        var best: Request? = null
        var first = 0.0
        var second = 0.0
        for (entry in byCategory[request.asked.category].orEmpty()) {
            val similarity = request.asked like entry.asked
            if (similarity > first) {
                second = first
                first = similarity
                best = entry
            } else if (similarity > second) {
                second = similarity
            }
        }
        return Near(best, first, first - second)
    }
}

/**
 * The lowest similarity from which on hits keep wrong ones under [maxError] of the requests of every category, to a thousandth; above 1
 * where none does. By bisection, as more similar entries are less often wrong.
 */
internal fun bestStatic(requests: List<Request>, maxError: Double): Double {
    var fails = STATIC_LOW
    var holds = STATIC_HIGH
    while (holds - fails > 1) {
        val middle = (fails + holds) / 2
        if (worst(run(requests, Static("", middle / STATIC_STEPS))) <= maxError) holds = middle else fails = middle
    }
    return holds / STATIC_STEPS
}

/** The share of wrong hits in the category that has most of them. */
internal fun worst(outcomes: List<Outcome>): Double = wrongShares(outcomes).max()

/** The share of wrong hits in each category that has [CATEGORY_MIN] requests. */
internal fun wrongShares(outcomes: List<Outcome>): List<Double> =
    outcomes
        .groupBy { it.category }
        .values
        .filter { it.size >= CATEGORY_MIN }
        .map { share(it) { outcome -> outcome.isWrong } }

internal fun share(outcomes: List<Outcome>, what: (Outcome) -> Boolean): Double = outcomes.count(what).toDouble() / outcomes.size

/** A category with fewer requests says nothing of a share of one in a hundred. */
internal const val CATEGORY_MIN = 200
private const val STATIC_LOW = 600
private const val STATIC_HIGH = 1_001
private const val STATIC_STEPS = 1_000.0
