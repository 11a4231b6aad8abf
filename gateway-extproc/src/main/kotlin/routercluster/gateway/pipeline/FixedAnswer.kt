package routercluster.gateway.pipeline

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonGenerator
import com.linecorp.armeria.common.HttpData
import java.io.ByteArrayOutputStream

private val jsonFactory = JsonFactory()

/** [text] as a chat completion that no model made: whole, or as the events of a stream. */
fun fixedAnswer(id: String, model: String, createdSeconds: Long, text: String, stream: Boolean): HttpData {
    if (!stream) return HttpData.wrap(json { completion(id, model, createdSeconds, text) })
    val out = ByteArrayOutputStream()
    listOf<JsonGenerator.() -> Unit>(
        {
            chunk(id, model, createdSeconds, finish = null) {
                writeStringField("role", "assistant")
                writeStringField("content", text)
            }
        },
        { chunk(id, model, createdSeconds, finish = "stop") { } },
    ).forEach { event ->
        out.write("data: ".toByteArray())
        out.write(json(event))
        out.write("\n\n".toByteArray())
    }
    out.write("data: [DONE]\n\n".toByteArray())
    return HttpData.wrap(out.toByteArray())
}

private fun JsonGenerator.completion(id: String, model: String, createdSeconds: Long, text: String) {
    head(id, "chat.completion", model, createdSeconds)
    choice {
        writeObjectFieldStart("message")
        writeStringField("role", "assistant")
        writeStringField("content", text)
        writeEndObject()
        writeStringField("finish_reason", "stop")
    }
    writeObjectFieldStart("usage")
    listOf("prompt_tokens", "completion_tokens", "total_tokens").forEach { writeNumberField(it, 0) }
    writeEndObject()
}

private fun JsonGenerator.chunk(id: String, model: String, createdSeconds: Long, finish: String?, delta: JsonGenerator.() -> Unit) {
    head(id, "chat.completion.chunk", model, createdSeconds)
    choice {
        writeObjectFieldStart("delta")
        delta()
        writeEndObject()
        writeStringField("finish_reason", finish)
    }
}

private fun JsonGenerator.head(id: String, kind: String, model: String, createdSeconds: Long) {
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
