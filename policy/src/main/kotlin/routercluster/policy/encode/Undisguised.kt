package routercluster.policy.encode

import java.text.Normalizer

/**
 * A text as encoders read it, with the way back.
 *
 * @property text what is tokenised
 */
class Undisguised(val text: String, private val starts: IntArray? = null, private val ends: IntArray? = null) {
    /** First unit in the text as it came of what unit [at] was made of. */
    fun start(at: Int): Int = starts?.get(at) ?: at

    /** The unit after the last in the text as it came of what unit [at] - 1 was made of. */
    fun end(at: Int): Int = if (ends == null || at == 0) at else ends[at - 1]

    /** The same places with other letters. */
    fun with(letters: String) = Undisguised(letters, starts, ends)
}

/**
 * Takes disguises off: characters without width go, compatibility forms (full width, mathematical, ligatures) become plain by NFKC, and
 * letters that only look Latin become Latin where they stand in a word with Latin ones. Words wholly in another script stay.
 */
fun undisguised(text: String): Undisguised {
    if (text.all { it.code in PRINTABLE || it == '\n' || it == '\t' || it == '\r' }) return Undisguised(text)
    val isPlain = Normalizer.isNormalized(text, Normalizer.Form.NFKC) && text.codePoints().noneMatch(::isInvisible)
    return latinised(if (isPlain) Undisguised(text) else compatible(text))
}

private val PRINTABLE = 0x20..0x7E

/** Zero width characters, soft hyphen, direction marks and overrides, word joiner, variation selectors, byte order mark, tags. */
private fun isInvisible(codePoint: Int): Boolean =
    codePoint == 0xAD || codePoint == 0x34F || codePoint == 0x61C || codePoint == 0x180E || codePoint == 0xFEFF ||
        codePoint == 0x115F || codePoint == 0x1160 || codePoint == 0x17B4 || codePoint == 0x17B5 ||
        codePoint in 0x200B..0x200F || codePoint in 0x202A..0x202E || codePoint in 0x2060..0x206F ||
        codePoint in 0xFE00..0xFE0F || codePoint in 0xE0000..0xE01EF

private class Rewritten(capacity: Int) {
    val text = StringBuilder(capacity)
    private var starts = IntArray(capacity)
    private var ends = IntArray(capacity)

    fun add(piece: CharSequence, start: Int, end: Int) {
        for (unit in piece) {
            if (text.length == starts.size) {
                starts = starts.copyOf(2 * starts.size + 1)
                ends = ends.copyOf(2 * ends.size + 1)
            }
            starts[text.length] = start
            ends[text.length] = end
            text.append(unit)
        }
    }

    fun whole() = Undisguised(text.toString(), starts.copyOf(text.length), ends.copyOf(text.length))
}

/** NFKC, letter by letter together with the marks on it. */
private fun compatible(text: String): Undisguised {
    val out = Rewritten(text.length)
    val cluster = StringBuilder()
    var start = 0
    var at = 0

    fun flush(end: Int) {
        if (cluster.isNotEmpty()) out.add(Normalizer.normalize(cluster, Normalizer.Form.NFKC), start, end)
        cluster.setLength(0)
    }
    while (at < text.length) {
        val codePoint = text.codePointAt(at)
        val next = at + Character.charCount(codePoint)
        if (!isInvisible(codePoint)) {
            if (!isMark(codePoint) || cluster.length >= CLUSTER_MAX) {
                flush(at)
                start = at
            }
            cluster.appendCodePoint(codePoint)
        }
        at = next
    }
    flush(at)
    return out.whole()
}

/** Longer heaps of marks are cut into several, so that none takes time beyond its length. */
private const val CLUSTER_MAX = 32

private fun isMark(codePoint: Int): Boolean =
    when (Character.getType(codePoint).toByte()) {
        Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> true
        else -> codePoint in KOREAN_VOWELS_AND_ENDS
    }

/** Parts of a syllable that NFKC puts together with the one before. */
private val KOREAN_VOWELS_AND_ENDS = 0x1161..0x11FF

/** Words are runs of letters; digits part them. */
private fun latinised(plain: Undisguised): Undisguised {
    val letters = plain.text.toCharArray()
    var from = 0
    while (from < letters.size) {
        var until = from
        while (until < letters.size && letters[until].isLetter()) until++
        if ((from until until).any { isLatin(letters[it]) }) {
            for (i in from until until) letters[i] = lookAlikes[letters[i]] ?: letters[i]
        }
        from = until + 1
    }
    return plain.with(String(letters))
}

private fun isLatin(letter: Char): Boolean = letter in 'a'..'z' || letter in 'A'..'Z'

/** Cyrillic and Greek letters and what they pass for, one under the other. The heads were trained with this table: it changes with them. */
private val lookAlikes: Map<Char, Char> =
    (
        "аАсСеЕіІјЈоОрРѕЅхХуУкКмМтТвВнНһԁԛԝɡαΑеβΒεΕηΗιΙκΚμΜνΝοΟρΡτΤυΥχΧ" zip
            "aAcCeEiIjJoOpPsSxXyYkKmMtTbBhHhdqwgaAebBeEnHiIkKmMvNoOpPtTuYxX"
    ).toMap()
