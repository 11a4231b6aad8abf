package routercluster.inference.text

/**
 * A text as tokens, without special ones.
 *
 * @property ids the network's numbers
 * @property starts first UTF-16 unit of each token in the text that was given; empty unless asked for
 * @property ends the unit after the last one
 * @property charactersRead units of the text that the tokens cover; less than its length only where a bound was met
 */
internal class Tokens(val ids: IntArray, val starts: IntArray, val ends: IntArray, val charactersRead: Int)

/** Grows; [Tokens] are collected in it. */
internal class TokenList(val withPlaces: Boolean) {
    private var ids = IntArray(FIRST_CAPACITY)
    private var starts = IntArray(if (withPlaces) FIRST_CAPACITY else 0)
    private var ends = IntArray(if (withPlaces) FIRST_CAPACITY else 0)
    var size = 0
        private set

    fun add(id: Int) {
        if (size == ids.size) ids = ids.copyOf(2 * size)
        ids[size++] = id
    }

    /** [start] and [end] are units of the text. */
    fun add(id: Int, start: Int, end: Int) {
        if (size == starts.size) {
            starts = starts.copyOf(2 * size)
            ends = ends.copyOf(2 * size)
        }
        starts[size] = start
        ends[size] = end
        add(id)
    }

    fun tokens(charactersRead: Int): Tokens {
        val places = if (withPlaces) size else 0
        return Tokens(ids.copyOf(size), starts.copyOf(places), ends.copyOf(places), charactersRead)
    }

    private companion object {
        const val FIRST_CAPACITY = 64
    }
}

/** Where the code points of a text begin, in UTF-16 units. */
internal class CodePoints(text: String) {
    /** Null where every code point is one unit. */
    private val units: IntArray? = if (text.any(Char::isSurrogate)) unitsOf(text) else null

    /** [codePoint] may be one past the last. */
    fun unit(codePoint: Int): Int = units?.let { it[minOf(codePoint, it.size - 1)] } ?: codePoint

    private fun unitsOf(text: String): IntArray {
        val places = IntArray(text.codePointCount(0, text.length) + 1)
        var unit = 0
        for (i in places.indices) {
            places[i] = unit
            if (unit < text.length) unit += Character.charCount(text.codePointAt(unit))
        }
        return places
    }
}
