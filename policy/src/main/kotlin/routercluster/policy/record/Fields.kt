package routercluster.policy.record

import com.fasterxml.jackson.databind.JsonNode
import java.time.Instant
import java.time.format.DateTimeParseException

/** One JSON object of a [whole], and the [path] to it. Every getter throws [BadRecord] for what is missing or of the wrong type. */
internal class Fields(private val json: JsonNode, private val path: String, private val whole: String = "a decision record") {
    fun text(name: String): String = textOrNull(name) ?: fail(name, "a string")

    fun textOrNull(name: String): String? = value(name)?.let { if (it.isTextual) it.textValue() else fail(name, "a string") }

    fun number(name: String): Double = numberOrNull(name) ?: fail(name, "a number")

    fun numberOrNull(name: String): Double? = value(name)?.let { if (it.isNumber) it.doubleValue() else fail(name, "a number") }

    fun int(name: String): Int = intOrNull(name) ?: fail(name, "a whole number")

    fun intOrNull(name: String): Int? =
        value(name)?.let { if (it.isIntegralNumber && it.canConvertToInt()) it.intValue() else fail(name, "a whole number") }

    fun long(name: String): Long = longOrNull(name) ?: fail(name, "a whole number")

    fun longOrNull(name: String): Long? =
        value(name)?.let { if (it.isIntegralNumber && it.canConvertToLong()) it.longValue() else fail(name, "a whole number") }

    fun flag(name: String): Boolean = value(name)?.let { if (it.isBoolean) it.booleanValue() else null } ?: fail(name, "true or false")

    fun time(name: String): Instant =
        try {
            Instant.parse(text(name))
        } catch (_: DateTimeParseException) {
            fail(name, "a time such as 2026-01-31T12:00:00Z")
        }

    fun <E : Enum<E>> oneOf(name: String, cases: List<E>): E {
        val text = text(name)
        return cases.firstOrNull { it.name.lowercase() == text } ?: fail(name, cases.joinToString(", ") { it.name.lowercase() })
    }

    fun inner(name: String): Fields? = value(name)?.let { if (it.isObject) Fields(it, "$path$name.", whole) else fail(name, "an object") }

    /** Every member, each of which must be an object. */
    fun inners(): Map<String, Fields> = json.fieldNames().asSequence().associateWith { inner(it) ?: fail(it, "an object") }

    /** A list of objects; absent is empty. */
    fun <T> list(name: String, read: (Fields) -> T): List<T> =
        items(name).mapIndexed { index, item ->
            if (item.isObject) read(Fields(item, "$path$name[$index].", whole)) else fail(name, "a list of objects")
        }

    /** An object of numbers; absent is empty. */
    fun numbers(name: String): Map<String, Double> =
        inner(name)?.let { fields -> fields.names().associateWith(fields::number) }.orEmpty()

    fun names(): List<String> = json.fieldNames().asSequence().toList()

    fun texts(name: String): List<String> = items(name).map { if (it.isTextual) it.textValue() else fail(name, "a list of strings") }

    /** A list of whole numbers; absent is empty. */
    fun longs(name: String): List<Long> =
        items(name).map { if (it.isIntegralNumber && it.canConvertToLong()) it.longValue() else fail(name, "a list of whole numbers") }

    fun fail(name: String, expected: String): Nothing = throw BadRecord("$whole's $path$name must be $expected")

    private fun items(name: String): List<JsonNode> = value(name)?.let { if (it.isArray) it.toList() else fail(name, "a list") }.orEmpty()

    private fun value(name: String): JsonNode? = json.get(name)?.takeUnless { it.isNull }
}
