package routercluster.policy.config

import org.junit.jupiter.api.Test

/** Listeners, models and upstreams. Each row changes one text of a good policy and states every problem that follows. */
class ProviderRefusalTest {
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
            Row("timeout: 300s", "api_keys: a", "p.yaml:3:58: listeners[0].api_keys: wrong type (found a single value); accepted: a list"),
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
                "p.yaml:11:25: providers.models[0].reasoning_family: unknown reasoning family (found qwn); " +
                    "accepted: qwen; did you mean qwen?",
            ),
            Row(
                "reasoning_family: qwen",
                "api_format: antropic",
                "p.yaml:11:19: providers.models[0].api_format: unknown value (found antropic); accepted: openai, anthropic; " +
                    "did you mean anthropic?",
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
                "p.yaml:15:21: $LOCAL.endpoint: is not an address (found 127.0.0.1); " +
                    "accepted: host:port or [IPv6]:port; a URL goes into base_url",
            ),
            Row(
                "          endpoint: 127.0.0.1:8000\n",
                "",
                "p.yaml:14:11: $LOCAL: has no address; accepted: endpoint: host:port, or base_url: https://host/v1",
            ),
            Row(
                "https://api.example.com/v1",
                "https://user:pass@api.example.com/v1?key=abc",
                "p.yaml:19:35: $CLOUD.base_url: is not a URL that can be used (found https://***@api.example.com/v1?***); " +
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
                "p.yaml:19:75: $CLOUD.provider: $LATER (found anthropic); " +
                    "accepted: openai, azure-openai, bedrock, gemini, vertex-ai, minimax",
            ),
            Row("api_key_env: KEY", "protocol: http", "p.yaml:19:75: $CLOUD.protocol: contradicts base_url (found http); accepted: https"),
            Row(
                "api_key_env: KEY",
                "chat_path: chat",
                "p.yaml:19:76: $CLOUD.chat_path: is not a path (found chat); accepted: a path that starts with /",
            ),
        )
}
