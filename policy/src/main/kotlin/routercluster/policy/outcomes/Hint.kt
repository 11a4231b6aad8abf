package routercluster.policy.outcomes

import routercluster.policy.conversations.digestOf
import routercluster.policy.request.Facts
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.time.Duration
import java.time.Instant

/**
 * What answers and requests let on of a model without anybody judging it. Each kind tells good from bad with the same weight, so that the
 * share of good ones, and not how often there is a hint, speaks for a model.
 *
 * @property key as policies and metrics name it
 * @property weight of one hint, in thousandths of a verdict: less where it is less sure that the model is to blame
 * @property bad what a bad one says
 */
enum class HintKind(val key: String, val weight: Long, val bad: Verdict) {
    /** Every tool call of an answer names a tool that the request declares, and its arguments are a JSON object. */
    TOOL_CALLS("tool_calls", 200, Verdict.FAILED),

    /** The answer is JSON, where the request asks for that. */
    STRUCTURED_OUTPUT("structured_output", 200, Verdict.FAILED),

    /** The answer follows the JSON Schema of the request; told where it is JSON at all, and the schema can be checked within bounds. */
    JSON_SCHEMA("json_schema", 200, Verdict.FAILED),

    /** The same messages do not come again within [RETRY_WINDOW]. */
    RETRIES("retries", 100, Verdict.UNDERPOWERED),

    /** The user does not ask once more what was asked before; told where a `reask` signal is read. */
    REASKS("reasks", 100, Verdict.UNDERPOWERED),

    /** The user is content; told where a `user_feedback` signal matches. */
    USER_FEEDBACK("user_feedback", 200, Verdict.UNDERPOWERED),
    ;

    companion object {
        val RETRY_WINDOW: Duration = Duration.ofMinutes(2)
    }
}

/** A [kind] of hint on one answer. */
data class Hint(val kind: HintKind, val isGood: Boolean) {
    val sums: VerdictSums
        get() = VerdictSums.of(if (isGood) Verdict.GOOD_FIT else kind.bad, kind.weight.toDouble() / VerdictSums.WHOLE)
}

/**
 * An answer that may have a next turn.
 *
 * @property asked a digest of the messages that it answers
 * @property at when it ended
 */
data class LastTurn(val key: SelectionKey, val model: String, val asked: String, val at: Instant)

/**
 * What the next request of a conversation lets on of the answer before it.
 *
 * @param asked a digest of the request's messages, as in [LastTurn]
 * @param readings of its signals; one that was not read lets nothing on
 */
fun LastTurn.hints(asked: String, readings: List<Pair<SignalRef, Reading>>, now: Instant): List<Hint> {
    val isRetry = asked == this.asked
    val seen = readings.mapNotNull { (ref, reading) -> (reading as? Reading.Seen)?.let { ref to it } }
    val reasks = seen.filter { it.first.type == "reask" }
    val feedback = seen.filter { (ref, reading) -> ref.type == "user_feedback" && reading.matched }
    return listOfNotNull(
        if (isRetry && now > at + HintKind.RETRY_WINDOW) null else Hint(HintKind.RETRIES, !isRetry),
        if (isRetry || reasks.isEmpty()) null else Hint(HintKind.REASKS, reasks.none { it.second.matched }),
        if (isRetry || feedback.isEmpty()) null else Hint(HintKind.USER_FEEDBACK, feedback.all { it.first.name.endsWith(SATISFIED) }),
    )
}

/** How a rule of `user_feedbacks` is named that a content user matches. */
private const val SATISFIED = "satisfied"

/** By which [LastTurn] and its like tell requests apart. */
fun askedDigest(facts: Facts): String =
    digestOf(*facts.messages.flatMap { listOf(it.role.name, it.text) }.toTypedArray())
