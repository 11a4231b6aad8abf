package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

/** Each row changes one text of a good policy and states every problem that follows. */
class RefusalTest {
    private class Row(val old: String, val new: String, vararg val problems: String)

    @Test
    fun `the policy that the rows change is accepted`() {
        problemsOf(GOOD) shouldBe emptyList()
    }

    private fun check(vararg rows: Row) =
        assertSoftly {
            rows.forEach { row ->
                withClue("${row.old} -> ${row.new}") {
                    (row.old in GOOD) shouldBe true
                    problemsOf(GOOD.replace(row.old, row.new)) shouldBe row.problems.toList()
                }
            }
        }

    @Test
    fun `rejects what is not a document`() {
        assertSoftly {
            listOf(
                "" to "p.yaml:1:1: (root): is empty",
                "just words" to "p.yaml:1:1: (root): is not a policy; accepted: a mapping with version, providers and routing",
                "a: b: c" to "p.yaml:1:5: (root): is not valid YAML: mapping values are not allowed here",
                "a: [1" to "p.yaml:1:6: (root): is not valid YAML: expected ',' or ']', but got <stream end>",
                "a: 1\nb: {}\na: 2" to "p.yaml:3:1: (root): duplicate key a",
                "a: *x" to "p.yaml:1:4: (root): is not valid YAML: found undefined alias x",
                "a: &x [*x]" to "p.yaml:1:4: (root): contains itself through an alias",
                "a: !java.lang.String x" to "p.yaml:1:4: (root): has a tag that is not accepted: !java.lang.String",
                "a: 1\n---\nb: 2" to "p.yaml:2:1: (root): is not valid YAML: but found another document",
                "a: " + "[".repeat(65) to "p.yaml:1:67: (root): is nested more than 64 levels deep",
                "#" + "x".repeat(DocumentBounds.CHARS_MAX) to "p.yaml:1:1: (root): is larger than 4194304 characters",
                "[1, 2]: x" to "p.yaml:1:1: (root): is not valid YAML: Non scalar key is detected but it is not configured to be allowed.",
                laughs() to "p.yaml:1:1: (root): has more than 500000 values with its aliases written out",
            ).forEach { (text, problem) -> withClue(text.take(40)) { problemsOf(text) shouldBe listOf(problem) } }
        }
    }

    private fun laughs(): String =
        (1..7).fold("a0: &a0 [" + "x, ".repeat(10) + "]\n") { text, i -> text + "a$i: &a$i [" + "*a${i - 1}, ".repeat(10) + "]\n" }

    @Test
    fun `rejects former and missing parts`() =
        check(
            Row("version: v0.3", "version: v0.1", "p.yaml:1:10: version: is not a version that can be read (found v0.1); accepted: v0.3"),
            Row("version: v0.3", "", "p.yaml:2:1: version: is required; accepted: a non-empty string"),
            Row(
                "version: v0.3",
                "version: v0.3\nvllm_endpoints: []",
                "p.yaml:2:1: vllm_endpoints: is a name from before v0.3; accepted: providers.models[].backend_refs",
            ),
            Row(
                "version: v0.3",
                "version: v0.3\nsemantic_cache: {enabled: true}",
                "p.yaml:2:1: semantic_cache: is a name from before v0.3; accepted: global.stores.response_cache",
            ),
            Row("\ngateway:", "\ngatway:", "p.yaml:46:1: gatway: unknown key (found gatway); accepted: $ROOT_KEYS; did you mean gateway?"),
            Row(
                "\nrouting:",
                "\nroutin:",
                "p.yaml:1:1: routing: is required; accepted: a mapping, as in every v0.3 document",
                "p.yaml:20:1: routin: unknown key (found routin); accepted: $ROOT_KEYS; did you mean routing?",
            ),
        )

    @Test
    fun `rejects listeners`() =
        check(
            Row(
                "port: 8899",
                "port: 70000",
                "p.yaml:3:42: listeners[0].port: wrong value (found 70000); accepted: a whole number from 0 to 65535",
            ),
            Row(", timeout: 300s", "", *emptyArray()),
            Row(
                "timeout: 300s",
                "timeout: soon",
                "p.yaml:3:57: listeners[0].timeout: wrong value (found soon); " +
                    "accepted: a duration such as 250ms, 30s, 5m or 1h from 1ms to 24h",
            ),
            Row(
                "timeout: 300s}",
                "timeout: 300s}\n  - {name: http, address: 0.0.0.0, port: 8899}",
                "p.yaml:4:12: listeners[1].name: duplicate listener, first at line 3 (found http)",
                "p.yaml:4:42: listeners[1].port: is another listener's port already (found 8899); accepted: a port of its own",
            ),
            Row("timeout: 300s", "api_keys: [a]", "p.yaml:3:48: listeners[0].api_keys: $LATER"),
        )

    @Test
    fun `rejects providers`() =
        check(
            Row(
                "default_model: small",
                "default_model: smal",
                "p.yaml:6:20: providers.defaults.default_model: unknown model (found smal); accepted: small, large; did you mean small?",
            ),
            Row("default_model: small", "", "p.yaml:5:3: providers.defaults.default_model: is required; accepted: small, large"),
            Row(
                "type: chat_template_kwargs",
                "type: effort",
                "p.yaml:8:20: providers.defaults.reasoning_families.qwen.type: unknown value (found effort); " +
                    "accepted: chat_template_kwargs, reasoning_effort, top_level_reasoning_effort",
            ),
            Row(
                "reasoning_family: qwen",
                "reasoning_family: qwn",
                "p.yaml:11:25: providers.models[0].reasoning_family: unknown reasoning family (found qwn); accepted: qwen; did you mean qwen?",
            ),
            Row(
                "reasoning_family: qwen",
                "api_format: anthropic",
                "p.yaml:11:19: providers.models[0].api_format: $LATER (found anthropic); accepted: openai",
            ),
            Row(
                "retry_count: 2",
                "retry_count: 6",
                "p.yaml:12:34: providers.models[0].reliability.retry_count: wrong value (found 6); accepted: a whole number from 0 to 5",
            ),
            Row(
                ", retry_on: \"connect-failure,5xx\"",
                "",
                "p.yaml:12:20: providers.models[0].reliability.retry_on: is required with a retry_count above 0; accepted: $RETRY_WORDS",
            ),
            Row(
                "connect-failure,5xx",
                "connect-failures, retriable-4xx",
                "p.yaml:12:47: providers.models[0].reliability.retry_on: unknown value (found connect-failures); " +
                    "accepted: $RETRY_WORDS; did you mean connect-failure?",
                "p.yaml:12:47: providers.models[0].reliability.retry_on: $LATER (found retriable-4xx); accepted: $RETRY_WORDS",
            ),
            Row(
                "- name: large\n      b",
                "- name: small\n      b",
                "p.yaml:17:13: providers.models[1].name: duplicate model, first at line 10 (found small)",
                "p.yaml:23:14: routing.modelCards[0].name: has no model of its name in providers.models (found large); accepted: small",
                "p.yaml:33:19: routing.decisions[0].modelRefs[1].model: unknown model (found large); accepted: small",
            ),
        )

    @Test
    fun `rejects upstreams`() =
        check(
            Row(
                "weight: 80",
                "weight: -1",
                "p.yaml:16:19: $LOCAL.weight: wrong value (found -1); accepted: a whole number from 0 to 1000000",
            ),
            Row(
                "          weight: 80",
                "          wieght: 80",
                "p.yaml:16:11: $LOCAL.wieght: unknown key (found wieght); accepted: $BACKEND_KEYS; did you mean weight?",
            ),
            Row(
                "127.0.0.1:8000",
                "http://127.0.0.1:8000",
                "p.yaml:15:21: $LOCAL.endpoint: is not an address (found http://127.0.0.1:8000); " +
                    "accepted: host:port or [IPv6]:port; a URL goes into base_url",
            ),
            Row(
                "127.0.0.1:8000",
                "127.0.0.1",
                "p.yaml:15:21: $LOCAL.endpoint: is not an address (found 127.0.0.1); accepted: host:port or [IPv6]:port; a URL goes into base_url",
            ),
            Row(
                "          endpoint: 127.0.0.1:8000\n",
                "",
                "p.yaml:14:11: $LOCAL: has no address; accepted: endpoint: host:port, or base_url: https://host/v1",
            ),
            Row(
                "https://api.example.com/v1",
                "https://user:pass@api.example.com/v1",
                "p.yaml:19:35: $CLOUD.base_url: is not a URL that can be used (found https://user:pass@api.example.com/v1); " +
                    "accepted: http(s)://host[:port][/path] without user, query or fragment",
            ),
            Row(
                "api_key_env: KEY",
                "api_key_env: OTHER_KEY",
                "p.yaml:19:78: $CLOUD.api_key_env: environment variable OTHER_KEY is not set, and there is no api_key; " +
                    "accepted: a variable that is set",
            ),
            Row("api_key_env: KEY", "api_key: \"sk\\nsecret\"", "p.yaml:19:11: $CLOUD: $BAD_HEADER_VALUE"),
            Row("api_key_env: KEY", "extra_headers: {x-a: \"s\\nt\"}", "p.yaml:19:86: $CLOUD.extra_headers.x-a: $BAD_HEADER_VALUE"),
            Row(
                "api_key_env: KEY",
                "extra_headers: {Host: a}",
                "p.yaml:19:87: $CLOUD.extra_headers.Host: is a header that a policy cannot touch (found Host); accepted: $HEADER_NAMES",
            ),
            Row(
                "api_key_env: KEY",
                "provider: anthropic",
                "p.yaml:19:75: $CLOUD.provider: $LATER (found anthropic); accepted: openai, azure-openai, bedrock, gemini, vertex-ai, minimax",
            ),
            Row("api_key_env: KEY", "protocol: http", "p.yaml:19:75: $CLOUD.protocol: contradicts base_url (found http); accepted: https"),
            Row(
                "api_key_env: KEY",
                "chat_path: chat",
                "p.yaml:19:76: $CLOUD.chat_path: is not a path (found chat); accepted: a path that starts with /",
            ),
        )

    @Test
    fun `rejects routing`() =
        check(
            Row(
                "strategy: priority",
                "strategy: random",
                "p.yaml:21:13: routing.strategy: unknown value (found random); accepted: priority, confidence",
            ),
            Row(
                "{name: large, quality_score: 0.9",
                "{name: larg, quality_score: 1.5",
                "p.yaml:23:14: routing.modelCards[0].name: has no model of its name in providers.models (found larg); " +
                    "accepted: small, large; did you mean large?",
                "p.yaml:23:35: routing.modelCards[0].quality_score: wrong value (found 1.5); accepted: a number from 0.0 to 1.0",
                "p.yaml:33:50: routing.decisions[0].modelRefs[1].lora_name: unknown LoRA adapter of large (found code)",
            ),
            Row("    keywords:\n", "    embeddings: []\n    keywords:\n", "p.yaml:25:5: routing.signals.embeddings: $LATER"),
            Row(
                "    keywords:\n",
                "    taxonomy: []\n    keywords:\n",
                "p.yaml:25:5: routing.signals.taxonomy: is a name from before v0.3; accepted: kb",
            ),
            Row(
                "- name: urgent",
                "- {name: urgent}\n      - {name: urgent}",
                "p.yaml:27:9: routing.signals.keywords[1]: duplicate signal of type keyword, first at line 26 (found urgent)",
            ),
            Row(
                "- name: urgent",
                "- {name: urgent, unprovable: true}",
                "p.yaml:26:9: routing.signals.keywords[0]: cannot be proven (found urgent)",
            ),
            Row(
                "  decisions:\n    - name: fast",
                "  projections: {}\n  decisions:\n    - name: fast",
                "p.yaml:27:3: routing.projections: $LATER",
            ),
            Row(
                "priority: 10",
                "priority: high",
                "p.yaml:29:17: $FAST.priority: wrong value (found high); accepted: a whole number from -1000000000 to 1000000000",
            ),
            Row(
                "priority: 10",
                "emits: []\n      output_contract: x",
                "p.yaml:29:7: $FAST.emits: $LATER",
                "p.yaml:30:7: $FAST.output_contract: $LATER",
            ),
            Row(
                "model: small, weight",
                "model: tiny, weight",
                "p.yaml:32:19: $FAST.modelRefs[0].model: unknown model (found tiny); accepted: small, large",
            ),
            Row(
                "weight: 0.4",
                "weight: -0.4",
                "p.yaml:32:34: $FAST.modelRefs[0].weight: wrong value (found -0.4); accepted: a number from 0.0 to 1000000.0",
            ),
            Row(
                "weight: 0.4",
                "weight: NaN",
                "p.yaml:32:34: $FAST.modelRefs[0].weight: wrong value (found NaN); accepted: a number from 0.0 to 1000000.0",
            ),
            Row(
                "- {model: small, weight: 0.4}",
                "- {model: large, lora_name: code, reasoning_effort: hihg}",
                "p.yaml:32:61: $FAST.modelRefs[0].reasoning_effort: unknown value (found hihg); " +
                    "accepted: none, minimal, low, medium, high, xhigh, max; did you mean high?",
                "p.yaml:33:19: $FAST.modelRefs[1].model: duplicate candidate, first at line 32 (found large with code)",
            ),
            Row(
                "lora_name: code",
                "lora_name: coed",
                "p.yaml:33:50: $FAST.modelRefs[1].lora_name: unknown LoRA adapter of large (found coed); accepted: code; did you mean code?",
            ),
            Row(
                "type: weighted",
                "type: knn, knn: {k: 5}",
                "p.yaml:34:25: $FAST.algorithm.type: $LATER (found knn); accepted: static, weighted",
            ),
            Row(
                "type: weighted",
                "type: wieghted",
                "p.yaml:34:25: $FAST.algorithm.type: unknown value (found wieghted); accepted: static, weighted; did you mean weighted?",
            ),
            Row(
                "priority: 10",
                "annotations: {a: ${"x".repeat(5_000)}}",
                "p.yaml:29:7: $FAST.annotations: is too large (found 5001 bytes); accepted: at most 4096 bytes of keys and values in UTF-8",
            ),
            Row(
                "priority: 10",
                "annotations: {${(1..33).joinToString { "k$it: v" }}}",
                "p.yaml:29:7: $FAST.annotations: has too many keys (found 33); accepted: at most 32",
            ),
        )

    @Test
    fun `rejects rules`() =
        check(
            Row(
                RULES,
                "rules: {type: keyword, name: urgnt}",
                "p.yaml:30:36: $FAST.rules.name: unknown signal of type keyword (found urgnt); accepted: urgent; did you mean urgent?",
            ),
            Row(
                RULES,
                "rules: {type: language, name: es}",
                "p.yaml:30:37: $FAST.rules.name: unknown signal of type language (found es); accepted: none is defined in this recipe",
            ),
            Row(RULES, "rules: {type: domain, name: law}", "p.yaml:30:21: $FAST.rules.type: $LATER (found domain); accepted: $TYPES"),
            Row(
                RULES,
                "rules: {type: keywrd, name: urgent}",
                "p.yaml:30:21: $FAST.rules.type: unknown signal type (found keywrd); accepted: $TYPES; did you mean keyword?",
            ),
            Row(RULES, "rules: {type: keyword, name: urgent, label: A}", "p.yaml:30:51: $FAST.rules.label: $LATER"),
            Row(RULES, "rules: {type: keyword}", "p.yaml:30:14: $FAST.rules.name: is required; accepted: a non-empty string"),
            Row(
                RULES,
                "rules: {operator: XOR, conditions: []}",
                "p.yaml:30:25: $FAST.rules.operator: unknown value (found XOR); accepted: AND, OR, NOT; did you mean OR?",
            ),
            Row(
                RULES,
                "rules: {conditions: [{type: keyword, name: urgent}]}",
                "p.yaml:30:14: $FAST.rules.operator: is required with conditions; accepted: AND, OR, NOT",
            ),
            Row(
                RULES,
                "rules: {operator: OR}",
                "p.yaml:30:14: $FAST.rules.conditions: is required; accepted: at least one condition for OR",
            ),
            Row(
                RULES,
                "rules: {operator: NOT, conditions: []}",
                "p.yaml:30:42: $FAST.rules.conditions: does not fit NOT (found 0 conditions); accepted: exactly one",
            ),
            Row(
                RULES,
                "rules: {operator: AND, type: keyword, name: urgent}",
                "p.yaml:30:15: $FAST.rules.operator: does not go with type: a node is either a condition or an operator over conditions",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, predicate: {}}",
                "p.yaml:30:55: $FAST.rules.predicate: has no bound; accepted: at least one of gt, gte, lt, lte",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, predicate: {above: 1}}",
                "p.yaml:30:56: $FAST.rules.predicate.above: unknown key (found above); accepted: gt, gte, lt, lte",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, on_error: ignore}",
                "p.yaml:30:54: $FAST.rules.on_error: unknown value (found ignore); accepted: match, no_match, block",
            ),
            Row(
                RULES,
                "rules: " + "{operator: AND, conditions: [".repeat(16) + "{}" + "]}".repeat(16),
                "p.yaml:30:478: $FAST.rules${".conditions[0]".repeat(16)}: is nested too deep; accepted: at most 16 levels of conditions",
            ),
        )

    @Test
    fun `rejects plugins`() =
        check(
            Row("type: system_prompt", "type: rag", "p.yaml:36:17: $FAST.plugins[0].type: $LATER (found rag); accepted: $PLUGINS"),
            Row(
                "type: system_prompt",
                "type: system-prompt",
                "p.yaml:36:17: $FAST.plugins[0].type: unknown value (found system-prompt); accepted: $PLUGINS; did you mean system_prompt?",
            ),
            Row(
                "system_prompt: Be brief.",
                "mode: append",
                "p.yaml:37:26: $PLUGIN.system_prompt: is required; accepted: a non-empty string",
                "p.yaml:37:33: $PLUGIN.mode: unknown value (found append); accepted: insert, replace",
            ),
            Row(
                PLUGIN_TEXT,
                "type: fast_response\n          configuration: {enabled: true}",
                "p.yaml:37:26: $PLUGIN.message: is required; accepted: a non-empty string",
            ),
            Row(PLUGIN_TEXT, "type: fast_response", "p.yaml:36:11: $PLUGIN: is required; accepted: a mapping"),
            Row(
                PLUGIN_TEXT,
                "type: request_params\n          configuration: {blocked_params: [model], max_n: 0}",
                "p.yaml:37:44: $PLUGIN.blocked_params[0]: is a parameter that no request can do without (found model); accepted: any other",
                "p.yaml:37:59: $PLUGIN.max_n: wrong value (found 0); accepted: a whole number from 1 to 1000",
            ),
            Row(
                PLUGIN_TEXT,
                "type: header_mutation\n          configuration: {}",
                "p.yaml:37:26: $PLUGIN: has 0 edits; accepted: 1 to 64 headers under add, update or delete",
            ),
            Row(
                PLUGIN_TEXT,
                "type: header_mutation\n          configuration: {add: [{name: a b, value: c}], delete: [x, X]}",
                "p.yaml:37:40: $PLUGIN.add[0].name: is not a header name (found a b); accepted: $HEADER_NAMES",
                "p.yaml:37:69: $PLUGIN.delete[1]: duplicate header, first at line 37 (found x)",
            ),
            Row(
                PLUGIN_TEXT,
                "$PLUGIN_TEXT\n        - $PLUGIN_TEXT",
                "p.yaml:38:17: $FAST.plugins[1].type: duplicate plugin of this decision, first at line 36 (found system_prompt)",
            ),
        )

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
                "p.yaml:43:58: recipes[0].routing.decisions[0].rules.name: unknown signal of type keyword (found urgent); accepted: none is defined in this recipe",
            ),
            Row(
                "include_config_models_in_list: true",
                "auto_model_name: small",
                "p.yaml:10:13: providers.models[0].name: is also a name that asks for routing (found small); accepted: a name other than vllm-sr/auto, auto, small",
            ),
        )

    @Test
    fun `rejects global and gateway settings`() =
        check(
            Row(ROUTER, "router: {learning: {enabled: true}}", "p.yaml:45:12: global.router.learning: $LATER"),
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
            Row(ROUTER, "stores: {memory: {a: 1}}", "p.yaml:45:12: global.stores.memory: $LATER"),
            Row(
                ROUTER,
                "services: {ratelimit: {}, athz: {}}",
                "p.yaml:45:14: global.services.ratelimit: $LATER",
                "p.yaml:45:29: global.services.athz: unknown key (found athz); accepted: authz, observability; did you mean authz?",
            ),
            Row(
                ROUTER,
                "services: {authz: {identity: {user_id_header: \"a:b\"}}}",
                "p.yaml:45:49: global.services.authz.identity.user_id_header: is not a header name (found a:b); accepted: $HEADER_NAMES",
            ),
            Row(
                ROUTER,
                "services: {observability: {tracing: {enabled: true}}}",
                "p.yaml:45:39: global.services.observability.tracing.exporter: is required while tracing is enabled; accepted: an OTLP endpoint under exporter.endpoint, such as localhost:4317",
            ),
            Row(
                "[10.0.0.0/8]",
                "[10.0.0.0/33, localhost, \"::1\"]",
                "p.yaml:47:19: gateway.trusted_peers[0]: is not a CIDR block (found 10.0.0.0/33); accepted: $CIDR",
                "p.yaml:47:32: gateway.trusted_peers[1]: is not a CIDR block (found localhost); accepted: $CIDR",
            ),
            Row(
                "trusted_peers: [10.0.0.0/8]",
                "limits: {json_depth_max: 2, body_bytes_max: 2GiB}",
                "p.yaml:47:28: gateway.limits.json_depth_max: wrong value (found 2); accepted: a whole number from 4 to 1000",
                "p.yaml:47:47: gateway.limits.body_bytes_max: wrong value (found 2GiB); accepted: a size such as 4096, 64KiB or 32MiB from 1024 to 1073741824 bytes",
            ),
            Row(
                "trusted_peers: [10.0.0.0/8]",
                "forwarding: {total_timeout: 5s, idle_timeout: 10s, fall_back_on: [conect]}",
                "p.yaml:47:15: gateway.forwarding.idle_timeout: is longer than total_timeout",
                "p.yaml:47:69: gateway.forwarding.fall_back_on[0]: unknown value (found conect); accepted: connect, timeout, rate_limited, server_error, credentials; did you mean connect?",
            ),
        )

    @Test
    fun `all problems are reported together, in the order of the file`() {
        val text =
            GOOD
                .replace("name: urgent}", "name: urgnt}")
                .replace("version: v0.3", "version: v9")
                .replace("weight: 80", "weight: many")
                .replace("[10.0.0.0/8]", "[everyone]")
        problemsOf(text).map { it.substringBefore(" (found").substringAfter("p.yaml:") } shouldBe
            listOf(
                "1:10: version: is not a version that can be read",
                "16:19: $LOCAL.weight: wrong value",
                "30:36: $FAST.rules.name: unknown signal of type keyword",
                "47:19: gateway.trusted_peers[0]: is not a CIDR block",
            )
    }

    @Test
    fun `values from the environment are shown as written`() {
        val environment = mapOf("KEY" to "sk-secret\u0000", "PORT" to "sk-other-secret", "URL" to "sk-third")
        val text =
            GOOD
                .replace("weight: 80", "weight: \${PORT}")
                .replace("https://api.example.com/v1", "https://\$URL@host")
                .replace("strategy: priority", "strategy: \${NONE}")
        val problems = problemsOf(text, environment)
        problems.map { it.substringBefore(";") } shouldBe
            listOf(
                "p.yaml:16:19: $LOCAL.weight: wrong value (found \${PORT})",
                "p.yaml:19:35: $CLOUD.base_url: is not a URL that can be used (found https://\$URL@host)",
                "p.yaml:19:69: $CLOUD.api_key_env: is not a header value",
                "p.yaml:21:13: routing.strategy: environment variable NONE is not set (found \${NONE})",
            )
        problems.joinToString().contains("sk-") shouldBe false
    }
}

private const val LATER = Section.NOT_SUPPORTED_YET
private const val LOCAL = "providers.models[0].backend_refs[0]"
private const val CLOUD = "providers.models[1].backend_refs[0]"
private const val FAST = "routing.decisions[0]"
private const val PLUGIN = "routing.decisions[0].plugins[0].configuration"
private const val RULES = "rules: {type: keyword, name: urgent}"
private const val ROUTER = "router: {include_config_models_in_list: true}"
private const val PLUGIN_TEXT = "type: system_prompt\n          configuration: {system_prompt: Be brief.}"
private const val ROOT_KEYS = "entrypoints, gateway, global, listeners, providers, recipes, routing, version"
private const val BACKEND_KEYS =
    "api_key, api_key_env, api_version, auth_header, auth_prefix, base_url, chat_path, endpoint, extra_headers, name, protocol, " +
        "provider, type, weight"
private const val RETRY_WORDS = "connect-failure, refused-stream, reset, reset-before-request, gateway-error, 5xx, envoy-ratelimited"
private const val PLUGINS = "fast_response, request_params, system_prompt, header_mutation"
private const val TYPES = "authz, context, conversation, event, keyword, language, metadata, structure"
private const val HEADER_NAMES =
    "letters, digits and -, not host, connection, content-length, transfer-encoding, te, trailer, upgrade, keep-alive"
private const val BAD_HEADER_VALUE = "is not a header value; accepted: at most 8192 printable Latin-1 characters on one line"
private const val CIDR = "an address or a block such as 10.0.0.0/8 or fd00::/8"

private val GOOD =
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
