package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpHeaders
import java.time.Clock
import java.time.Duration
import java.time.ZonedDateTime
import java.time.format.DateTimeFormatter
import java.time.format.DateTimeParseException

private val WAIT_MAX = Duration.ofDays(1)
private const val MILLIS_PER_SECOND = 1_000.0

/**
 * How long an upstream asks to be left alone: `retry-after-ms`, `x-ms-retry-after-ms`, then `retry-after` in seconds or as an
 * HTTP date (RFC 9110, 10.2.3). 0..1 day; null where there is none that can be read.
 */
internal fun retryAfter(headers: HttpHeaders, clock: Clock): Duration? =
    millis(headers["retry-after-ms"])
        ?: millis(headers["x-ms-retry-after-ms"])
        ?: headers["retry-after"]?.trim()?.let { text -> number(text)?.let { bounded(it * MILLIS_PER_SECOND) } ?: date(text, clock) }

private fun millis(text: String?): Duration? = text?.trim()?.let(::number)?.let(::bounded)

private fun number(text: String): Double? = text.toDoubleOrNull()?.takeIf { it.isFinite() }

private fun bounded(millis: Double): Duration = Duration.ofMillis(millis.coerceIn(0.0, WAIT_MAX.toMillis().toDouble()).toLong())

private fun date(text: String, clock: Clock): Duration? =
    try {
        val until = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant()
        Duration.between(clock.instant(), until).coerceIn(Duration.ZERO, WAIT_MAX)
    } catch (_: DateTimeParseException) {
        null
    }
