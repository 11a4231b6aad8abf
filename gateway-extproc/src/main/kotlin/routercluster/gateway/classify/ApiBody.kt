package routercluster.gateway.classify

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import routercluster.policy.Limits
import routercluster.policy.config.nearestName
import routercluster.policy.request.BadRequest
import routercluster.policy.request.checkObject

/** Bounds on one call of the API. Characters are code points. */
internal object ApiLimits {
    const val BODY_BYTES_MAX = 2L * 1024 * 1024
    const val TEXTS_MAX = 256
    const val TEXT_CHARACTERS_MAX = 65_536

    /** Of all texts together: what a call may keep guards waiting that are asked meanwhile. */
    const val CHARACTERS_MAX = 262_144
    const val NAME_CHARACTERS_MAX = 512

    /** Calls that are being answered. */
    const val CALLS_MAX = 64
}

/**
 * A JSON object that an endpoint was sent. Fields are taken by name; one that is null counts as absent. [close] refuses those that
 * nobody took, so that a misspelt option is not passed over. Errors name the field and never quote a text.
 */
internal class ApiBody private constructor(private val json: JsonNode, private val prefix: String, private val counter: Counter) {
    /** Characters of the texts taken so far. */
    private class Counter(var characters: Int = 0)

    private val taken = LinkedHashSet<String>()
    private val sections = mutableListOf<ApiBody>()

    /** Whether it is there, be it null. */
    fun has(field: String): Boolean = json.has(field)

    fun node(field: String): JsonNode? {
        taken += field
        return json.get(field)?.takeUnless(JsonNode::isNull)
    }

    /** A text to be read, which is not empty. */
    fun text(field: String): String = readText(node(field) ?: throw missing(field), prefix + field)

    /** One to [ApiLimits.TEXTS_MAX] texts. */
    fun texts(field: String): List<String> = elements(field).mapIndexed { index, it -> readText(it, "$prefix$field[$index]") }

    /** A text, or a list of texts. */
    fun textOrTexts(field: String): List<String> = if (node(field)?.isTextual == true) listOf(text(field)) else texts(field)

    fun elements(field: String): List<JsonNode> {
        val list = node(field) ?: throw missing(field)
        if (!list.isArray) throw wrongType(prefix + field, "a list")
        if (list.size() !in 1..ApiLimits.TEXTS_MAX) throw wrong(prefix + field, "have 1 to ${ApiLimits.TEXTS_MAX} elements")
        return list.toList()
    }

    fun readText(node: JsonNode, place: String): String {
        if (!node.isTextual) throw wrongType(place, "a text")
        return node.textValue().also { count(it, place) }
    }

    /** Counts a text that is to be read against the bounds. */
    fun count(text: String, place: String) {
        val length = text.codePointCount(0, text.length)
        if (length !in 1..ApiLimits.TEXT_CHARACTERS_MAX) throw wrong(place, "have 1 to ${ApiLimits.TEXT_CHARACTERS_MAX} characters")
        counter.characters += length
        if (counter.characters > ApiLimits.CHARACTERS_MAX) {
            throw BadRequest(413, "texts_too_long", "The texts have more than ${ApiLimits.CHARACTERS_MAX} characters together.", place)
        }
    }

    /** A short text that names something. */
    fun name(field: String): String? = node(field)?.let { readName(it, prefix + field) }

    /** One to [ApiLimits.TEXTS_MAX] names. */
    fun names(field: String): List<String>? {
        node(field) ?: return null
        return elements(field).mapIndexed { index, it -> readName(it, "$prefix$field[$index]") }
    }

    fun flag(field: String): Boolean? {
        val value = node(field) ?: return null
        if (!value.isBoolean) throw wrongType(prefix + field, "true or false")
        return value.booleanValue()
    }

    /** A number from 0 to 1. */
    fun fraction(field: String): Double? {
        val value = node(field) ?: return null
        if (!value.isNumber) throw wrongType(prefix + field, "a number")
        return value.doubleValue().takeIf { it in 0.0..1.0 } ?: throw wrong(prefix + field, "be from 0 to 1")
    }

    /** A whole number from 1 to [most]. */
    fun count(field: String, most: Int): Int? {
        val value = node(field) ?: return null
        val number = value.doubleValue()
        if (!value.isNumber || number != Math.rint(number)) throw wrongType(prefix + field, "a whole number")
        return number.takeIf { it in 1.0..most.toDouble() }?.toInt() ?: throw wrong(prefix + field, "be from 1 to $most")
    }

    fun <T> oneOf(field: String, known: Map<String, T>): T? {
        val value = node(field) ?: return null
        if (!value.isTextual) throw wrongType(prefix + field, "a text")
        return known[value.textValue()] ?: throw wrong(prefix + field, "be one of ${known.keys.joinToString()}")
    }

    /** The object in [field], an empty one where there is none. */
    fun section(field: String): ApiBody {
        val value = node(field) ?: JsonNodeFactory.instance.objectNode()
        if (!value.isObject) throw wrongType(prefix + field, "an object")
        return ApiBody(value, "$prefix$field.", counter).also { sections += it }
    }

    /** Refuses what is left over. */
    fun close() {
        sections.forEach(ApiBody::close)
        val unknown = json.fieldNames().asSequence().firstOrNull { it !in taken } ?: return
        val nearest = nearestName(unknown, taken)?.let { "; did you mean `$it`?" }.orEmpty()
        val message = "A field is unknown here; accepted: ${taken.joinToString { "`$it`" }}$nearest"
        throw BadRequest(400, "unknown_field", message, prefix.removeSuffix(".").ifEmpty { null })
    }

    private fun readName(node: JsonNode, place: String): String {
        if (!node.isTextual) throw wrongType(place, "a text")
        val name = node.textValue()
        val length = name.codePointCount(0, name.length)
        if (length !in 1..ApiLimits.NAME_CHARACTERS_MAX) throw wrong(place, "have 1 to ${ApiLimits.NAME_CHARACTERS_MAX} characters")
        return name
    }

    private fun missing(field: String) = BadRequest(400, "missing_field", "`$prefix$field` is required.", prefix + field)

    companion object {
        private val mapper = ObjectMapper()
        private val limits = Limits(bodyBytesMax = ApiLimits.BODY_BYTES_MAX)

        /** @throws BadRequest for what is no strict JSON object */
        fun of(bytes: ByteArray): ApiBody {
            checkObject(bytes, limits)
            return ApiBody(mapper.readTree(bytes), "", Counter())
        }

        fun wrong(place: String, expected: String) = BadRequest(400, "invalid_value", "`$place` must $expected.", place)

        fun wrongType(place: String, expected: String) = BadRequest(400, "invalid_type", "`$place` must be $expected.", place)
    }
}
