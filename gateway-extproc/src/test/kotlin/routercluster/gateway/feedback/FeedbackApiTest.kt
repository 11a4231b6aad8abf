package routercluster.gateway.feedback

import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.FailureClass
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.telemetry.RouterEvent

class FeedbackApiTest {
    private val mock = mockLlm(Script(tokens = 5))
    private val outcomes = MemoryOutcomes()
    private val text = policyText(mock.port, mapOf("code" to "modelRefs: [{model: large}], algorithm: {type: thompson}"))
    private val secret = ByteArray(32) { 7 }
    private val router = TestGateway(text, outcomes = outcomes, replaySecret = secret)

    @AfterEach
    fun close() {
        router.close()
        mock.close()
    }

    private fun verdicts(): VerdictSums = outcomes.measured(KEY).statistics("large").verdicts

    private fun give(field: String, id: String?, rest: String, vararg headers: Pair<String, String>): Answer =
        router.post("/v1/feedback", """{"$field": "$id", $rest}""", *headers)

    @Test
    fun `a replay id says to any node what feedback on it needs`() {
        val id = router.chat("code").header("x-vsr-replay-id").shouldNotBeNull()
        id shouldStartWith "r1."
        TestGateway(text, outcomes = outcomes, replaySecret = secret).use { other ->
            val answer = other.post("/v1/feedback", """{"replay_id": "$id", "thumb": "up"}""")
            answer.status shouldBe 202
            answer.json["repeated"].booleanValue() shouldBe false
        }
        give("replay_id", id, """"thumb": "up"""").json["repeated"].booleanValue() shouldBe true
        verdicts() shouldBe VerdictSums(goodFit = 1_000)
        router.admin("/decisions/$id").json["decision"].textValue() shouldBe "code"
    }

    @Test
    fun `a request id is enough where its record is kept`() {
        val id = router.chat("code").header("x-request-id")
        give("request_id", id, """"score": 0.25""").status shouldBe 202
        verdicts() shouldBe VerdictSums(goodFit = 250, underpowered = 750)
        give("request_id", id, """"thumb": "up"""").let { it.status to it.code } shouldBe (409 to "feedback_contradicts")
        give("request_id", id, """"thumb": "down"""", "idempotency-key" to "second").status shouldBe 202
    }

    @Test
    fun `what was never routed, or signed by somebody else, is not known`() {
        val stranger = TestGateway(text, outcomes = outcomes, replaySecret = ByteArray(32) { 8 })
        val foreign = stranger.use { it.chat("code").header("x-vsr-replay-id") }
        listOf("never", "r1.", "r1.!!", "r1.AAAA", foreign).forEach { id ->
            withClue(id) { give("replay_id", id, """"thumb": "up"""").let { it.status to it.code } shouldBe (404 to "unknown_request") }
        }
        verdicts() shouldBe VerdictSums.NONE
    }

    @Test
    fun `feedback that may be lost is not accepted`() {
        outcomes.away = true
        val answer = give("replay_id", router.chat("code").header("x-vsr-replay-id"), """"thumb": "up"""")
        answer.status to answer.code shouldBe (503 to "feedback_not_kept")
        answer.header("retry-after") shouldBe "1"
    }

    @Test
    fun `a body that does not say one thing of one request is refused`() {
        val rows = listOf(
            """{"thumb": "up"}""" to "invalid_value",
            """{"replay_id": "a", "request_id": "b", "thumb": "up"}""" to "invalid_value",
            """{"replay_id": "a"}""" to "invalid_value",
            """{"replay_id": "a", "thumb": "up", "score": 1}""" to "invalid_value",
            """{"replay_id": "a", "thumb": "sideways"}""" to "invalid_value",
            """{"replay_id": "a", "score": 2}""" to "invalid_value",
            """{"replay_id": "a", "thumb": "up", "stars": 5}""" to "unknown_field",
        )
        rows.forEach { (body, code) ->
            withClue(body) { router.post("/v1/feedback", body).let { it.status to it.code } shouldBe (400 to code) }
        }
    }

    @Test
    fun `operators' tools use the seed's words`() {
        val id = router.chat("code").header("x-vsr-replay-id")
        val body = """{"replay_id": "$id", "source": "judge", "target": "model", "verdict": "overprovisioned", "reason": "x"}"""
        router.call("/v1/router/outcomes", body, "idempotency-key" to "k").status shouldBe 202
        router.call("/v1/router/outcomes", body, "idempotency-key" to "k").json["repeated"].booleanValue() shouldBe true
        verdicts() shouldBe VerdictSums(overprovisioned = 1_000)
        val route = body.replace("\"target\": \"model\"", "\"target\": \"route\"")
        router.call("/v1/router/outcomes", route).let { it.status to it.code } shouldBe (400 to "unsupported_target")
    }

    @Test
    fun `every answer and every failure is an outcome, and nothing stays in flight`() {
        router.chat("code").status shouldBe 200
        mock.script = Script(fault = Fault.Status(500))
        router.chat("code").status shouldBe 500
        router.heard.await<RouterEvent.Completed>(2)
        router.heard.await<RouterEvent.Left>(2)
        val (good, bad) = outcomes.attempts
        good.failure.shouldBeNull()
        good.key shouldBe KEY
        good.model shouldBe "large"
        good.answer?.completionTokens shouldBe 5
        good.costNanos shouldNotBe 0
        bad.failure shouldBe FailureClass.SERVER_ERROR
        bad.answer.shouldBeNull()
        outcomes.inFlight("large") shouldBe 0
        router.admin("/metrics").body shouldContain "router_outcomes_dropped"
    }

    private companion object {
        val KEY = SelectionKey("default", "code")
    }
}
