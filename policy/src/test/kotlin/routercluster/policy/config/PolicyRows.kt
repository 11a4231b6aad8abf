package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import routercluster.policy.config.format.algorithmFormat

/** A change of one text of [GOOD], and every problem that follows from it. */
internal class Row(val old: String, val new: String, vararg val problems: String)

internal fun check(vararg rows: Row) =
    assertSoftly {
        rows.forEach { row ->
            withClue("${row.old} -> ${row.new}") {
                (row.old in GOOD) shouldBe true
                problemsOf(GOOD.replace(row.old, row.new)) shouldBe row.problems.toList()
            }
        }
    }

internal const val LATER = Section.NOT_SUPPORTED_YET
internal const val LOCAL = "providers.models[0].backend_refs[0]"
internal const val CLOUD = "providers.models[1].backend_refs[0]"
internal const val FAST = "routing.decisions[0]"
internal const val PLUGIN = "routing.decisions[0].plugins[0].configuration"
internal const val RULES = "rules: {type: keyword, name: urgent}"
internal const val ROUTER = "router: {include_config_models_in_list: true}"
internal const val PLUGIN_TEXT = "type: system_prompt\n          configuration: {system_prompt: Be brief.}"
internal const val ROOT_KEYS = "entrypoints, gateway, global, listeners, providers, recipes, routing, version"
internal const val BACKEND_KEYS =
    "api_key, api_key_env, api_version, auth_header, auth_prefix, base_url, chat_path, endpoint, extra_headers, name, protocol, " +
        "provider, type, weight"
internal const val RETRY_WORDS = "connect-failure, refused-stream, reset, reset-before-request, gateway-error, 5xx, envoy-ratelimited"
internal const val PLUGINS =
    "fast_response, request_params, system_prompt, header_mutation, response_cache, rag, memory, context_compression, tools, " +
        "tool_selection, image_gen, hallucination, response_jailbreak, router_replay"
internal val ALGORITHMS = algorithmFormat.cases
    ?.byValue
    .orEmpty()
    .keys
    .joinToString()
internal const val TYPES = "authz, context, conversation, event, keyword, language, metadata, projection, structure"
internal const val HEADER_NAMES =
    "letters, digits and -, not host, connection, content-length, transfer-encoding, te, trailer, upgrade, keep-alive"
internal const val BAD_HEADER_VALUE = "is not a header value; accepted: at most 8192 printable Latin-1 characters on one line"
internal const val CIDR = "an address or a block such as 10.0.0.0/8 or fd00::/8"

internal val GOOD =
    """
    version: v0.3
    listeners:
      - {name: http, address: 0.0.0.0, port: 8899, timeout: 300s}
    providers:
      defaults:
        default_model: small
        reasoning_families:
          qwen: {type: chat_template_kwargs, parameter: enable_thinking}
      models:
        - name: small
          reasoning_family: qwen
          reliability: {retry_count: 2, retry_on: "connect-failure,5xx"}
          backend_refs:
            - name: local
              endpoint: 127.0.0.1:8000
              weight: 80
        - name: large
          backend_refs:
            - {name: cloud, base_url: "https://api.example.com/v1", api_key_env: KEY}
    routing:
      strategy: priority
      modelCards:
        - {name: large, quality_score: 0.9, loras: [{name: code}]}
      signals:
        keywords:
          - name: urgent
      decisions:
        - name: fast
          priority: 10
          rules: {type: keyword, name: urgent}
          modelRefs:
            - {model: small, weight: 0.4}
            - {model: large, weight: 0.6, lora_name: code}
          algorithm: {type: weighted}
          plugins:
            - type: system_prompt
              configuration: {system_prompt: Be brief.}
    entrypoints:
      - {model_names: [team/private], recipe: private}
    recipes:
      - name: private
        routing:
          decisions: []
    global:
      router: {include_config_models_in_list: true}
    gateway:
      trusted_peers: [10.0.0.0/8]
    """.trimIndent()
