package routercluster.mock

import com.fasterxml.jackson.databind.JsonNode
import com.linecorp.armeria.common.HttpData
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64
import java.util.Random
import kotlin.math.sqrt

/** A PNG of one transparent pixel. */
private const val PIXEL =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

private const val DIMENSIONS = 16
private const val DIMENSIONS_MAX = 8_192

private val moderationCategories = listOf("harassment", "hate", "self-harm", "sexual", "violence")

internal fun modelList(models: List<String>): HttpData =
    json {
        raw("{\"object\":\"list\",\"data\":[")
        list(models) {
            raw("{\"id\":")
                .string(it)
                .raw(",\"object\":\"model\",\"created\":")
                .number(CREATED)
                .raw(",\"owned_by\":\"mock\"}")
        }
        raw("]}")
    }

/** Unit vectors that depend on the input's text alone, as numbers or, where asked for, as base64 of little-endian floats. */
internal fun embeddings(request: JsonNode, script: Script): HttpData {
    val input = request.path("input")
    val inputs = if (input.isArray && input.any { !it.isNumber }) input.toList() else listOf(input)
    val dimensions = request.path("dimensions").asInt(DIMENSIONS).coerceIn(1, DIMENSIONS_MAX)
    val base64 = request.path("encoding_format").textValue() == "base64"
    val tokens = script.promptTokens ?: inputs.sumOf { it.toString().length / 4 + 1 }
    return json {
        raw("{\"object\":\"list\",\"data\":[")
        list(inputs.withIndex()) { (index, text) ->
            raw("{\"object\":\"embedding\",\"index\":").number(index).raw(",\"embedding\":")
            val vector = vector(text.toString(), dimensions)
            if (base64) string(encoded(vector)) else raw("[").list(vector.asList()) { raw(it.toString()) }.raw("]")
            raw("}")
        }
        raw("],\"model\":").string(request.path("model").textValue() ?: script.models.first())
        raw(",\"usage\":{\"prompt_tokens\":")
            .number(tokens)
            .raw(",\"total_tokens\":")
            .number(tokens)
            .raw("}}")
    }
}

internal fun transcription(script: Script): HttpData {
    val text = (script.answer as? Answer.Text)?.text ?: "This is a simulated transcription."
    return json { raw("{\"text\":").string(text).raw("}") }
}

internal fun image(): HttpData =
    json {
        raw("{\"created\":")
            .number(CREATED)
            .raw(",\"data\":[{\"b64_json\":\"")
            .raw(PIXEL)
            .raw("\"}]}")
    }

/** Flags nothing. */
internal fun moderation(request: JsonNode, script: Script): HttpData {
    val input = request.path("input")
    val inputs = if (input.isArray) input.toList() else listOf(input)
    return json {
        raw("{\"id\":\"modr-mock\",\"model\":").string(request.path("model").textValue() ?: script.models.first())
        raw(",\"results\":[")
        list(inputs) {
            raw("{\"flagged\":false,\"categories\":{").list(moderationCategories) { string(it).raw(":false") }
            raw("},\"category_scores\":{").list(moderationCategories) { string(it).raw(":0.0") }.raw("}}")
        }
        raw("]}")
    }
}

private fun vector(text: String, dimensions: Int): FloatArray {
    val random = Random(text.hashCode().toLong())
    val raw = DoubleArray(dimensions) { random.nextGaussian() }
    val length = sqrt(raw.sumOf { it * it })
    return FloatArray(dimensions) { (raw[it] / length).toFloat() }
}

private fun encoded(vector: FloatArray): String {
    val bytes = ByteBuffer.allocate(vector.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
    vector.forEach(bytes::putFloat)
    return Base64.getEncoder().encodeToString(bytes.array())
}
