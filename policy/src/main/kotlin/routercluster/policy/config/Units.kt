package routercluster.policy.config

import java.time.Duration

private val durationUnits = linkedMapOf("h" to 3_600_000L, "m" to 60_000L, "s" to 1_000L, "ms" to 1L)
private val byteUnits = mapOf("" to 1L, "KiB" to 1024L, "MiB" to 1024L * 1024, "GiB" to 1024L * 1024 * 1024)
private val durationText = Regex("""(?:\d{1,9}(?:ms|s|m|h))+""")
private val durationPart = Regex("""(\d{1,9})(ms|s|m|h)""")
private val bytesText = Regex("""(\d{1,9}) ?(KiB|MiB|GiB)?""")
private val numberText = Regex("""[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?""")

/** Reads `250ms`, `30s`, `1m30s`, `1h`; null for anything else. */
internal fun parseDuration(text: String): Duration? {
    if (!durationText.matches(text)) return null
    return Duration.ofMillis(durationPart.findAll(text).sumOf { it.groupValues[1].toLong() * durationUnits.getValue(it.groupValues[2]) })
}

/** Writes [duration] so that [parseDuration] reads it: the largest unit without a rest. */
internal fun durationText(duration: Duration): String {
    val millis = duration.toMillis()
    val (unit, size) = durationUnits.entries.first { it.key == "ms" || (millis % it.value == 0L && millis >= it.value) }
    return "${millis / size}$unit"
}

/** Reads `4096`, `64KiB`, `32MiB`, `1GiB`; null for anything else. */
internal fun parseBytes(text: String): Long? {
    val (number, unit) = bytesText.matchEntire(text)?.destructured ?: return null
    return number.toLong() * byteUnits.getValue(unit)
}

/** Reads a decimal number; refuses what only Java takes for one (`NaN`, `1f`, hexadecimal). */
internal fun parseNumber(text: String): Double? = if (numberText.matches(text)) text.toDouble().takeIf { it.isFinite() } else null
