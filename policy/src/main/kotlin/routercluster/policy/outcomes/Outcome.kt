package routercluster.policy.outcomes

import routercluster.policy.FailureClass
import java.time.Duration
import java.time.Instant

/**
 * What statistics are kept for: one decision of one recipe. Both are empty for a request that asked for its model by name, [decision]
 * alone for one that no decision matched.
 */
data class SelectionKey(val recipe: String, val decision: String)

/**
 * How one attempt at a model ended.
 *
 * @property upstream id of the upstream that was tried
 * @property at when it ended
 * @property failure null for an answer that was none of the model's failures
 * @property answer null where no good answer was served to its end
 * @property costNanos what it costs, in billionths of the policy's currency
 */
data class AttemptOutcome(
    val key: SelectionKey,
    val model: String,
    val upstream: String,
    val at: Instant,
    val failure: FailureClass?,
    val answer: AnswerOutcome? = null,
    val costNanos: Long = 0,
)

/**
 * A good answer, as it passed by. Times count from when the attempt began.
 *
 * @property firstByte to the first byte of the body; of an answer that is no stream that is nearly all of [total]
 * @property perToken mean time per token after the first; null where fewer than two tokens are known of
 */
data class AnswerOutcome(
    val firstByte: Duration,
    val total: Duration,
    val perToken: Duration?,
    val promptTokens: Long,
    val completionTokens: Long,
)

/** What somebody says of a model's fitness for a request; the seed's words. */
enum class Verdict { GOOD_FIT, UNDERPOWERED, OVERPROVISIONED, FAILED }

/**
 * What somebody says of a routed request.
 *
 * @property id counts once, however often it is told
 * @property at when it was given
 * @property by null for those whose word is taken without bound: operators' tools
 * @property context what the request was like; null where no selector went by that
 * @property against another model that [model], which comes before it in the order of names, was compared with: what is good in [sums] was won, what
 *   is bad was lost. Null for a verdict
 */
data class Feedback(
    val id: String,
    val key: SelectionKey,
    val model: String,
    val sums: VerdictSums,
    val at: Instant,
    val by: Speaker? = null,
    val context: ContextPoint? = null,
    val against: String? = null,
) {
    /** What one identity's word on it is bounded for. */
    internal val subject: String get() = if (against == null) model else "$model|$against"
}
