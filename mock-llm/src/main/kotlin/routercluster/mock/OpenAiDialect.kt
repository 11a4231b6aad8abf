package routercluster.mock

import com.linecorp.armeria.common.HttpData

/** `created` of every object: a fixed moment, so that equal requests get equal answers. */
internal const val CREATED = 1_700_000_000

private val done = HttpData.ofUtf8("data: [DONE]\n\n")

internal fun openAiError(status: Int, message: String): HttpData =
    json {
        raw("{\"error\":{\"message\":").string(message)
        raw(",\"type\":")
            .string(openAiErrorType(status))
            .raw(",\"param\":null,\"code\":")
            .string(openAiErrorCode(status))
            .raw("}}")
    }

private fun openAiErrorType(status: Int): String =
    when (status) {
        401 -> "authentication_error"
        429 -> "rate_limit_error"
        in 400..499 -> "invalid_request_error"
        else -> "server_error"
    }

private fun openAiErrorCode(status: Int): String =
    when (status) {
        401 -> "invalid_api_key"
        404 -> "not_found"
        429 -> "rate_limit_exceeded"
        in 400..499 -> "invalid_request"
        else -> "server_error"
    }

private fun JsonText.usage(usage: Usage) {
    raw("{\"prompt_tokens\":").number(usage.prompt)
    raw(",\"completion_tokens\":").number(usage.completion)
    raw(",\"total_tokens\":").number(usage.prompt + usage.completion)
    raw(",\"prompt_tokens_details\":{\"cached_tokens\":").number(usage.cached).raw("}}")
}

private fun finish(answer: Generated): String =
    when {
        answer.toolCalls.isNotEmpty() -> "tool_calls"
        answer.cutShort -> "length"
        else -> "stop"
    }

/** `/v1/chat/completions` */
internal object ChatDialect : Dialect {
    override fun whole(answer: Generated): HttpData =
        json {
            head(answer, "chat.completion")
            raw("\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":")
            if (answer.toolCalls.isEmpty()) {
                string(answer.pieces.joinToString(""))
            } else {
                raw("null,\"tool_calls\":[").list(answer.toolCalls.withIndex()) { (i, call) -> toolCall(answer, i, call, "") }.raw("]")
            }
            raw(",\"refusal\":null},\"logprobs\":null,\"finish_reason\":").string(finish(answer)).raw("}]")
            answer.usage?.let { raw(",\"usage\":").usage(it) }
            raw("}")
        }

    override fun frames(answer: Generated, asked: Asked): Sequence<Frame> =
        sequence {
            // Everything but the delta is the same in every chunk.
            val head = JsonText().apply { head(answer, "chat.completion.chunk") }.toString()
            val withUsage = asked.includeUsage && answer.usage != null
            val tail = if (withUsage) ",\"usage\":null}" else "}"

            fun chunk(finish: String?, delta: JsonText.() -> Unit): HttpData {
                val text = JsonText(head.length + 128).raw(head).raw("\"choices\":[{\"index\":0,\"delta\":{").apply(delta)
                text.raw("},\"logprobs\":null,\"finish_reason\":")
                if (finish == null) text.raw("null") else text.string(finish)
                return event(text.raw("}]").raw(tail))
            }
            yield(Frame(chunk(null) { raw("\"role\":\"assistant\",\"content\":\"\"") }, 0))
            if (answer.toolCalls.isEmpty()) {
                answer.pieces.forEach { piece -> yield(Frame(chunk(null) { raw("\"content\":").string(piece) }, 1)) }
            } else {
                answer.toolCalls.forEachIndexed { i, call ->
                    yield(Frame(chunk(null) { openToolCall(answer, i, call) }, 1))
                    call.arguments.chunked(ARGUMENT_CHARS).forEach { part ->
                        yield(Frame(chunk(null) { toolArguments(i, part) }, 1))
                    }
                }
            }
            yield(Frame(chunk(finish(answer)) { }, 0))
            if (withUsage) {
                val usage = JsonText().raw(head).raw("\"choices\":[],\"usage\":").apply { usage(answer.usage) }
                yield(Frame(event(usage.raw("}")), 0))
            }
            yield(Frame(done, 0))
        }

    override fun error(status: Int, message: String): HttpData = openAiError(status, message)

    private fun JsonText.head(answer: Generated, kind: String) {
        raw("{\"id\":\"chatcmpl-")
            .raw(answer.id)
            .raw("\",\"object\":\"")
            .raw(kind)
            .raw("\",\"created\":")
            .number(CREATED)
        raw(",\"model\":").string(answer.model).raw(",\"system_fingerprint\":\"fp_mock\",")
    }

    private fun JsonText.openToolCall(answer: Generated, index: Int, call: ToolCall) {
        raw("\"tool_calls\":[").toolCall(answer, index, call.copy(arguments = ""), "\"index\":$index,")
        raw("]")
    }

    private fun JsonText.toolArguments(index: Int, part: String) {
        raw("\"tool_calls\":[{\"index\":")
            .number(index)
            .raw(",\"function\":{\"arguments\":")
            .string(part)
            .raw("}}]")
    }

    private fun JsonText.toolCall(answer: Generated, index: Int, call: ToolCall, before: String) {
        raw("{")
            .raw(before)
            .raw("\"id\":\"call_")
            .raw(answer.id)
            .raw("_")
            .number(index)
        raw("\",\"type\":\"function\",\"function\":{\"name\":").string(call.name)
        raw(",\"arguments\":").string(call.arguments).raw("}}")
    }

    private const val ARGUMENT_CHARS = 8
}

/** `/v1/completions` */
internal object CompletionDialect : Dialect {
    override fun whole(answer: Generated): HttpData =
        json {
            choice(answer, answer.pieces.joinToString(""), finish(answer))
            answer.usage?.let { raw(",\"usage\":").usage(it) }
            raw("}")
        }

    override fun frames(answer: Generated, asked: Asked): Sequence<Frame> =
        sequence {
            answer.pieces.forEach { yield(Frame(event(JsonText().apply { choice(answer, it, null) }.raw("}")), 1)) }
            yield(Frame(event(JsonText().apply { choice(answer, "", finish(answer)) }.raw("}")), 0))
            if (asked.includeUsage && answer.usage != null) {
                val usage = JsonText().apply { head(answer) }.raw("\"choices\":[],\"usage\":").apply { usage(answer.usage) }
                yield(Frame(event(usage.raw("}")), 0))
            }
            yield(Frame(done, 0))
        }

    override fun error(status: Int, message: String): HttpData = openAiError(status, message)

    private fun JsonText.head(answer: Generated) {
        raw("{\"id\":\"cmpl-").raw(answer.id).raw("\",\"object\":\"text_completion\",\"created\":").number(CREATED)
        raw(",\"model\":").string(answer.model).raw(",")
    }

    private fun JsonText.choice(answer: Generated, text: String, finish: String?) {
        head(answer)
        raw("\"choices\":[{\"index\":0,\"text\":").string(text).raw(",\"logprobs\":null,\"finish_reason\":")
        if (finish == null) raw("null") else string(finish)
        raw("}]")
    }
}
