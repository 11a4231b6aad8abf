package routercluster.gateway.pipeline

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.refusingPort
import routercluster.mock.Fault
import routercluster.mock.RetryAfter
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.FailureClass
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.request.TokenEstimate
import routercluster.telemetry.AnswerPath
import routercluster.telemetry.RouterEvent

/** `both` tries the model large, then small. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FallBackTest {
    private val small = mockLlm(Script(promptTokens = 100, tokens = 10))
    private val large = mockLlm()
    private val decisions = mapOf("both" to "modelRefs: [{model: large}, {model: small}]")
    private val router =
        TestGateway(policyText(small.port, decisions, large.port, gateway = "{forwarding: {first_byte_timeout: 300ms}}"))

    @BeforeEach
    fun forget() {
        small.reset()
        large.reset()
        router.heard.forget()
    }

    @AfterAll
    fun close() {
        router.close()
        small.close()
        large.close()
    }

    @Test
    fun `the next candidate serves, and the answer names it`() {
        val rows = listOf(
            Fault.Status(500) to FailureClass.SERVER_ERROR,
            Fault.Status(429) to FailureClass.RATE_LIMITED,
            Fault.Close to FailureClass.CONNECT,
        )
        assertSoftly {
            rows.forEach { (fault, failure) ->
                withClue(fault) {
                    router.heard.forget()
                    large.next(Script(fault = fault))
                    val answer = router.chat("both")
                    answer.status shouldBe 200
                    answer.headers("x-router-attempt", "x-vsr-selected-model", "x-router-upstream", "x-should-retry") shouldBe
                        listOf("2", "small", "small/a", null)
                    val done = router.heard.await<RouterEvent.Completed>().single()
                    router.heard.of<RouterEvent.AttemptEnded>().map { it.model to it.failure } shouldBe
                        listOf("large" to failure, "small" to null)
                    (done.model to done.errorCode) shouldBe ("small" to null)
                    done.cost shouldBe (0.0003 plusOrMinus 1e-12)
                }
            }
        }
    }

    @Test
    fun `an attempt that was not waited for is billed by its estimated prompt`() {
        large.next(Script(fault = Fault.Silence()))
        router.chat("both").header("x-router-attempt") shouldBe "2"
        val done = router.heard.await<RouterEvent.Completed>().single()
        val estimate = TokenEstimate.of(listOf(Message(Role.USER, "both")), toolCount = 0)
        done.cost shouldBe (0.0003 + estimate * 20e-6 plusOrMinus 1e-12)
        done.costEstimated shouldBe (estimate * 20e-6 plusOrMinus 1e-12)
        done.tokensEstimated shouldBe false
        done.currency shouldBe "EUR"
    }

    @Test
    fun `a spent budget of attempts is said, with the last answer`() {
        val limited = Script(fault = Fault.Status(429, RetryAfter.Seconds(9)))
        large.next(limited)
        small.next(limited)
        val answer = router.chat("both")
        answer.status shouldBe 429
        answer.headers("x-should-retry", "retry-after", "x-router-attempt") shouldBe listOf("false", "9", "2")
        val done = router.heard.await<RouterEvent.Completed>().single()
        (done.path to done.errorCode) shouldBe (AnswerPath.UPSTREAM to "upstream_429")
    }

    @Test
    fun `a client's own mistake is not tried elsewhere`() {
        large.next(Script(fault = Fault.Status(400)))
        val answer = router.chat("both")
        answer.status shouldBe 400
        answer.headers("x-should-retry", "x-router-attempt") shouldBe listOf(null, "1")
        small.requestCount shouldBe 0
    }

    @Test
    fun `no answer at all is an error of ours`() {
        large.next(Script(fault = Fault.Silence()))
        val late = router.chat("Hello", model = "large")
        (late.status to late.code) shouldBe (504 to "upstream_timeout")
        TestGateway(policyText(refusingPort(), decisions)).use { other ->
            val none = other.chat("both")
            (none.status to none.code) shouldBe (502 to "upstream_unavailable")
            none.headers("x-should-retry", "x-vsr-response-path", "x-vsr-selected-decision") shouldBe listOf("false", "error", "both")
            val done = other.heard.await<RouterEvent.Completed>().single()
            listOf(done.status, done.path, done.errorCode, done.model, done.cost) shouldBe
                listOf(502, AnswerPath.ERROR, "upstream_unavailable", null, null)
            other.heard.of<RouterEvent.AttemptEnded>().size shouldBe 2
        }
    }
}
