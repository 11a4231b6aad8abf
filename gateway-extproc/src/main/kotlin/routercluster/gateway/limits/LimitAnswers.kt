package routercluster.gateway.limits

import com.linecorp.armeria.common.HttpHeadersBuilder
import routercluster.gateway.pipeline.ApiError
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.Standing

/** Codes of the errors by which a limit refuses a request. */
internal const val RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
internal const val BUDGET_EXCEEDED = "budget_exceeded"
internal val limitCodes = setOf(RATE_LIMIT_EXCEEDED, BUDGET_EXCEEDED)

internal fun deniedError(standing: Standing, retryMillis: Long): ApiError {
    val retry = secondsOf(retryMillis)
    val what = "The limit ${standing.rule} of ${amountText(standing)} is used up; try again in $retry s"
    val code = if (standing.kind == LimitKind.COST) BUDGET_EXCEEDED else RATE_LIMIT_EXCEEDED
    return ApiError(429, code, what, retryAfterSeconds = retry, retryable = retry <= WAITED_SECONDS_MAX)
}

internal fun unavailableError(rule: String, retryMillis: Long): ApiError =
    ApiError(503, "limit_unavailable", "The limit $rule cannot be asked at the moment", retryAfterSeconds = secondsOf(retryMillis))

private fun amountText(standing: Standing): String =
    if (standing.kind == LimitKind.COST) "a cost of ${standing.limit / MICROS}" else "${standing.limit} ${standing.kind.label}"

private fun secondsOf(millis: Long): Int = ((millis + MILLIS - 1) / MILLIS).coerceIn(1, Int.MAX_VALUE.toLong()).toInt()

/** OpenAI's headers of how limits on requests and tokens stand; nothing where none was asked. */
internal fun HttpHeadersBuilder.addLimits(limits: JourneyLimits) {
    val tightest = limits.tightest
    for (kind in shown) {
        val standing = tightest[kind] ?: continue
        set("x-ratelimit-limit-${kind.label}", standing.limit.toString())
        set("x-ratelimit-remaining-${kind.label}", standing.remaining.toString())
        set("x-ratelimit-reset-${kind.label}", resetText(standing.resetMillis))
    }
}

private val shown = listOf(LimitKind.REQUESTS, LimitKind.TOKENS)

/** As OpenAI writes it: `20ms`, `1s`, `6m0s`, `1h0m0s`. */
internal fun resetText(millis: Long): String {
    if (millis < MILLIS) return "${millis}ms"
    val seconds = (millis + MILLIS - 1) / MILLIS
    val minutes = seconds / SIXTY
    return when {
        minutes == 0L -> "${seconds}s"
        minutes < SIXTY -> "${minutes}m${seconds % SIXTY}s"
        else -> "${minutes / SIXTY}h${minutes % SIXTY}m${seconds % SIXTY}s"
    }
}

private const val MILLIS = 1_000L
private const val SIXTY = 60L
private const val MICROS = 1_000_000.0

/** Clients that retry by themselves are told not to, where they would wait for longer. */
private const val WAITED_SECONDS_MAX = 60
