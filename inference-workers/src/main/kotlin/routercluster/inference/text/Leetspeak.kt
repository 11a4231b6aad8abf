package routercluster.inference.text

import routercluster.policy.encode.Undisguised
import routercluster.policy.encode.undisguised

/** [text] without disguises, and without leetspeak where it is written in it as a whole. */
internal fun readable(text: String): Undisguised {
    val plain = undisguised(text)
    return withoutLeetspeak(plain.text)?.let(plain::with) ?: plain
}

/**
 * [text] without leetspeak where it is written in it as a whole, else null. Of its words of two characters and more a fifth, and at least
 * two, hold a look-alike digit between letters; or one does, and six in ten, at least two, mix letters and such digits. Characters keep
 * their places. The heads were trained with this rule: it changes with them.
 */
private fun withoutLeetspeak(text: String): String? {
    var words = 0
    var between = 0
    var mixed = 0
    eachWord(text) { from, until ->
        if (until - from >= WORD_LENGTH) {
            words++
            if (hasDigitBetweenLetters(text, from, until)) between++
            if (hasLetterAndDigit(text, from, until)) mixed++
        }
    }
    val isLeetspeak = (between >= 2 && FIFTH * between >= words) || (between >= 1 && mixed >= 2 && TEN * mixed >= SIX * words)
    if (!isLeetspeak) return null
    val letters = text.toCharArray()
    eachWord(text) { from, until ->
        // A digit that stands for no letter makes it a number. One of look-alike digits alone may be a word: "7o" is written "70".
        if ((from until until).none { text[it] in OTHER_DIGITS }) {
            for (i in from until until) letters[i] = letterFor(letters[i]) ?: letters[i]
        }
    }
    return String(letters)
}

/** The letter that a digit or mark stands for, or null. */
internal fun letterFor(unit: Char): Char? =
    when (unit) {
        '4', '@' -> 'a'
        '3' -> 'e'
        '1', '!' -> 'i'
        '0' -> 'o'
        '5', '$' -> 's'
        '7' -> 't'
        else -> null
    }

internal fun isAsciiLetter(unit: Char) = unit in 'a'..'z' || unit in 'A'..'Z'

/** Letters, digits and what stands for letters; exclamation marks at either end are marks. */
private inline fun eachWord(text: String, action: (from: Int, until: Int) -> Unit) {
    var at = 0
    while (at < text.length) {
        var end = at
        while (end < text.length && isOfWord(text[end])) end++
        var from = at
        while (from < end && text[from] == '!') from++
        var until = end
        while (until > from && text[until - 1] == '!') until--
        if (until > from) action(from, until)
        at = end + 1
    }
}

private fun hasDigitBetweenLetters(text: String, from: Int, until: Int): Boolean {
    var isBehindLetter = false
    for (i in from until until) {
        val unit = text[i]
        if (isAsciiLetter(unit)) {
            if (isBehindLetter && text[i - 1] in LOOK_ALIKE_DIGITS) return true
            isBehindLetter = true
        } else if (unit !in LOOK_ALIKE_DIGITS) {
            isBehindLetter = false
        }
    }
    return false
}

private fun hasLetterAndDigit(text: String, from: Int, until: Int): Boolean =
    (from until until).any { isAsciiLetter(text[it]) } && (from until until).any { text[it] in LOOK_ALIKE_DIGITS }

private fun isOfWord(unit: Char) = isAsciiLetter(unit) || unit in '0'..'9' || unit == '@' || unit == '$' || unit == '!'

private const val LOOK_ALIKE_DIGITS = "013457"
private const val OTHER_DIGITS = "2689"
private const val WORD_LENGTH = 2
private const val FIFTH = 5
private const val SIX = 6
private const val TEN = 10
