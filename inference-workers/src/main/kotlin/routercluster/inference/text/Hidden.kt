package routercluster.inference.text

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.util.Base64

/**
 * What a text says besides its plain words: the same with single words of leetspeak undone, and what stands in runs of base64. Time is linear in the text.
 *
 * @param text as [readable] makes it
 * @return at most [HIDDEN_MAX] texts; what is behind more runs of base64 stands together in the last
 */
internal fun hiddenIn(text: String): List<String> {
    val inner = base64Runs(text).mapNotNull(::decoded).map { readable(it).text }
    val plain = listOfNotNull(withoutLeet(text))
    val apart = inner.take(HIDDEN_MAX - 1 - plain.size)
    val rest = inner.drop(apart.size)
    return plain + apart + (if (rest.isEmpty()) emptyList() else listOf(rest.joinToString("\n")))
}

private const val HIDDEN_MAX = 8

/** One word alone may be a name or a part number. */
private const val LEET_WORDS_MIN = 2
private const val LEET_WORD_LENGTH = 2

/** Null where fewer than [LEET_WORDS_MIN] words mix letters with what stands for letters. */
private fun withoutLeet(text: String): String? {
    val words = leetWords(text)
    if (words.size < LEET_WORDS_MIN) return null
    val letters = text.toCharArray()
    for (word in words) for (i in word) letters[i] = letterFor(letters[i]) ?: letters[i]
    return String(letters)
}

/**
 * Runs of letters and stand-ins, where from there to the next white space there is one of each. Seen from the end, so that it is one
 * walk.
 */
private fun leetWords(text: String): List<IntRange> {
    val words = ArrayList<IntRange>()
    var letterAhead = false
    var standInAhead = false
    var end = -1
    for (i in text.indices.reversed()) {
        val unit = text[i]
        if (unit.isWhitespace()) {
            letterAhead = false
            standInAhead = false
        }
        letterAhead = letterAhead || isAsciiLetter(unit)
        standInAhead = standInAhead || (unit != '!' && letterFor(unit) != null)
        if (!isLeet(unit)) {
            end = -1
            continue
        }
        if (end < 0) end = i
        val begins = i == 0 || !isLeet(text[i - 1])
        if (begins && end - i + 1 >= LEET_WORD_LENGTH && letterAhead && standInAhead) words += i..end
    }
    return words
}

private fun isLeet(unit: Char) = isAsciiLetter(unit) || letterFor(unit) != null

private const val BASE64_LENGTH = 16

private fun base64Runs(text: String): List<String> {
    val runs = ArrayList<String>()
    var from = 0
    while (from < text.length) {
        var until = from
        while (until < text.length && isBase64(text[until])) until++
        if (until - from >= BASE64_LENGTH) runs += text.substring(from, until)
        from = until + 1
    }
    return runs
}

private fun isBase64(unit: Char) = isAsciiLetter(unit) || unit in '0'..'9' || unit == '+' || unit == '/' || unit == '-' || unit == '_'

/** Null where [run] is no base64 of text that can be printed. */
private fun decoded(run: String): String? =
    try {
        val bytes = Base64.getUrlDecoder().decode(run.replace('+', '-').replace('/', '_'))
        val text = Charsets.UTF_8
            .newDecoder()
            .decode(ByteBuffer.wrap(bytes))
            .toString()
        text.takeIf { it.isNotBlank() && it.codePoints().allMatch(::isPrintable) }
    } catch (_: IllegalArgumentException) {
        null
    } catch (_: CharacterCodingException) {
        null
    }

private fun isPrintable(codePoint: Int): Boolean =
    codePoint == ' '.code || codePoint == '\n'.code ||
        (
            Character.isDefined(codePoint) && !Character.isISOControl(codePoint) && !Character.isWhitespace(codePoint) &&
                !Character.isSpaceChar(codePoint)
        )
