package routercluster.policy.request

import com.fasterxml.jackson.core.JsonToken
import routercluster.policy.Limits

private const val MODEL_LENGTH_MAX = 512
private const val METADATA_ENTRIES_MAX = 32
private const val METADATA_KEY_BYTES_MAX = 128
private const val METADATA_VALUE_BYTES_MAX = 1_024

/**
 * Reads the body of a chat completions request in one pass, without a tree: the whole is checked to be strict JSON in UTF-8, but
 * only what routing needs is decoded. Fields that this version does not know are left for the upstream to judge.
 *
 * @throws BadRequest 413 where the body is over [limits]; 400 with one of the codes `invalid_json`, `invalid_utf8`,
 *   `duplicate_key`, `json_too_deep`, `too_many_keys`, `too_many_messages`, `missing_field`, `invalid_type`, `invalid_value`
 */
fun parseChat(bytes: ByteArray, limits: Limits): ChatBody = readObject(bytes, limits) { ChatReader(bytes, it, limits).read() }

/** A `model` value: on the cursor, a string that is neither empty nor absurdly long. */
internal fun JsonCursor.model(): String {
    if (token != JsonToken.VALUE_STRING) throw invalidType("model", "a string")
    return checkedModel(text)
}

internal fun checkedModel(model: String): String {
    if (model.isBlank()) throw invalidValue("model", "not be empty")
    if (model.length > MODEL_LENGTH_MAX) throw invalidValue("model", "have at most $MODEL_LENGTH_MAX characters")
    return model
}

/** A Boolean value; null counts as false, as OpenAI's API has it. */
internal fun JsonCursor.flag(param: String): Boolean =
    when (token) {
        JsonToken.VALUE_TRUE -> true
        JsonToken.VALUE_FALSE, JsonToken.VALUE_NULL -> false
        else -> throw invalidType(param, "true or false")
    }

/** State of one pass over one body. */
private class ChatReader(private val bytes: ByteArray, private val json: JsonCursor, private val limits: Limits) {
    private var model: String? = null
    private var stream = false
    private var saysStreamUsage = false
    private var toolCount = 0
    private var metadata = emptyMap<String, String>()
    private var messages: MessageList? = null
    private val state = ProviderState()

    fun read(): ChatBody {
        val spans = json.members { field(it) }
        val read = messages ?: throw missingField("messages")
        return ChatBody(
            bytes = bytes,
            model = model ?: throw missingField("model"),
            stream = stream,
            saysStreamUsage = saysStreamUsage,
            fields = spans.values,
            members = spans.members,
            messageSpans = read.spans,
            messages = read.messages,
            toolCount = toolCount,
            metadata = metadata,
            hasProviderState = state.isFound || read.hasProviderState,
        )
    }

    private fun field(name: String) {
        when (name) {
            "model" -> model = json.model()
            "messages" -> messages = readMessages(json, limits.messagesMax)
            "stream" -> stream = json.flag("stream")
            "stream_options" -> saysStreamUsage = saysUsage()
            "tools", "functions" -> toolCount += json.elementCount()
            "metadata" -> metadata = metadata()
            else -> state.lookAtTop(json, name)
        }
    }

    private fun saysUsage(): Boolean {
        if (json.token != JsonToken.START_OBJECT) return json.token != JsonToken.VALUE_NULL
        var says = false
        json.eachMember { if (it == "include_usage") says = json.token != JsonToken.VALUE_FALSE && json.token != JsonToken.VALUE_NULL }
        return says
    }

    private fun metadata(): Map<String, String> {
        if (json.token == JsonToken.VALUE_NULL) return emptyMap()
        if (json.token != JsonToken.START_OBJECT) throw invalidType("metadata", "an object with string values")
        val entries = LinkedHashMap<String, String>()
        json.eachMember { key ->
            if (json.token != JsonToken.VALUE_STRING) throw invalidType("metadata", "an object with string values")
            if (entries.size == METADATA_ENTRIES_MAX) throw invalidValue("metadata", "have at most $METADATA_ENTRIES_MAX entries")
            entries[bounded(key, METADATA_KEY_BYTES_MAX, "keys")] = bounded(json.text, METADATA_VALUE_BYTES_MAX, "values")
        }
        return entries
    }

    private fun bounded(text: String, bytesMax: Int, what: String): String {
        if (text.length > bytesMax || text.toByteArray().size > bytesMax) {
            throw invalidValue("metadata", "have $what of at most $bytesMax bytes")
        }
        return text
    }
}

/** Elements of an array; anything else has none. */
internal fun JsonCursor.elementCount(): Int {
    var count = 0
    if (token == JsonToken.START_ARRAY) eachElement { count++ }
    return count
}
