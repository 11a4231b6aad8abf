package routercluster.gateway.limits

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.telemetry.RouterEvent

/** Limits as a client of the HTTP door meets them. */
class LimitedRequestsTest {
    private val mock = mockLlm(Script(promptTokens = 100, tokens = 10))

    @BeforeEach
    fun forget() = mock.reset()

    @AfterEach
    fun close() = mock.close()

    private fun gateway(vararg rules: String, decisions: Map<String, String> = emptyMap()) =
        TestGateway(
            policyText(
                mock.port,
                decisions,
                gateway = "{trusted_peers: [127.0.0.0/8], rate_limits: {rules: [${rules.joinToString()}]}}",
            ),
        )

    private fun TestGateway.ask(user: String = "ann", prompt: String = "Hello", fields: String = ""): Answer =
        chat(prompt, "x-authz-user-id" to user, fields = fields)

    /** After [answer] has been settled, which may be a moment after the client has all of it. */
    private fun TestGateway.settled(
        answer: Answer,
    ): Answer = answer.also { heard.await<RouterEvent.Left>(heard.of<RouterEvent.Entered>().size) }

    @Test
    fun `requests beyond the limit are refused in OpenAI's words, and other callers are not`() {
        gateway("{name: two, kind: requests, amount: 2, window: 1h, per: [user]}").use { router ->
            val served = List(2) { router.settled(router.ask()) }
            served.map { it.status } shouldBe listOf(200, 200)
            served.map { it.header("x-ratelimit-remaining-requests") } shouldBe listOf("1", "0")
            served.first().header("x-ratelimit-limit-requests") shouldBe "2"
            served.first().header("x-ratelimit-reset-requests").shouldNotBeNull() shouldContain "h"
            val refused = router.ask()
            (refused.status to refused.code) shouldBe (429 to "rate_limit_exceeded")
            refused.json.at("/error/type").textValue() shouldBe "rate_limit_exceeded"
            refused.headers("x-vsr-response-path", "x-ratelimit-remaining-requests", "x-should-retry") shouldBe
                listOf("rate_limited", "0", "false")
            refused.header("retry-after").shouldNotBeNull().toInt() shouldBeInRange 3_500..3_700
            refused.body shouldNotContain "ann"
            router.ask(user = "bob").status shouldBe 200
            mock.seen.size shouldBe 3
            val metrics = router.admin("/metrics").body
            metrics shouldContain """router_limit_asked_total{outcome="denied",rule="two"} 1.0"""
            metrics shouldNotContain "ann"
        }
    }

    @Test
    fun `tokens are reserved by what the request allows and paid by what it took`() {
        gateway("{name: tokens, kind: tokens, amount: 1000, window: 1h, per: [user]}").use { router ->
            val first = router.settled(router.ask(fields = ""","max_tokens":800"""))
            first.headers("x-ratelimit-limit-tokens").single() shouldBe "1000"
            // 110 of them were used: what is left is enough for another.
            val second = router.settled(router.ask(fields = ""","max_tokens":800"""))
            second.status shouldBe 200
            val refused = router.ask(fields = ""","max_tokens":900""")
            (refused.status to refused.code) shouldBe (429 to "rate_limit_exceeded")
            refused.header("x-ratelimit-remaining-tokens") shouldBe "780"
        }
    }

    @Test
    fun `a budget is paid at the price of the model, and says so when it is used up`() {
        // 100 prompt tokens at 2 and 10 of the answer at 10 a million: 300 millionths.
        gateway("{name: money, kind: cost, amount: 0.0007, window: 24h, per: [team]}").use { router ->
            val answers = List(4) { router.settled(router.chat("Hello", "x-authz-team-id" to "blue", fields = ""","max_tokens":10""")) }
            answers.map { it.status } shouldBe listOf(200, 200, 429, 429)
            answers.last().code shouldBe "budget_exceeded"
            answers.last().header("x-ratelimit-limit-requests") shouldBe null
            router.chat("Hello", "x-authz-team-id" to "red", fields = ""","max_tokens":10""").status shouldBe 200
        }
    }

    @Test
    fun `a decision that keeps within the budget goes on with a cheaper model when little is left`() {
        val constrained = mapOf(
            "deep" to "modelRefs: [{model: large}, {model: small}], algorithm: {type: static, constraints: {within_budget: true}}",
        )
        // Some 1,000 tokens at 20 a million are 0.02 before they are sent; the bill is 0.003 each. After three less than a prompt is left, which
        // is all that the constraint reckons with until answers are known; the limit itself reckons with the answer that is asked for.
        val money = "{name: money, kind: cost, amount: 0.0285, currency: EUR, window: 24h, per: [user]}"
        gateway(money, decisions = constrained).use { router ->
            val prompt = "deep " + "word ".repeat(1_000)
            val answers = List(7) { router.settled(router.ask(prompt = prompt, fields = ""","max_tokens":10""")) }
            answers.map { it.status }.toSet() shouldBe setOf(200)
            val picked = answers.map { it.header("x-vsr-selected-model") }
            picked.first() shouldBe "large"
            picked.last() shouldBe "small"
            val record = router.admin("/decisions/${answers.last().header("x-request-id")}").body
            record shouldContain "is left of the caller's budget"
            router.ask(user = "bob", prompt = prompt).header("x-vsr-selected-model") shouldBe "large"
        }
    }

    @Test
    fun `limits of models and decisions are asked once it is decided`() {
        val rules =
            arrayOf(
                "{name: large, kind: requests, amount: 1, window: 1h, match: {model: large}}",
                "{name: routes, kind: requests, amount: 2, window: 1h, per: [decision], match: {decision: \"*\"}}",
            )
        val decisions = mapOf("hard" to "modelRefs: [{model: large}]", "easy" to "modelRefs: [{model: small}]")
        gateway(*rules, decisions = decisions).use { router ->
            router.ask(prompt = "hard").status shouldBe 200
            val refused = router.ask(prompt = "hard")
            refused.status shouldBe 429
            refused.headers("x-vsr-selected-decision", "x-vsr-response-path") shouldBe listOf("hard", "rate_limited")
            List(3) { router.ask(prompt = "easy").status } shouldBe listOf(200, 200, 429)
            router.ask(prompt = "else").status shouldBe 200
        }
    }

    @Test
    fun `a fall-back is paid by the model that answered, and one request by the one that refused`() {
        val rules =
            "{name: tokens, kind: tokens, amount: 1000, window: 1h, per: [model]}, " +
                "{name: requests, kind: requests, amount: 2, window: 1h, per: [model]}"
        val text =
            policyText(
                mock.port,
                mapOf("both" to "modelRefs: [{model: large}, {model: small}]", "one" to "modelRefs: [{model: small}]"),
                gateway = "{rate_limits: {rules: [$rules]}}",
            )
        TestGateway(text).use { router ->
            mock.next(Script(fault = Fault.Status(500)))
            val fellBack = router.settled(router.chat("both", fields = ""","max_tokens":800"""))
            fellBack.headers("x-vsr-selected-model") shouldBe listOf("small")
            // The small model has had 110 tokens and one request, the large one a request.
            val other = router.settled(router.chat("one", fields = ""","max_tokens":10"""))
            other.headers("x-ratelimit-remaining-requests") shouldBe listOf("0")
            router.chat("one").status shouldBe 429
            val large = router.settled(router.chat("both", fields = ""","max_tokens":990"""))
            listOf(large.status, large.header("x-vsr-selected-model")) shouldBe listOf(200, "large")
            large.header("x-ratelimit-remaining-requests") shouldBe "0"
        }
    }

    @Test
    fun `what reached no model costs nothing`() {
        val answered = mapOf("canned" to "plugins: [{type: fast_response, configuration: {message: Closed.}}]")
        gateway("{name: two, kind: requests, amount: 2, window: 1h, per: [user]}", decisions = answered).use { router ->
            assertSoftly {
                repeat(5) { withClue("canned") { router.settled(router.ask(prompt = "canned")).status shouldBe 200 } }
                repeat(5) {
                    withClue("unknown model") {
                        router.settled(router.chat("x", "x-authz-user-id" to "ann", model = "none")).status shouldBe
                            404
                    }
                }
            }
            List(3) { router.settled(router.ask()).status } shouldBe listOf(200, 200, 429)
        }
    }

    @Test
    fun `what reached a model in vain counts`() {
        gateway("{name: one, kind: requests, amount: 1, window: 1h, per: [user]}").use { router ->
            mock.next(Script(fault = Fault.Status(400)))
            router.settled(router.ask()).status shouldBe 400
            router.ask().status shouldBe 429
        }
    }

    @Test
    fun `nobody escapes by having no name, and a stranger's word counts for nothing`() {
        val rule = "{name: one, kind: requests, amount: 1, window: 1h, per: [user]}"
        val text = policyText(mock.port, gateway = "{rate_limits: {rules: [$rule]}}")
        TestGateway(text).use { router ->
            listOf("ann", "bob", "eve").map { router.ask(user = it).status } shouldBe listOf(200, 429, 429)
        }
    }

    @Test
    fun `keys that a trusted peer lets pass have counts of their own`() {
        gateway("{name: one, kind: requests, amount: 1, window: 1h, per: [key]}").use { router ->
            val keys = listOf("Bearer one", "Bearer two", "Bearer one")
            keys.map { router.chat("Hello", "authorization" to it).status } shouldBe listOf(200, 200, 429)
        }
    }

    @Test
    fun `a request of another kind than chat is limited too`() {
        gateway("{name: one, kind: requests, amount: 1, window: 1h}").use { router ->
            val body = """{"model":"small","input":"Hello"}"""
            List(2) { router.post("/v1/embeddings", body).status } shouldBe listOf(200, 429)
        }
    }

    @Test
    fun `the seed's limits hold by user and model`() {
        val seed =
            """
            global:
              services:
                ratelimit:
                  providers:
                    - type: local-limiter
                      rules:
                        - {name: ann, match: {user: ann, model: small}, requests_per_unit: 1, unit: hour}
            """.trimIndent().replace("\n", "\n        ")
        TestGateway(policyText(mock.port, gateway = "{trusted_peers: [127.0.0.0/8]}", more = seed)).use { router ->
            List(2) { router.ask().status } shouldBe listOf(200, 429)
            List(2) { router.ask(user = "bob").status } shouldBe listOf(200, 200)
        }
    }
}
