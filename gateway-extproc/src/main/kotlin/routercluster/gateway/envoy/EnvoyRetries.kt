package routercluster.gateway.envoy

import routercluster.policy.FailureClass
import routercluster.policy.Forwarding
import routercluster.policy.models.Model
import java.time.Duration

/** Statuses by which an upstream says that it has not begun. */
private val statuses = mapOf(FailureClass.RATE_LIMITED to 429, FailureClass.SERVER_ERROR to 503)

/**
 * How Envoy repeats a request to [model], as far as the policy lets it: only what surely did not reach the model. All else is the
 * caller's to repeat. A Retry-After longer than the policy's bound is passed over, and the usual wait taken instead.
 */
internal fun retryPolicy(model: Model, forwarding: Forwarding): Tree =
    buildMap {
        val reliability = model.reliability
        val codes = statuses.filterKeys { it in reliability.retryOn }.values.sorted()
        val connect = if (FailureClass.CONNECT in reliability.retryOn) listOf("connect-failure", "refused-stream") else emptyList()
        val status = if (codes.isEmpty()) emptyList() else listOf("retriable-status-codes")
        put("retry_on", (connect + status).joinToString(","))
        if (codes.isNotEmpty()) put("retriable_status_codes", codes)
        put("num_retries", reliability.retries)
        // Counts until the answer's headers: the first-byte timeout.
        put("per_try_timeout", seconds(forwarding.firstByteTimeout))
        val wait = maxOf(forwarding.backoff, waitMin)
        put("retry_back_off", mapOf("base_interval" to seconds(wait), "max_interval" to seconds(maxOf(wait, waitMax))))
        if (codes.isNotEmpty() && forwarding.retryAfterMax >= waitMin) {
            put("rate_limited_retry_back_off", mapOf("reset_headers" to resetHeaders, "max_interval" to seconds(forwarding.retryAfterMax)))
        }
    }

private val resetHeaders = listOf(mapOf("name" to "retry-after", "format" to "SECONDS"))

/** Envoy takes no wait of zero. */
private val waitMin: Duration = Duration.ofMillis(1)

/** The bound on a wait that the HTTP door has too. */
private val waitMax: Duration = Duration.ofSeconds(1)
