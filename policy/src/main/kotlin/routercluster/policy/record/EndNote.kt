package routercluster.policy.record

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.outcomes.VerdictSums
import java.time.Duration

/**
 * How the answer to a request ended.
 *
 * @property status HTTP status that the client was sent
 * @property error stable code of what went wrong; null for an answer that was served to its end
 * @property firstByte from the request's arrival to the first byte of the answer's body; null where there was none
 * @property total from the request's arrival to the end of the answer
 */
data class EndNote(val status: Int, val error: String?, val firstByte: Duration?, val total: Duration) {
    val isGood: Boolean get() = error == null && status < BAD_STATUS_MIN

    private companion object {
        const val BAD_STATUS_MIN = 400
    }
}

/** Times are milliseconds with fractions. */
internal fun EndNote.toJson(): ObjectNode =
    JsonNodeFactory.instance
        .objectNode()
        .put("status", status)
        .put("error", error)
        .put("first_byte_ms", firstByte?.let(::millis))
        .put("total_ms", millis(total))

internal fun endNote(json: Fields) =
    EndNote(
        json.int("status"),
        json.textOrNull("error"),
        json.numberOrNull("first_byte_ms")?.let(::duration),
        duration(json.number("total_ms")),
    )

/** In thousandths of a verdict. */
internal fun VerdictSums.toJson(): ObjectNode =
    JsonNodeFactory.instance
        .objectNode()
        .put("good_fit", goodFit)
        .put("underpowered", underpowered)
        .put("overprovisioned", overprovisioned)
        .put("failed", failed)

internal fun verdicts(json: Fields) =
    VerdictSums(json.long("good_fit"), json.long("underpowered"), json.long("overprovisioned"), json.long("failed"))
