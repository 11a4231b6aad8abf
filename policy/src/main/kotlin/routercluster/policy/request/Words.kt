package routercluster.policy.request

/**
 * The words of a text, found in one pass and shared by every signal that looks for words.
 *
 * A word is a run of letters, digits, underscores and combining marks; in scripts that are written without blanks, and in
 * Korean, whose particles cling to the word, every letter is a word of its own. All offsets are UTF-16 units into [raw]; [folded]
 * has the same length, so they hold for both.
 *
 * @property folded [raw] in lower case, with typographic apostrophes made plain
 */
class Words private constructor(
    val raw: String,
    val folded: String,
    private val starts: IntArray,
    private val ends: IntArray,
    private val hashes: IntArray,
    val size: Int,
) {
    fun start(word: Int): Int = starts[word]

    fun end(word: Int): Int = ends[word]

    /** As `String.hashCode` of the folded word. */
    fun hash(word: Int): Int = hashes[word]

    /** Whether nothing stands between [word] and the word before it. */
    fun touchesPrevious(word: Int): Boolean = word > 0 && ends[word - 1] == starts[word]

    /** Whether a run of letters begins or goes on at both sides of [offset], so that a word cannot end there. */
    fun isInsideWord(offset: Int): Boolean = offset > 0 && offset < raw.length && continues(raw, offset - 1) && continues(raw, offset)

    companion object {
        fun of(text: String): Words {
            val folded = fold(text)
            val found = Growing(text.length / 5 + 8)
            var at = 0
            while (at < text.length) {
                when (kindAt(text, at)) {
                    SEPARATOR -> {
                        at++
                    }

                    UNIT -> {
                        val end = at + unitsAt(text, at)
                        found.add(at, end, hash(folded, at, end))
                        at = end
                    }

                    else -> {
                        var end = at
                        var hash = 0
                        while (end < text.length && kindAt(text, end) == LETTER) hash = hash * 31 + folded[end++].code
                        found.add(at, end, hash)
                        at = end
                    }
                }
            }
            return Words(text, folded, found.starts, found.ends, found.hashes, found.size)
        }

        /** Lower case, unit by unit, so that the length stays. */
        fun fold(text: String): String {
            val first = text.indices.firstOrNull { folds[text[it].code] != text[it] } ?: return text
            val chars = text.toCharArray()
            for (i in first until chars.size) chars[i] = folds[chars[i].code]
            return String(chars)
        }

        private fun continues(text: String, offset: Int): Boolean = kindAt(text, offset) == LETTER

        private fun hash(text: String, start: Int, end: Int): Int {
            var hash = 0
            for (i in start until end) hash = hash * 31 + text[i].code
            return hash
        }
    }
}

private class Growing(capacity: Int) {
    var starts = IntArray(capacity)
    var ends = IntArray(capacity)
    var hashes = IntArray(capacity)
    var size = 0

    fun add(start: Int, end: Int, hash: Int) {
        if (size == starts.size) {
            starts = starts.copyOf(size * 2)
            ends = ends.copyOf(size * 2)
            hashes = hashes.copyOf(size * 2)
        }
        starts[size] = start
        ends[size] = end
        hashes[size++] = hash
    }
}

private const val SEPARATOR: Byte = 0
private const val LETTER: Byte = 1
private const val UNIT: Byte = 2
private const val SURROGATE: Byte = 3

private val unspacedScripts =
    setOf(
        Character.UnicodeScript.HAN,
        Character.UnicodeScript.HIRAGANA,
        Character.UnicodeScript.KATAKANA,
        Character.UnicodeScript.HANGUL,
        Character.UnicodeScript.THAI,
        Character.UnicodeScript.LAO,
        Character.UnicodeScript.KHMER,
        Character.UnicodeScript.MYANMAR,
    )

private val marks = setOf(Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK).map { it.toInt() }

/** Kind of every UTF-16 unit: 64 KiB, looked up once per character of a prompt. */
private val kinds = ByteArray(Char.MAX_VALUE.code + 1) { kindOf(it) }

/** Folding beside plain lower case: what regular expressions take for equal to an ASCII letter, the final sigma, apostrophes. */
private val folds =
    CharArray(Char.MAX_VALUE.code + 1) { it.toChar().lowercaseChar() }.also {
        it['\u017F'.code] = 's'
        it['\u03C2'.code] = '\u03C3'
        it['\u2019'.code] = '\''
    }

private fun kindOf(codePoint: Int): Byte {
    if (codePoint in 0xD800..0xDFFF) return SURROGATE
    val letter = Character.isLetterOrDigit(codePoint)
    val unspaced = codePoint > 0x7F && Character.UnicodeScript.of(codePoint) in unspacedScripts
    return when {
        letter && unspaced -> UNIT
        letter || codePoint == '_'.code -> LETTER
        unspaced -> SEPARATOR
        Character.getType(codePoint) in marks || codePoint == 0x200C || codePoint == 0x200D -> LETTER
        else -> SEPARATOR
    }
}

/** A lone surrogate separates; a pair counts by its code point, and its second half like its first. */
private fun kindAt(text: String, at: Int): Byte {
    val kind = kinds[text[at].code]
    if (kind != SURROGATE) return kind
    val start = if (text[at].isLowSurrogate()) at - 1 else at
    val paired = start >= 0 && start + 1 < text.length && text[start].isHighSurrogate() && text[start + 1].isLowSurrogate()
    return if (paired) kindOf(text.codePointAt(start)) else SEPARATOR
}

private fun unitsAt(text: String, at: Int): Int = if (text[at].isHighSurrogate()) 2 else 1
