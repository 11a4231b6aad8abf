package routercluster.policy.config

import org.junit.jupiter.api.Test

private const val MEMORY_KEYS =
    "adaptive_threshold, auto_store, backend, default_retrieval_limit, default_similarity_threshold, disabled_models, " +
        "disabled_routes, embedding_model, enabled, extraction_batch_size, hybrid_mode, hybrid_search, milvus, qdrant, " +
        "quality_scoring, redis_cache, reflection, valkey"

/** Recipes, virtual names and settings. Each row changes one text of a good policy and states every problem that follows. */
class SettingsRefusalTest {
    @Test
    fun `rejects recipes and virtual names`() =
        check(
            Row(
                "recipe: private",
                "recipe: privat",
                "p.yaml:39:43: entrypoints[0].recipe: unknown recipe (found privat); accepted: default, private; did you mean private?",
            ),
            Row(
                "[team/private]",
                "[large, auto, a, a]",
                "p.yaml:39:20: entrypoints[0].model_names[0]: is also the name of a model (found large); accepted: a new name",
                "p.yaml:39:27: entrypoints[0].model_names[1]: is also an auto model name (found auto); accepted: a new name",
                "p.yaml:39:36: entrypoints[0].model_names[3]: duplicate entrypoint, first at line 39 (found a)",
            ),
            Row(
                "- name: private",
                "- name: default",
                "p.yaml:39:43: entrypoints[0].recipe: unknown recipe (found private); accepted: default",
                "p.yaml:41:11: recipes[0].name: is the name of the top-level routing section (found default); accepted: another name",
            ),
            Row(
                "decisions: []",
                "modelCards: []",
                "p.yaml:43:7: recipes[0].routing.modelCards: belongs to the top-level routing section: all recipes share the models",
            ),
            Row(
                "decisions: []",
                "decisions: [{name: x, rules: {type: keyword, name: urgent}}]",
                "p.yaml:43:58: recipes[0].routing.decisions[0].rules.name: unknown signal of type keyword (found urgent); " +
                    "accepted: none is defined in this recipe",
            ),
            Row(
                "include_config_models_in_list: true",
                "auto_model_name: small",
                "p.yaml:10:13: providers.models[0].name: is also a name that asks for routing (found small); " +
                    "accepted: a name other than vllm-sr/auto, auto, small",
            ),
        )

    @Test
    fun `rejects global and gateway settings`() =
        check(
            Row(
                ROUTER,
                "router: {learning: {enabled: sure}}",
                "p.yaml:45:32: global.router.learning.enabled: wrong value (found sure); accepted: true or false",
            ),
            Row(
                ROUTER,
                "router: {config_source: kubernetes}",
                "p.yaml:45:27: global.router.config_source: $LATER (found kubernetes); accepted: file",
            ),
            Row(
                ROUTER,
                "router: {clear_route_cache: maybe}",
                "p.yaml:45:31: global.router.clear_route_cache: wrong value (found maybe); accepted: true or false",
            ),
            Row(
                ROUTER,
                "stores: {memory: {enbled: true}, semantic_cache: {}}",
                "p.yaml:45:21: global.stores.memory.enbled: unknown key (found enbled); accepted: $MEMORY_KEYS; did you mean enabled?",
                "p.yaml:45:36: global.stores.semantic_cache: is a name from before v0.3; accepted: response_cache",
            ),
            Row(
                ROUTER,
                "services: {ratelimit: {}, athz: {}}",
                "p.yaml:45:29: global.services.athz: unknown key (found athz); accepted: api, authz, management_api, observability, " +
                    "ratelimit, response_api, router_replay, startup_status; did you mean authz?",
            ),
            Row(
                ROUTER,
                "services: {authz: {identity: {user_id_header: \"a:b\"}}}",
                "p.yaml:45:49: global.services.authz.identity.user_id_header: is not a header name (found a:b); accepted: $HEADER_NAMES",
            ),
            Row(
                ROUTER,
                "services: {observability: {tracing: {exporter: {endpoint: \"a b\", protocol: udp}}}}",
                "p.yaml:45:61: global.services.observability.tracing.exporter.endpoint: is not an OTLP endpoint (found a b); " +
                    "accepted: host:port or http(s)://host:port",
                "p.yaml:45:78: global.services.observability.tracing.exporter.protocol: unknown value (found udp); " +
                    "accepted: grpc, http/protobuf",
            ),
            Row(
                "[10.0.0.0/8]",
                "[10.0.0.0/33, localhost, \"::1\"]",
                "p.yaml:47:19: gateway.trusted_peers[0]: is not a CIDR block (found 10.0.0.0/33); accepted: $CIDR",
                "p.yaml:47:32: gateway.trusted_peers[1]: is not a CIDR block (found localhost); accepted: $CIDR",
            ),
            Row(
                "trusted_peers: [10.0.0.0/8]",
                "extproc_tls: {certificate_file: a, client_ca_file: \"\"}",
                "p.yaml:47:16: gateway.extproc_tls.key_file: is required; accepted: a non-empty string",
                "p.yaml:47:54: gateway.extproc_tls.client_ca_file: is empty; accepted: a non-empty string",
            ),
            Row(
                "trusted_peers: [10.0.0.0/8]",
                "limits: {json_depth_max: 2, body_bytes_max: 2GiB}",
                "p.yaml:47:28: gateway.limits.json_depth_max: wrong value (found 2); accepted: a whole number from 4 to 1000",
                "p.yaml:47:47: gateway.limits.body_bytes_max: wrong value (found 2GiB); " +
                    "accepted: a size such as 4096, 64KiB or 32MiB from 1024 to 1073741824 bytes",
            ),
            Row(
                "trusted_peers: [10.0.0.0/8]",
                "limits: {body_bytes_in_flight_max: 1MiB}",
                "p.yaml:47:11: gateway.limits.body_bytes_in_flight_max: is less than body_bytes_max, which one body may have",
            ),
            Row(
                "trusted_peers: [10.0.0.0/8]",
                "forwarding: {total_timeout: 5s, idle_timeout: 10s, fall_back_on: [conect]}",
                "p.yaml:47:15: gateway.forwarding.idle_timeout: is longer than total_timeout",
                "p.yaml:47:69: gateway.forwarding.fall_back_on[0]: unknown value (found conect); " +
                    "accepted: connect, timeout, rate_limited, server_error, credentials; did you mean connect?",
            ),
            Row(
                "trusted_peers: [10.0.0.0/8]",
                "no_stream_usage_from: [large, small/lokal, azure-openai]",
                "p.yaml:47:33: gateway.no_stream_usage_from[1]: is no model, upstream or provider of this policy (found small/lokal); " +
                    "accepted: small, small/local, openai, large, large/cloud; did you mean small/local?",
                "p.yaml:47:46: gateway.no_stream_usage_from[2]: is no model, upstream or provider of this policy (found azure-openai); " +
                    "accepted: small, small/local, openai, large, large/cloud",
            ),
        )
}
