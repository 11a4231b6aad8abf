package routercluster.gateway.feedback

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.request.BadRequest
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** A statement in a body of many; [number] counts all lines from 1, also empty ones. */
internal class FeedbackLine(val number: Int, val bytes: ByteArray)

/** Bounds on a body of many statements, one JSON object a line. */
internal object BulkLimits {
    const val BODY_BYTES_MAX = 4L * 1024 * 1024
    const val LINES_MAX = 4_096
    const val LINE_BYTES_MAX = 64 * 1024

    /** Such bodies that a node reads or answers at the same time. */
    const val CALLS_MAX = 8

    /** Lines that are on their way to the statistics at the same time. */
    const val UNDER_WAY_MAX = 512
}

/**
 * The lines of [body] that are not empty.
 *
 * @throws BadRequest for more than [BulkLimits.LINES_MAX] of them, and for none
 */
internal fun feedbackLines(body: ByteArray): List<FeedbackLine> {
    val lines = mutableListOf<FeedbackLine>()
    var start = 0
    var number = 0
    while (start < body.size) {
        val end = (start until body.size).firstOrNull { body[it] == LINE_FEED } ?: body.size
        number++
        val line = body.copyOfRange(start, end)
        if (!line.isBlank()) lines += FeedbackLine(number, line)
        if (lines.size > BulkLimits.LINES_MAX) {
            throw BadRequest(413, "too_many_lines", "The body has more than ${BulkLimits.LINES_MAX} lines; none of them was counted.")
        }
        start = end + 1
    }
    if (lines.isEmpty()) throw BadRequest(400, "invalid_value", "The body has no line: give one JSON object a line.")
    return lines
}

private const val LINE_FEED = '\n'.code.toByte()

private fun ByteArray.isBlank() = all { it == ' '.code.toByte() || it == '\t'.code.toByte() || it == '\r'.code.toByte() }

/**
 * What becomes of each of [lines], as one JSON object a line in the same order. [BulkLimits.UNDER_WAY_MAX] are taken at a time; where some
 * of these may be lost, the rest is not tried but told the same. Never fails.
 *
 * @param take says what becomes of one line, when that is durable; never fails
 */
internal fun answerLines(lines: List<FeedbackLine>, take: (ByteArray) -> CompletionStage<FeedbackReply>): CompletionStage<String> {
    val groups = lines.chunked(BulkLimits.UNDER_WAY_MAX)
    return groups
        .fold(CompletableFuture.completedStage(Told(StringBuilder(), null))) { before, group ->
            before.thenCompose { told -> if (told.away == null) told.with(group, take) else told.without(group) }
        }.thenApply { "${it.text}" }
}

/** @property away what was said of a line that may be lost; null while none may be */
private class Told(val text: StringBuilder, val away: FeedbackReply?) {
    fun with(group: List<FeedbackLine>, take: (ByteArray) -> CompletionStage<FeedbackReply>): CompletionStage<Told> {
        val replies = group.map { take(it.bytes).toCompletableFuture() }
        return CompletableFuture.allOf(*replies.toTypedArray()).thenApply { after(group, replies.map { it.join() }) }
    }

    fun without(group: List<FeedbackLine>): CompletionStage<Told> =
        CompletableFuture.completedStage(after(group, group.map { checkNotNull(away) }))

    private fun after(group: List<FeedbackLine>, replies: List<FeedbackReply>): Told {
        group.zip(replies).forEach { (line, reply) -> text.append(mapper.writeValueAsString(reply.toJson(line.number))).append('\n') }
        return Told(text, replies.firstOrNull { it is FeedbackReply.Refused && it.error.status == UNAVAILABLE })
    }

    private companion object {
        const val UNAVAILABLE = 503
        val mapper = ObjectMapper()
    }
}

private fun FeedbackReply.toJson(line: Int): ObjectNode {
    val json = JsonNodeFactory.instance.objectNode().put("line", line)
    when (this) {
        is FeedbackReply.Accepted -> {
            json.put("status", ACCEPTED).put("repeated", repeated)
        }

        is FeedbackReply.Refused -> {
            json.put("status", error.status)
            json
                .putObject("error")
                .put("code", error.code)
                .put("message", error.message)
                .put("param", error.param)
        }
    }
    return json
}

private const val ACCEPTED = 202
