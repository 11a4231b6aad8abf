package routercluster.inference.pii

import com.google.i18n.phonenumbers.PhoneNumberUtil
import com.google.i18n.phonenumbers.PhoneNumberUtil.Leniency
import org.apache.commons.validator.routines.IBANValidator
import org.apache.commons.validator.routines.checkdigit.LuhnCheckDigit
import routercluster.policy.encode.Span

private val CARD_DIGITS = 13..19

/** Digits in a row or parted by single blanks or hyphens; the first one is that of a card's industry. */
internal fun cards(text: String): List<Span> {
    val found = ArrayList<Span>()
    val groups = runs(text, 1..text.length, ::isDigit)
    var at = 0
    while (at < groups.size) {
        val last = lastGroupOfCard(text, groups, at)
        if (last != null) found += exact("CREDIT_CARD", groups[at].first, groups[last].second)
        at = (last ?: at) + 1
    }
    return found
}

/** The group with which a card that begins with group [first] ends, or null where none does. */
private fun lastGroupOfCard(text: String, groups: List<Pair<Int, Int>>, first: Int): Int? {
    val digits = StringBuilder()
    for (at in first until groups.size) {
        val (from, until) = groups[at]
        val goesOn = at == first || (from - groups[at - 1].second == 1 && text[from - 1] in CARD_GAPS)
        if (!goesOn || digits.length + until - from > CARD_DIGITS.last) return null
        digits.append(text, from, until)
        if (digits.length in CARD_DIGITS && digits[0] in '2'..'6' && LuhnCheckDigit.LUHN_CHECK_DIGIT.isValid(digits.toString())) return at
    }
    return null
}

private const val CARD_GAPS = " -"

private const val SSN_LENGTH = 11

/** Area, group and serial as the Social Security Administration gives them out: no part is all zeros, no area is 666 or from 900 on. */
internal fun socialSecurityNumbers(text: String): List<Span> =
    runs(text, SSN_LENGTH..SSN_LENGTH) { isDigit(it) || it == '-' }
        .filter { (from, until) ->
            val parts = text.substring(from, until).split('-')
            val isGiven = parts.none { part -> part.all { it == '0' } } && parts[0] != "666" && parts[0] < "900"
            isGiven && parts.map(String::length) == listOf(3, 2, 4)
        }.map { (from, until) -> exact("US_SSN", from, until) }

private const val IBAN_HEAD = 4

/** Two letters of a country that has IBANs, two check digits, and as many more as that country's have, maybe with blanks between. */
internal fun ibans(text: String): List<Span> {
    val found = ArrayList<Span>()
    var at = 0
    while (at + IBAN_HEAD < text.length) {
        val end = if (beginsIban(text, at)) ibanEnd(text, at) else null
        if (end != null) found += exact("IBAN_CODE", at, end)
        at = end ?: (at + 1)
    }
    return found
}

private fun beginsIban(text: String, at: Int) =
    text[at] in 'A'..'Z' && text[at + 1] in 'A'..'Z' && isDigit(text[at + 2]) && isDigit(text[at + 3]) &&
        (at == 0 || !text[at - 1].isLetterOrDigit())

private fun ibanEnd(text: String, start: Int): Int? {
    val country = IBANValidator.getInstance().getValidator(text.substring(start, start + 2)) ?: return null
    val compact = StringBuilder()
    var end = start
    while (end < text.length && compact.length < country.ibanLength) {
        val unit = text[end]
        if (isDigit(unit) || isLetter(unit)) {
            compact.append(unit.uppercaseChar())
        } else if (unit != ' ' || text[end - 1] == ' ') {
            return null
        }
        end++
    }
    val isFree = end == text.length || !text[end].isLetterOrDigit()
    return end.takeIf { isFree && IBANValidator.getInstance().isValid(compact.toString()) }
}

private const val PHONE_MARKS = "+()-./ \u00A0\u2010\u2011\u2012\u2013"
private const val PHONE_DIGITS_MIN = 7
private const val PHONE_PIECE = 96

/** Longer runs of digits are no numbers to call; the library would try every part of them. */
private const val PHONE_DIGITS_MAX = 17

/**
 * Where text is so full of digits that the library would take seconds, only this many stretches are shown to it; behind them a number
 * counts that has a plus sign and as many digits as one with a country's code.
 */
private const val STRETCHES_MAX = 200
private const val TRIES_PER_STRETCH = 12L
private val INTERNATIONAL_DIGITS = 10..15

internal fun numbers(text: String, region: String): List<Span> {
    val places = phonePlaces(text)
    val shown =
        places.take(STRETCHES_MAX).flatMap { (from, until) ->
            PhoneNumberUtil
                .getInstance()
                .findNumbers(text.substring(from, until), region, Leniency.VALID, TRIES_PER_STRETCH)
                .map { exact("PHONE_NUMBER", from + it.start(), from + it.end()) }
        }
    val told =
        places
            .drop(STRETCHES_MAX)
            .filter { (from, until) -> text[from] == '+' && (from until until).count { text[it].isDigit() } in INTERNATIONAL_DIGITS }
            .map { (from, until) -> exact("PHONE_NUMBER", from, until) }
    return shown + told
}

/** Stretches of digits and what stands between digits of a telephone number. Nothing else is shown to the library, whose search is slow. */
private fun phonePlaces(text: String): List<Pair<Int, Int>> {
    val places = ArrayList<Pair<Int, Int>>()
    var from = 0
    while (from < text.length) {
        var until = from
        while (until < text.length && isPhonePart(text[until])) until++
        if (until - from >= PHONE_DIGITS_MIN) pieces(text, from, until).mapTo(places) { trimmed(text, it.first, it.second) }
        from = until + 1
    }
    return places.filter { (from, until) ->
        (from until until).count { text[it].isDigit() } >= PHONE_DIGITS_MIN && isApart(text, from, until)
    }
}

private fun isPhonePart(unit: Char) = unit.isDigit() || unit in PHONE_MARKS

/** No letter touches it, and no run of digits in it is longer than a number's. */
private fun isApart(text: String, from: Int, until: Int): Boolean {
    if ((from > 0 && text[from - 1].isLetter()) || (until < text.length && text[until].isLetter())) return false
    var digits = 0
    return (from until until).none { i ->
        digits = if (text[i].isDigit()) digits + 1 else 0
        digits > PHONE_DIGITS_MAX
    }
}

/** A long stretch in pieces that overlap by half and begin behind a blank; what is found twice is kept once. */
private fun pieces(text: String, from: Int, until: Int): List<Pair<Int, Int>> {
    if (until - from <= PHONE_PIECE) return listOf(from to until)
    return (from until until step PHONE_PIECE / 2).map { start ->
        val blank = text.indexOf(' ', start).takeIf { it in start until minOf(start + PHONE_PIECE / 2, until) }
        (if (start == from || blank == null) start else blank + 1) to minOf(start + PHONE_PIECE, until)
    }
}

private fun trimmed(text: String, from: Int, until: Int): Pair<Int, Int> {
    var start = from
    var end = until
    while (start < end && !text[start].isDigit() && text[start] != '+' && text[start] != '(') start++
    while (end > start && !text[end - 1].isDigit()) end--
    return start to end
}
