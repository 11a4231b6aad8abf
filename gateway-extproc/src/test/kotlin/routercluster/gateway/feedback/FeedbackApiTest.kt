package routercluster.gateway.feedback

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
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
import routercluster.policy.outcomes.PairSums
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.telemetry.RouterEvent

class FeedbackApiTest {
    private val mock = mockLlm(Script(tokens = 5))
    private val outcomes = MemoryOutcomes()
    private val text = policyText(mock.port, DECISIONS)
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
    fun `which of two models did better is taken from clients and from operators' tools`() {
        val pairs = policyText(mock.port, mapOf("code" to "modelRefs: [{model: large}, {model: small}], algorithm: {type: elo}"))
        TestGateway(pairs, outcomes = outcomes, replaySecret = secret).use { gateway ->
            val id = gateway.chat("code").header("x-vsr-replay-id")
            val won = """{"replay_id": "$id", "winner_model": "small", "loser_model": "large"}"""
            gateway.post("/v1/feedback", won).status shouldBe 202
            gateway.post("/v1/feedback", won).json["repeated"].booleanValue() shouldBe true
            // A verdict on the answer is another statement.
            gateway.post("/v1/feedback", """{"replay_id": "$id", "thumb": "up"}""").status shouldBe 202
            gateway.post("/v1/feedback", won.replace("small", "tiny")).let { it.status to it.code } shouldBe (400 to "unknown_model")
            gateway.post("/v1/feedback", """{"replay_id": "$id", "winner_model": "small"}""").code shouldBe "missing_field"
            gateway.post("/v1/feedback", won.replace("large", "small")).code shouldBe "invalid_value"
            val models = """"winner_model": "large", "loser_model": "small", "tie": true"""
            val tie = """{"replay_id": "$id", $models, "score": 0.5, "source": "judge"}"""
            gateway.call("/v1/router/outcomes", tie, "content-type" to "application/x-ndjson").body shouldContain "\"status\":202"
        }
        val learnt = outcomes.learnt(KEY).toCompletableFuture().join()
        learnt.pairs.values.single() shouldBe PairSums(first = 250, second = 1_250)
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

    private fun bulk(vararg lines: String): List<JsonNode> {
        val answer = router.post("/v1/feedback", lines.joinToString("\n"), "content-type" to "application/x-ndjson")
        withClue(answer.body) { answer.status shouldBe 200 }
        return answer.body
            .trimEnd()
            .lines()
            .map { ObjectMapper().readTree(it) }
    }

    private fun statuses(told: List<JsonNode>) =
        told.map { Triple(it["line"].intValue(), it["status"].intValue(), it["error"]?.get("code")?.textValue()) }

    @Test
    fun `of a body of lines each is told what became of it, and bad ones harm no other`() {
        val (first, second) = List(2) { router.chat("code").header("x-vsr-replay-id") }
        val told = bulk(
            """{"replay_id": "$first", "thumb": "up"}""",
            """{"replay_id": "$first", "thumb": """,
            "",
            """{"replay_id": "$second", "score": 0.5, "idempotency_key": "a"}""",
            """{"replay_id": "nobody", "thumb": "up"}""",
            """{"replay_id": "$first", "thumb": "up"}""",
            """{"replay_id": "$second", "thumb": "up", "reason": "${"x".repeat(70_000)}"}""",
        )
        statuses(told.take(4)) shouldBe listOf(
            Triple(1, 202, null),
            Triple(2, 400, "invalid_json"),
            Triple(4, 202, null),
            Triple(5, 404, "unknown_request"),
        )
        told[4]["status"].intValue() shouldBe 202
        statuses(told.drop(5)) shouldBe listOf(Triple(7, 413, "body_too_large"))
        verdicts() shouldBe VerdictSums(goodFit = 1_500, underpowered = 500)
        router.admin("/metrics").body shouldContain """router_feedback_total{outcome="counted"} 2.0"""
    }

    @Test
    fun `a body of too many lines counts as a whole for nothing`() {
        val line = """{"replay_id": "${router.chat("code").header("x-vsr-replay-id")}", "thumb": "up"}"""
        val answer = router.post(
            "/v1/feedback",
            List(BulkLimits.LINES_MAX + 1) { line }.joinToString("\n"),
            "content-type" to "application/x-ndjson",
        )
        answer.status to answer.code shouldBe (413 to "too_many_lines")
        verdicts() shouldBe VerdictSums.NONE
        router.post("/v1/feedback", "\n\n", "content-type" to "application/x-ndjson").status shouldBe 400
    }

    @Test
    fun `lines that may be lost are told so, and those behind them are not tried`() {
        outcomes.away = true
        val id = router.chat("code").header("x-vsr-replay-id")
        val lines = List(BulkLimits.UNDER_WAY_MAX + 3) { """{"replay_id": "$id", "thumb": "up", "idempotency_key": "$it"}""" }
        val told = bulk(*lines.toTypedArray())
        told.map { it["status"].intValue() }.toSet() shouldBe setOf(503)
        told.last()["line"].intValue() shouldBe lines.size
        outcomes.judged shouldBe BulkLimits.UNDER_WAY_MAX
    }

    @Test
    fun `operators' tools give many outcomes in one body`() {
        val id = router.chat("code").header("x-vsr-replay-id")
        val line = { source: String -> """{"replay_id": "$id", "source": "$source", "target": "model", "verdict": "failed"}""" }
        val answer = router.call("/v1/router/outcomes", line("a") + "\n" + line("b"), "content-type" to "application/x-ndjson")
        answer.body
            .trimEnd()
            .lines()
            .size shouldBe 2
        verdicts() shouldBe VerdictSums(failed = 2_000)
    }

    @Test
    fun `one caller's word counts up to its bound, and that of operators' tools without one`() {
        val bounded = policyText(mock.port, DECISIONS, gateway = "{feedback_per_identity_max: 3}")
        TestGateway(bounded, outcomes = outcomes, replaySecret = secret).use { gateway ->
            val id = gateway.chat("code").header("x-vsr-replay-id")
            val answers = List(5) {
                gateway.post("/v1/feedback", """{"replay_id": "$id", "thumb": "down"}""", "idempotency-key" to "$it")
            }
            answers.map { it.status } shouldBe listOf(202, 202, 202, 429, 429)
            answers.last().code shouldBe "feedback_capped"
            val body = """{"replay_id": "$id", "source": "judge", "target": "model", "verdict": "underpowered"}"""
            gateway.call("/v1/router/outcomes", body).status shouldBe 202
        }
        verdicts() shouldBe VerdictSums(underpowered = 4_000)
    }

    @Test
    fun `what was learnt and what was picked is shown`() {
        val id = router.chat("code").header("x-vsr-replay-id")
        give("replay_id", id, """"score": 0.25""").status shouldBe 202
        router.heard.await<RouterEvent.Left>(1)
        val learnt = router.admin("/selection").json["decisions"].single()
        learnt["decision"].textValue() shouldBe "code"
        val model = learnt["models"].single()
        model["last_15_minutes"]["attempts"].longValue() shouldBe 1
        model["last_30_days"]["good_share"].doubleValue() shouldBe 0.25
        model["frozen"].isNull shouldBe true
        router.admin("/metrics").body shouldContain
            """router_picks_total{decision="code",explored="false",model="large",recipe="default"} 1.0"""
    }

    private companion object {
        val KEY = SelectionKey("default", "code")
        val DECISIONS = mapOf("code" to "modelRefs: [{model: large}], algorithm: {type: thompson}")
    }
}
