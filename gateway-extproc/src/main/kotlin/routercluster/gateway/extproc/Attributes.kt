package routercluster.gateway.extproc

import com.google.protobuf.Value
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest
import routercluster.gateway.pipeline.Delivery
import routercluster.policy.FailureClass

/** Envoy puts the attributes that its ext_proc filter was told to send under the filter's name. */
internal const val ATTRIBUTES_KEY = "envoy.filters.http.ext_proc"

/** Address and port of the client; wanted with the request. */
internal const val PEER_ATTRIBUTE = "source.address"

/** By which means Envoy came to an answer, and how often it sent the request; wanted with the answer. */
internal const val DETAILS_ATTRIBUTE = "response.code_details"
internal const val ATTEMPTS_ATTRIBUTE = "upstream.request_attempt_count"

internal fun attributes(message: ProcessingRequest): Map<String, Value> = message.attributesMap[ATTRIBUTES_KEY]?.fieldsMap.orEmpty()

/** Null where this Envoy does not tell. */
internal fun delivery(message: ProcessingRequest): Delivery? {
    val told = attributes(message)
    val details = told[DETAILS_ATTRIBUTE]?.stringValue?.ifEmpty { null } ?: return null
    val attempts = told[ATTEMPTS_ATTRIBUTE]?.numberValue?.toInt() ?: 1
    return Delivery(attempts, details == VIA_UPSTREAM, failure(details))
}

private const val VIA_UPSTREAM = "via_upstream"
private val timeouts = setOf("upstream_response_timeout", "upstream_per_try_timeout", "upstream_per_try_idle_timeout")

/** Envoy explains some of these in braces. Its own bound on requests to a cluster, an overflow, is no fault of the upstream's. */
private fun failure(details: String): FailureClass? =
    when (details.substringBefore('{')) {
        in timeouts -> FailureClass.TIMEOUT
        "no_healthy_upstream" -> FailureClass.CONNECT
        "upstream_reset_before_response_started" -> if ("overflow" in details) null else FailureClass.CONNECT
        else -> null
    }
