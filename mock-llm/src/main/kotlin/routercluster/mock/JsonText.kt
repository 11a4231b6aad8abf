package routercluster.mock

import com.fasterxml.jackson.core.io.JsonStringEncoder

/** JSON text that is put together from constant parts and encoded values: the mock answers far more often than it thinks. */
internal class JsonText(capacityChars: Int = 256) {
    private val text = StringBuilder(capacityChars)

    /** Appends a constant part as it is. */
    fun raw(part: String): JsonText {
        text.append(part)
        return this
    }

    fun number(value: Int): JsonText {
        text.append(value)
        return this
    }

    /** Appends [value] as a JSON string with its quotes. */
    fun string(value: CharSequence): JsonText {
        text.append('"')
        JsonStringEncoder.getInstance().quoteAsString(value, text)
        text.append('"')
        return this
    }

    /** Appends what [write] makes of each element, with commas between. */
    fun <T> list(elements: Iterable<T>, write: JsonText.(T) -> Unit): JsonText {
        elements.forEachIndexed { index, element ->
            if (index > 0) text.append(',')
            write(element)
        }
        return this
    }

    override fun toString(): String = text.toString()
}
