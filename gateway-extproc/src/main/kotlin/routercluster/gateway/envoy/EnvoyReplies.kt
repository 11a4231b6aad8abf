package routercluster.gateway.envoy

import routercluster.gateway.extproc.OWN_NAMESPACE

/**
 * What Envoy answers by itself, in OpenAI's error shape. The router's own immediate answers are local replies too: they carry
 * metadata of ours and no flag of an upstream's failure, and so pass unchanged.
 */
internal fun localReplies(): List<Tree> =
    listOf(
        mapper(flags("UT"), "upstream_timeout", "The model did not answer in time"),
        mapper(flags("UF", "UH", "UC", "UR", "UO", "URX", "LR", "UPE"), "upstream_unavailable", "The model could not be reached"),
        mapper(withoutRouter("GE", 500), "router_unavailable", "The router did not answer"),
        mapper(withoutRouter("EQ", 413), "body_too_large", "The request body is too large", INVALID),
        mapper(withoutRouter("EQ", 431), "headers_too_large", "The request headers are too large", INVALID),
        mapper(withoutRouter("GE", 400), "bad_http", "The request is not valid HTTP", INVALID),
    )

private const val INVALID = "invalid_request_error"

private fun flags(vararg flags: String): Tree = mapOf("response_flag_filter" to mapOf("flags" to flags.toList()))

/** Envoy's own answer before the router has said anything, by its status. Envoy wants a name for the number too. */
private fun withoutRouter(comparison: String, status: Int): Tree {
    val value = mapOf("default_value" to status, "runtime_key" to "routercluster.local_reply_$status")
    return mapOf(
        "and_filter" to
            mapOf(
                "filters" to
                    listOf(
                        mapOf("status_code_filter" to mapOf("comparison" to mapOf("op" to comparison, "value" to value))),
                        mapOf("metadata_filter" to mapOf("matcher" to noOutcome, "match_if_key_not_found" to true)),
                    ),
            ),
    )
}

/** Never true of an outcome: only its absence matches. Envoy ignores `invert` here. */
private val noOutcome: Tree =
    mapOf(
        "filter" to OWN_NAMESPACE,
        "path" to listOf(mapOf("key" to "outcome")),
        "value" to mapOf("string_match" to mapOf("exact" to "")),
    )

private fun mapper(filter: Tree, code: String, message: String, type: String = "server_error"): Tree {
    val error = mapOf("message" to message, "type" to type, "code" to code)
    return mapOf("filter" to filter, "body_format_override" to mapOf("json_format" to mapOf("error" to error)))
}

/** For places where Envoy takes a text; [code] and [message] are our own and need no escaping. */
internal fun errorText(code: String, message: String): String =
    """{"error":{"message":"$message","type":"server_error","param":null,"code":"$code"}}"""

/** One JSON line per request to standard output; no header or body of a client in it. */
internal fun accessLog(): Tree =
    named(
        "envoy.access_loggers.stdout",
        typed(
            "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format" to
                mapOf(
                    "json_format" to
                        mapOf(
                            "time" to "%START_TIME%",
                            "request_id" to "%REQ(x-request-id)%",
                            "method" to "%REQ(:method)%",
                            "status" to "%RESPONSE_CODE%",
                            "flags" to "%RESPONSE_FLAGS%",
                            "detail" to "%RESPONSE_CODE_DETAILS%",
                            "duration_ms" to "%DURATION%",
                            "received_bytes" to "%BYTES_RECEIVED%",
                            "sent_bytes" to "%BYTES_SENT%",
                            "model" to "%DYNAMIC_METADATA($OWN_NAMESPACE:model)%",
                            "decision" to "%DYNAMIC_METADATA($OWN_NAMESPACE:decision)%",
                            "upstream" to "%DYNAMIC_METADATA($OWN_NAMESPACE:upstream)%",
                        ),
                ),
        ),
    )
