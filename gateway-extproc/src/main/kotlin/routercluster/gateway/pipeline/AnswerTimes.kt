package routercluster.gateway.pipeline

import routercluster.policy.FailureClass
import routercluster.policy.answer.Usage
import routercluster.policy.outcomes.AnswerOutcome
import java.time.Duration

/**
 * The times of an answer that was asked for at [startNanos] and whose body began at [firstByteNanos]; null where it had no body.
 *
 * @param stream whether the time before the first byte is that of the first token alone, and not of all
 */
internal fun answerOutcome(startNanos: Long, firstByteNanos: Long, endNanos: Long, stream: Boolean, usage: Usage?): AnswerOutcome? {
    if (firstByteNanos == 0L) return null
    val tokens = usage?.completionTokens ?: 0
    val perTokenNanos =
        when {
            tokens < 2 -> null
            stream -> (endNanos - firstByteNanos) / (tokens - 1)
            else -> (endNanos - startNanos) / tokens
        }
    return AnswerOutcome(
        firstByte = Duration.ofNanos(firstByteNanos - startNanos),
        total = Duration.ofNanos(endNanos - startNanos),
        perToken = perTokenNanos?.let(Duration::ofNanos),
        promptTokens = usage?.promptTokens ?: 0,
        completionTokens = tokens,
    )
}

/** What an answer's end by [code] says of the model that gave it; null where it is not the model's failure. */
internal fun brokeAs(code: String?): FailureClass? =
    when (code) {
        "upstream_stream_cut", "upstream_stream_failed" -> FailureClass.CONNECT
        "upstream_stream_idle", "deadline_exceeded" -> FailureClass.TIMEOUT
        "upstream_error" -> FailureClass.SERVER_ERROR
        else -> null
    }
