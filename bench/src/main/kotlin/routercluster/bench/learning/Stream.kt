package routercluster.bench.learning

import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.models.Pricing
import kotlin.math.ln
import kotlin.random.Random

/**
 * A model of the pool.
 *
 * @property tokenMillis mean time per token
 */
internal class Arm(val name: String, val price: Pricing, val tokenMillis: Double)

/**
 * A question of the set.
 *
 * @property promptTokens estimate, four characters each
 * @property qualities of the answers, 0..1, in the order of the pool
 * @property costs of the answers, 0..1 of what the priciest of the pool costs for an average question
 */
internal class Question(val read: ReadRequest, val promptTokens: Long, val qualities: DoubleArray, val costs: DoubleArray)

/**
 * One request of a stream. Everything that chance decides of it is decided before, so that all contenders meet the same.
 *
 * @property at place in the stream from 0, which is also its second
 * @property luck 0..1: a degraded model keeps its quality where this is below [Change.KEPT]
 * @property judgedAfter requests until somebody judges the answer; null where nobody does
 * @property isContrary whether that verdict says the opposite
 * @property slowness by which its answer takes longer than the mean
 */
internal class Request(
    val at: Int,
    val question: Question,
    val luck: Double,
    val judgedAfter: Int?,
    val isContrary: Boolean,
    val slowness: Double,
)

/**
 * What happens to the pool on the way: one model leaves at a quarter of the stream, one degrades at the half, a better one comes at three
 * quarters. Models are places in the pool.
 */
internal class Change(private val requests: Int, val leaving: Int, val degrading: Int, val coming: Int) {
    val leavesAt: Int get() = requests / 4
    val degradesAt: Int get() = requests / 2
    val comesAt: Int get() = requests * 3 / 4

    fun live(models: Int, at: Int): List<Int> =
        (0 until models).filter { (it != leaving || at < leavesAt) && (it != coming || at >= comesAt) }

    /** 0..1, as [request] is answered by [model]. */
    fun quality(request: Request, model: Int): Double =
        if (isDegraded(request, model) && request.luck >= KEPT) 0.0 else request.question.qualities[model]

    /** The mean of [quality] over what is luck. */
    fun expected(request: Request, model: Int): Double =
        request.question.qualities[model] * if (isDegraded(request, model)) KEPT else 1.0

    private fun isDegraded(request: Request, model: Int) = model == degrading && request.at >= degradesAt

    companion object {
        /** Share of its good answers that a degraded model still gives. */
        const val KEPT = 0.3
    }
}

/** What a reward takes off for the cost of the priciest model's answer, 0..1: reward = quality - [COST_WEIGHT] * cost. */
internal const val COST_WEIGHT = 0.05

/** [requests] over [questions] in passes, each in another order; the same for the same [seed]. */
internal fun stream(questions: List<Question>, requests: Int, seed: Long): List<Request> {
    val random = Random(seed)
    val order = generateSequence { questions.shuffled(random) }.flatten().take(requests).toList()
    return order.mapIndexed { at, question ->
        val delay = (-DELAY_MEAN * ln(1 - random.nextDouble())).toInt() + 1
        Request(
            at = at,
            question = question,
            luck = random.nextDouble(),
            judgedAfter = delay.takeIf { random.nextDouble() < JUDGED },
            isContrary = random.nextDouble() < CONTRARY,
            slowness = -ln(1 - random.nextDouble()),
        )
    }
}

/** Share of requests that are judged. */
private const val JUDGED = 0.1

/** Share of verdicts that say the opposite of what was so. */
private const val CONTRARY = 0.2

/** Requests between an answer and its verdict, exponentially distributed. */
private const val DELAY_MEAN = 300.0
