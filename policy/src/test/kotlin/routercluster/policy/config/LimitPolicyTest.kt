package routercluster.policy.config

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.limits.Dimension
import routercluster.policy.limits.LimitAlgorithm
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.LimitMatch
import routercluster.policy.limits.LimitRule
import routercluster.policy.limits.LimitService
import routercluster.policy.limits.Pace

class LimitPolicyTest {
    private val priced = GOOD.replace(
        "reasoning_family: qwen\n",
        "reasoning_family: qwen\n      pricing: {currency: EUR, prompt_per_1m: 2, completion_per_1m: 10}\n",
    )

    private fun limits(services: String = "{}", rules: String = "", failOpen: Boolean = false) =
        loadPolicy(
            priced
                .replace(ROUTER, "services: {ratelimit: $services}")
                .replace("trusted_peers: [10.0.0.0/8]", "rate_limits: {fail_open: $failOpen, rules: [$rules]}")
                .replace("- name: urgent\n", "- {name: urgent, operator: OR, keywords: [now]}\n"),
            "p.yaml",
            mapOf("KEY" to "k")::get,
        ).limits

    private val window = LimitAlgorithm.SLIDING_WINDOW

    @Test
    fun `the seed's limits count requests and tokens of each user and model`() {
        val rules = "[{name: a, match: {group: ops, model: small}, requests_per_unit: 120, tokens_per_unit: 3000, unit: minute}]"
        val providers =
            "{fail_open: true, providers: [{type: envoy-ratelimit, address: \"rl:8081\", domain: api}, {type: local-limiter, rules: $rules}]}"
        val limits = limits(providers)
        val match = LimitMatch(group = "ops", model = "small")
        val per = setOf(Dimension.USER, Dimension.MODEL)
        limits.rules shouldBe
            listOf(
                LimitRule("a", LimitKind.REQUESTS, Pace(window, 120, 60_000), per, match, failOpen = true),
                LimitRule("a", LimitKind.TOKENS, Pace(window, 3_000, 60_000), per, match, failOpen = true),
            )
        limits.services shouldBe listOf(LimitService("rl:8081", "api", failOpen = true))
        limits("{providers: []}").isEmpty shouldBe true
    }

    @Test
    fun `ours count more kinds by more names`() {
        val money = "{name: money, kind: cost, amount: 0.5, window: 24h, per: [team], match: {model: small}}"
        val bucket = "{name: bucket, kind: tokens, amount: 100, burst: 500, algorithm: token_bucket, match: {decision: fast}}"
        limits(rules = "{name: all, kind: requests, amount: 10}, $money, $bucket").rules shouldBe
            listOf(
                LimitRule("all", LimitKind.REQUESTS, Pace(window, 10, 60_000)),
                LimitRule(
                    "money",
                    LimitKind.COST,
                    Pace(window, 500_000, 86_400_000),
                    setOf(Dimension.TEAM),
                    LimitMatch(model = "small"),
                    currency = "EUR",
                ),
                LimitRule(
                    "bucket",
                    LimitKind.TOKENS,
                    Pace(LimitAlgorithm.TOKEN_BUCKET, 100, 60_000, 500),
                    match = LimitMatch(decision = "fast"),
                ),
            )
    }

    private fun refused(rule: String, vararg problems: String) =
        check(Row("trusted_peers: [10.0.0.0/8]", "rate_limits: {rules: [$rule]}", *problems))

    private val at = "gateway.rate_limits.rules[0]"

    @Test
    fun `rejects what would limit nothing, or another thing than it says`() {
        refused(
            "{name: a, kind: requests, amount: 1, match: {model: smal}}",
            "p.yaml:47:77: $at.match.model: unknown model (found smal); accepted: small, large; did you mean small?",
        )
        refused(
            "{name: a, kind: requests, amount: 1, match: {decision: slow}}",
            "p.yaml:47:80: $at.match.decision: unknown decision (found slow); accepted: fast",
        )
        refused(
            "{name: a, kind: tokens, amount: 1.5}",
            "p.yaml:47:57: $at.amount: wrong value (found 1.5); accepted: a whole number of tokens",
        )
        refused("{name: a, kind: tokens, amount: 1, burst: 2}", "p.yaml:47:67: $at.burst: belongs to the algorithm token_bucket")
        refused(
            "{name: a, kind: tokens, amount: 1, burst: 2000, algorithm: token_bucket}",
            "p.yaml:47:67: $at.burst: would take too long to flow back (found 2000.0); accepted: at most 1000 times the amount",
        )
        refused("{name: a, kind: tokens, amount: 1, currency: EUR}", "p.yaml:47:70: $at.currency: belongs to a limit of kind cost")
        refused(
            "{name: a, kind: cost, amount: 1, currency: EUR}",
            "p.yaml:47:32: $at.name: would not count models without a price in EUR: small, large; accepted: a price for each, or a match.model",
        )
    }

    @Test
    fun `rejects services and limits in each other's place`() =
        check(
            Row(
                ROUTER,
                "services: {ratelimit: {providers: [{type: envoy-ratelimit, domain: api}]}}",
                "p.yaml:45:38: global.services.ratelimit.providers[0].address: is required; accepted: host:port",
            ),
            Row(
                ROUTER,
                "services: {ratelimit: {providers: [{type: local-limiter, domain: api}]}}",
                "p.yaml:45:68: global.services.ratelimit.providers[0].domain: belongs to a provider of type envoy-ratelimit",
            ),
        )
}
