package routercluster.mock

import com.linecorp.armeria.common.HttpData

/** `/v1/messages` of Anthropic. */
internal object AnthropicDialect : Dialect {
    override fun whole(answer: Generated): HttpData =
        json {
            message(answer) {
                if (answer.toolCalls.isEmpty()) {
                    raw("{\"type\":\"text\",\"text\":").string(answer.pieces.joinToString("")).raw("}")
                } else {
                    list(answer.toolCalls.withIndex()) { (i, call) -> toolUse(answer, i, call.name, call.arguments) }
                }
            }
            raw(",\"stop_reason\":").string(stopReason(answer)).raw(",\"stop_sequence\":null")
            usage(answer.usage?.completion ?: 0, answer)
            raw("}")
        }

    override fun frames(answer: Generated, asked: Asked): Sequence<Frame> =
        sequence {
            yield(Frame(opening(answer), 0))
            if (answer.toolCalls.isEmpty()) {
                yield(block(0) { raw("{\"type\":\"text\",\"text\":\"\"}") })
                answer.pieces.forEach { yield(delta(0) { raw("{\"type\":\"text_delta\",\"text\":").string(it).raw("}") }) }
                yield(blockEnd(0))
            } else {
                answer.toolCalls.forEachIndexed { i, call ->
                    yield(block(i) { toolUse(answer, i, call.name, "{}") })
                    call.arguments.chunked(ARGUMENT_CHARS).forEach { part ->
                        yield(delta(i) { raw("{\"type\":\"input_json_delta\",\"partial_json\":").string(part).raw("}") })
                    }
                    yield(blockEnd(i))
                }
            }
            yield(Frame(closing(answer), 0))
            yield(Frame(event(JsonText().raw("{\"type\":\"message_stop\"}"), "message_stop"), 0))
        }

    override fun error(status: Int, message: String): HttpData =
        json {
            raw("{\"type\":\"error\",\"error\":{\"type\":")
                .string(errorType(status))
                .raw(",\"message\":")
                .string(message)
                .raw("}}")
        }

    private fun errorType(status: Int): String =
        when (status) {
            401 -> "authentication_error"
            403 -> "permission_error"
            404 -> "not_found_error"
            413 -> "request_too_large"
            429 -> "rate_limit_error"
            529 -> "overloaded_error"
            in 400..499 -> "invalid_request_error"
            else -> "api_error"
        }

    private fun stopReason(answer: Generated): String =
        when {
            answer.toolCalls.isNotEmpty() -> "tool_use"
            answer.cutShort -> "max_tokens"
            else -> "end_turn"
        }

    private fun opening(answer: Generated): HttpData =
        event(
            JsonText().raw("{\"type\":\"message_start\",\"message\":").apply {
                message(answer) { }
                raw(",\"stop_reason\":null,\"stop_sequence\":null")
                usage(1, answer)
                raw("}}")
            },
            "message_start",
        )

    private fun closing(answer: Generated): HttpData =
        event(
            JsonText().raw("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":").string(stopReason(answer)).apply {
                raw(",\"stop_sequence\":null}")
                answer.usage?.let { raw(",\"usage\":{\"output_tokens\":").number(it.completion).raw("}") }
                raw("}")
            },
            "message_delta",
        )

    private fun block(index: Int, content: JsonText.() -> Unit): Frame {
        val text = JsonText().raw("{\"type\":\"content_block_start\",\"index\":").number(index).raw(",\"content_block\":")
        return Frame(event(text.apply(content).raw("}"), "content_block_start"), 0)
    }

    private fun delta(index: Int, content: JsonText.() -> Unit): Frame {
        val text = JsonText().raw("{\"type\":\"content_block_delta\",\"index\":").number(index).raw(",\"delta\":")
        return Frame(event(text.apply(content).raw("}"), "content_block_delta"), 1)
    }

    private fun blockEnd(index: Int): Frame =
        Frame(event(JsonText().raw("{\"type\":\"content_block_stop\",\"index\":").number(index).raw("}"), "content_block_stop"), 0)

    private fun JsonText.message(answer: Generated, content: JsonText.() -> Unit) {
        raw("{\"id\":\"msg_").raw(answer.id).raw("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":").string(answer.model)
        raw(",\"content\":[").apply(content).raw("]")
    }

    /** Anthropic counts cached input apart from `input_tokens`. */
    private fun JsonText.usage(output: Int, answer: Generated) {
        val usage = answer.usage ?: return
        raw(",\"usage\":{\"input_tokens\":").number((usage.prompt - usage.cached).coerceAtLeast(0))
        raw(",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":").number(usage.cached)
        raw(",\"output_tokens\":").number(output).raw("}")
    }

    private fun JsonText.toolUse(answer: Generated, index: Int, name: String, input: String) {
        raw("{\"type\":\"tool_use\",\"id\":\"toolu_").raw(answer.id).raw("_").number(index)
        raw("\",\"name\":")
            .string(name)
            .raw(",\"input\":")
            .raw(input)
            .raw("}")
    }

    private const val ARGUMENT_CHARS = 8
}
