package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.request.BadRequest
import routercluster.policy.request.invalidType
import routercluster.policy.request.invalidValue
import routercluster.policy.request.missingField

/** What the value of a field must be; null is taken for absent everywhere. */
internal typealias FieldCheck = (param: String, value: JsonNode) -> Unit

private const val BAD_REQUEST = 400

internal fun unsupported(param: String, what: String) = BadRequest(
    BAD_REQUEST,
    "unsupported_parameter",
    "$what is not supported here.",
    param,
)

internal val aText: FieldCheck = { param, value -> if (!value.isTextual) throw invalidType(param, "a string") }

internal val aFlag: FieldCheck = { param, value -> if (!value.isBoolean) throw invalidType(param, "true or false") }

internal val anObject: FieldCheck = { param, value -> if (!value.isObject) throw invalidType(param, "an object") }

internal val aList: FieldCheck = { param, value -> if (!value.isArray) throw invalidType(param, "an array") }

private val refused: FieldCheck = { param, _ -> throw unsupported(param, "`$param`") }

internal fun oneOf(vararg words: String): FieldCheck =
    { param, value -> if (value.textValue() !in words) throw invalidValue(param, "be one of ${words.joinToString { "`$it`" }}") }

private fun numberIn(range: ClosedFloatingPointRange<Double>): FieldCheck =
    { param, value ->
        if (!value.isNumber) throw invalidType(param, "a number")
        if (value.doubleValue() !in range) throw invalidValue(param, "be between ${range.start} and ${range.endInclusive}")
    }

private fun wholeFrom(least: Int, most: Int = Int.MAX_VALUE): FieldCheck =
    { param, value ->
        if (!value.isIntegralNumber || !value.canConvertToInt()) throw invalidType(param, "a whole number")
        if (value.intValue() !in
            least..most
        ) {
            throw invalidValue(param, if (most == Int.MAX_VALUE) "be at least $least" else "be $least to $most")
        }
    }

internal fun fieldsOf(checks: Map<String, FieldCheck>): FieldCheck =
    { param, value ->
        anObject(param, value)
        checkFields(value, checks, "$param.")
    }

/** Refuses unknown members of [node], as OpenAI does: whoever misspells a field must learn of it. */
internal fun checkFields(node: JsonNode, checks: Map<String, FieldCheck>, prefix: String = "") {
    for ((name, value) in node.properties()) {
        val param = prefix + name
        val check = checks[name] ?: throw BadRequest(BAD_REQUEST, "unknown_parameter", "`$param` is no parameter of this call.", param)
        if (!value.isNull) check(param, value)
    }
}

private val textLists: FieldCheck = { param, value ->
    aList(param, value)
    if (value.any { !it.isTextual }) throw invalidType(param, "an array of strings")
}

private val conversation: FieldCheck = { param, value ->
    if (!value.isTextual && value.path("id").textValue() == null) throw invalidType(param, "the id of a conversation, or an object with it")
}

private val reasoning =
    fieldsOf(
        mapOf(
            "effort" to oneOf("none", "minimal", "low", "medium", "high", "xhigh", "max"),
            "summary" to oneOf("auto", "concise", "detailed"),
            "generate_summary" to oneOf("auto", "concise", "detailed"),
        ),
    )

private val text = fieldsOf(mapOf("format" to { param, value -> checkFormat(param, value) }, "verbosity" to oneOf("low", "medium", "high")))

private fun checkFormat(param: String, value: JsonNode) {
    anObject(param, value)
    oneOf("text", "json_object", "json_schema")("$param.type", value.path("type"))
    if (value.type != "json_schema") return
    val checks = mapOf("type" to aText, "name" to aText, "schema" to anObject, "description" to aText, "strict" to aFlag)
    checkFields(value, checks, "$param.")
    for (name in listOf("name", "schema")) value.given(name) ?: throw missingField("$param.$name")
}

/** Every field of the request, and what it may hold. What stands here and is `refused` exists at OpenAI and needs what we do not have. */
internal val requestFields: Map<String, FieldCheck> =
    mapOf(
        "access_programs" to refused,
        "background" to aFlag,
        "context_management" to refused,
        "conversation" to conversation,
        "image" to refused,
        "include" to textLists,
        "input" to { param, value -> if (!value.isTextual && !value.isArray) throw invalidType(param, "a string or an array of items") },
        "instructions" to aText,
        "max_output_tokens" to wholeFrom(1),
        "max_tool_calls" to wholeFrom(1),
        "metadata" to { param, value -> readMetadata(param, value) },
        "model" to aText,
        "moderation" to refused,
        "parallel_tool_calls" to aFlag,
        "previous_response_id" to aText,
        "prompt" to refused,
        "prompt_cache_key" to aText,
        "prompt_cache_options" to anObject,
        "prompt_cache_retention" to oneOf("in_memory", "24h"),
        "reasoning" to reasoning,
        "safety_identifier" to aText,
        "service_tier" to aText,
        "store" to aFlag,
        "stream" to aFlag,
        "stream_options" to fieldsOf(mapOf("include_obfuscation" to aFlag)),
        "temperature" to numberIn(0.0..2.0),
        "text" to text,
        "tool_choice" to { param, value -> chatToolChoice(param, value) },
        "tools" to { param, value -> chatTools(param, value) },
        "top_logprobs" to wholeFrom(0, 20),
        "top_p" to numberIn(0.0..1.0),
        "truncation" to oneOf("auto", "disabled"),
        "user" to aText,
    )

/** The metadata in [value], within OpenAI's bounds. */
internal fun readMetadata(param: String, value: JsonNode): Map<String, String> {
    anObject(param, value)
    val max = ResponseBounds
    if (value.size() > max.METADATA_ENTRIES_MAX) throw invalidValue(param, "have at most ${max.METADATA_ENTRIES_MAX} entries")
    return (value as ObjectNode).properties().associate { (key, text) ->
        if (!text.isTextual) throw invalidType(param, "an object with string values")
        if (key.length >
            max.METADATA_KEY_LENGTH_MAX
        ) {
            throw invalidValue(param, "have keys of at most ${max.METADATA_KEY_LENGTH_MAX} characters")
        }
        if (text.textValue().length > max.METADATA_VALUE_LENGTH_MAX) {
            throw invalidValue(param, "have values of at most ${max.METADATA_VALUE_LENGTH_MAX} characters")
        }
        key to text.textValue()
    }
}
