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
        mapper(withoutRouter, "router_unavailable", "The router did not answer"),
    )

private fun flags(vararg flags: String): Tree = mapOf("response_flag_filter" to mapOf("flags" to flags.toList()))

/** Envoy wants a name for the number, by which it could be changed at run time. */
private const val STATUS_KEY = "routercluster.router_unavailable_status"

/** A server error before the router has said anything. */
private val withoutRouter: Tree =
    mapOf(
        "and_filter" to
            mapOf(
                "filters" to
                    listOf(
                        mapOf(
                            "status_code_filter" to
                                mapOf(
                                    "comparison" to
                                        mapOf("op" to "GE", "value" to mapOf("default_value" to 500, "runtime_key" to STATUS_KEY)),
                                ),
                        ),
                        mapOf(
                            "metadata_filter" to
                                mapOf(
                                    "matcher" to
                                        mapOf(
                                            "filter" to OWN_NAMESPACE,
                                            "path" to listOf(mapOf("key" to "outcome")),
                                            // Never true of an outcome: only its absence matches. Envoy ignores `invert` here.
                                            "value" to mapOf("string_match" to mapOf("exact" to "")),
                                        ),
                                    "match_if_key_not_found" to true,
                                ),
                        ),
                    ),
            ),
    )

private fun mapper(filter: Tree, code: String, message: String): Tree =
    mapOf("filter" to filter, "body_format_override" to mapOf("json_format" to mapOf("error" to errorFields(code, message))))

private fun errorFields(code: String, message: String): Tree = mapOf("message" to message, "type" to "server_error", "code" to code)

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
