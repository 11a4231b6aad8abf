package routercluster.inference.pii

import routercluster.policy.encode.Span
import java.util.TreeMap

/**
 * Finds what has a checksum or a format of its own: e-mail addresses, IBANs, payment cards, US social security numbers, IP addresses,
 * telephone numbers, addresses of web pages. Each is checked by a well-kept library where there is one. Time is linear in the text.
 *
 * @param region where telephone numbers without a country's code are from, as ISO 3166 has it
 * @return spans in the order of the text, not overlapping, with confidence 1; of two kinds at one place the earlier of that list stays
 */
fun exactSpans(text: String, region: String = "US"): List<Span> {
    val kept = TreeMap<Int, Span>()
    val hosts = Hosts()
    val found =
        sequenceOf(
            { emails(text, hosts) },
            { ibans(text) },
            { cards(text) },
            { socialSecurityNumbers(text) },
            { ipAddresses(text) },
            { numbers(text, region) },
            { webAddresses(text, hosts) },
        )
    for (find in found) for (span in find()) if (!overlaps(kept, span)) kept[span.start] = span
    return kept.values.toList()
}

/** Spans in [kept] do not overlap, so only the one that begins last before the end of [span] can. */
internal fun overlaps(kept: TreeMap<Int, Span>, span: Span): Boolean = (kept.lowerEntry(span.end)?.value?.end ?: 0) > span.start

internal fun exact(label: String, start: Int, end: Int) = Span(label, start, end, 1f)

/**
 * Runs of units that [fits] takes and that neither a letter nor a digit touches, longest first at every place.
 *
 * @return first unit, and the unit after the last, of runs of [lengths] units
 */
internal inline fun runs(text: String, lengths: IntRange, fits: (Char) -> Boolean): List<Pair<Int, Int>> {
    val found = ArrayList<Pair<Int, Int>>()
    var from = 0
    while (from < text.length) {
        var until = from
        while (until < text.length && fits(text[until])) until++
        val free = (from == 0 || !text[from - 1].isLetterOrDigit()) && (until == text.length || !text[until].isLetterOrDigit())
        if (free && until - from in lengths) found += from to until
        from = maxOf(until, from + 1)
    }
    return found
}

/** ASCII only: checksums are defined over these. */
internal fun isDigit(unit: Char) = unit in '0'..'9'

internal fun isLetter(unit: Char) = unit in 'a'..'z' || unit in 'A'..'Z'
