package routercluster.gateway.pipeline

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonGenerator
import com.linecorp.armeria.common.HttpData
import java.io.ByteArrayOutputStream

private val jsonFactory = JsonFactory()

/** A [text] as a chat completion that no model makes now: what a policy says, or what a model said before. */
internal class OwnText(
    private val id: String,
    private val model: String,
    private val createdSeconds: Long,
    private val text: String,
    private val promptTokens: Long = 0,
    private val completionTokens: Long = 0,
) {
    fun whole(): HttpData = HttpData.wrap(json { completion() })

    /** As the events of a stream, some words in each, as a model's come. */
    fun events(showsUsage: Boolean): HttpData {
        val out = ByteArrayOutputStream()

        fun event(content: JsonGenerator.() -> Unit) {
            out.write(DATA)
            out.write(json(content))
            out.write(END)
        }
        pieces(text).ifEmpty { listOf("") }.forEachIndexed { index, piece ->
            event { chunk(finish = null, role = "assistant".takeIf { index == 0 }, said = piece) }
        }
        event { chunk(finish = "stop") }
        if (showsUsage) {
            event {
                head("chat.completion.chunk")
                writeArrayFieldStart("choices")
                writeEndArray()
                usage()
            }
        }
        out.write(DONE)
        return HttpData.wrap(out.toByteArray())
    }

    private fun JsonGenerator.completion() {
        head("chat.completion")
        choice {
            writeObjectFieldStart("message")
            writeStringField("role", "assistant")
            writeStringField("content", text)
            writeEndObject()
            writeStringField("finish_reason", "stop")
        }
        usage()
    }

    private fun JsonGenerator.usage() {
        writeObjectFieldStart("usage")
        writeNumberField("prompt_tokens", promptTokens)
        writeNumberField("completion_tokens", completionTokens)
        writeNumberField("total_tokens", promptTokens + completionTokens)
        writeEndObject()
    }

    private fun JsonGenerator.chunk(finish: String?, role: String? = null, said: String? = null) {
        head("chat.completion.chunk")
        choice {
            writeObjectFieldStart("delta")
            role?.let { writeStringField("role", it) }
            said?.let { writeStringField("content", it) }
            writeEndObject()
            writeStringField("finish_reason", finish)
        }
    }

    private fun JsonGenerator.head(kind: String) {
        writeStringField("id", "chatcmpl-$id")
        writeStringField("object", kind)
        writeNumberField("created", createdSeconds)
        writeStringField("model", model)
    }

    private fun JsonGenerator.choice(content: JsonGenerator.() -> Unit) {
        writeArrayFieldStart("choices")
        writeStartObject()
        writeNumberField("index", 0)
        content()
        writeEndObject()
        writeEndArray()
    }

    private fun json(content: JsonGenerator.() -> Unit): ByteArray {
        val out = ByteArrayOutputStream(256)
        jsonFactory.createGenerator(out).use {
            it.writeStartObject()
            it.content()
            it.writeEndObject()
        }
        return out.toByteArray()
    }

    private companion object {
        val DATA = "data: ".toByteArray()
        val END = "\n\n".toByteArray()
        val DONE = "data: [DONE]\n\n".toByteArray()
        const val PIECE_LENGTH = 24

        /** In whole words, blanks at their ends; a run without blanks is cut between characters. */
        fun pieces(text: String): List<String> {
            val pieces = ArrayList<String>()
            var start = 0
            while (start < text.length) {
                var end = minOf(start + PIECE_LENGTH, text.length)
                if (end < text.length) {
                    val blank = text.lastIndexOf(' ', end - 1)
                    if (blank > start) {
                        end = blank + 1
                    } else if (text[end - 1].isHighSurrogate()) {
                        end++
                    }
                }
                pieces += text.substring(start, end)
                start = end
            }
            return pieces
        }
    }
}
