package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test
import routercluster.kit.House
import routercluster.mock.Fault
import routercluster.mock.RetryAfter
import routercluster.mock.Script

/** What a client sees when models, or clients, go wrong. */
internal interface FailureScenarios : DoorContract {
    @Test
    fun `an upstream that dies before its headers is tried again`() {
        house.large.next(Script(fault = Fault.Close))
        house.ask("hello", "large").status shouldBe 200
        house.large.requestCount shouldBe 2
    }

    @Test
    fun `an upstream that always dies before its headers`() {
        house.large.script = Script(fault = Fault.Close)
        unreachable(house.ask("hello", "large"))
    }

    @Test
    fun `all upstreams down`() {
        val reply = house.ask("nowhere")
        unreachable(reply)
        reply.header("x-vsr-selected-decision") shouldBe "nowhere"
        reply.header("x-vsr-selected-model") shouldBe "gone"
    }

    private fun unreachable(reply: Reply) =
        withClue("$reply") {
            reply.status shouldBe unreachableStatus
            reply.errorCode shouldBe "upstream_unavailable"
            reply.json.at("/error/type").textValue() shouldBe "server_error"
            reply.header("content-type") shouldNotBe null
            reply.header("x-request-id") shouldNotBe null
        }

    @Test
    fun `busy, then success`() {
        for (fault in listOf(
            Fault.Status(429),
            Fault.Status(429, RetryAfter.Seconds(0)),
            Fault.Status(429, RetryAfter.Seconds(1)),
            Fault.Status(503),
        )) {
            house.reset()
            house.large.next(Script(fault = fault))
            withClue("$fault") { house.ask("hello", "large").status shouldBe 200 }
            house.large.requestCount shouldBe 2
        }
    }

    @Test
    fun `busy for good`() {
        house.large.script = Script(fault = Fault.Status(429))
        val reply = house.ask("hello", "large")
        reply.status shouldBe 429
        withClue("the model's own words") { reply.errorCode shouldBe "rate_limit_exceeded" }
        house.large.requestCount shouldBe 2
    }

    @Test
    fun `busy for longer than we wait`() {
        house.large.next(Script(fault = Fault.Status(429, RetryAfter.Seconds(60))))
        val reply = house.ask("hello", "large")
        reply.status shouldBe 429
        reply.header("retry-after") shouldBe "60"
        reply.header("x-should-retry") shouldBe "false"
        house.large.requestCount shouldBe 1
    }

    @Test
    fun `a model's refusal is the client's to have`() {
        for (status in listOf(400, 404, 422)) {
            house.reset()
            house.large.script = Script(fault = Fault.Status(status))
            val reply = house.ask("stacktrace")
            reply.status shouldBe status
            reply.header("x-vsr-selected-model") shouldBe "large"
            house.large.requestCount shouldBe 1
        }
    }

    @Test
    fun `a decision's next model answers for one that fails`() {
        house.large.script = Script(fault = Fault.Status(500))
        val reply = house.ask("stacktrace")
        withClue("$reply") {
            reply.status shouldBe 200
            reply.header("x-vsr-selected-model") shouldBe "small"
            reply.header("x-router-attempt") shouldBe "3"
        }
        house.large.requestCount shouldBe 2
        house.small.requestCount shouldBe 1
    }

    @Test
    fun `bad JSON`() {
        val reply = house.post("""{"model":"auto",""")
        reply.status shouldBe 400
        reply.errorCode shouldBe "invalid_json"
        reply.json.at("/error/type").textValue() shouldBe "invalid_request_error"
        house.ask("hello").status shouldBe 200
    }

    @Test
    fun `a body of two mebibytes passes, one over the limit does not`() {
        val text = "word ".repeat(2 * 1024 * 1024 / 5)
        val reply = house.ask(text)
        withClue("$reply") {
            reply.status shouldBe 200
            reply.header("x-vsr-selected-decision") shouldBe "long"
        }
        house.large.seen
            .single()
            .json()
            .at("/messages/0/content")
            .textValue() shouldBe text
        val tooLarge = house.ask("x".repeat(House.BODY_BYTES_MAX))
        tooLarge.status shouldBe 413
        tooLarge.errorCode shouldBe "body_too_large"
        house.large.requestCount + house.small.requestCount shouldBe 1
    }

    @Test
    fun `unknown names`() {
        val rows =
            listOf(
                Triple(chat("x", "nobody"), 404, "model_not_found"),
                Triple(chat("x", "auto:model=nobody"), 404, "model_not_found"),
                Triple(chat("x", "auto:recipe=none"), 404, "recipe_not_found"),
                Triple(chat("x", "auto:fly"), 400, "unknown_model_switch"),
            )
        for ((body, status, code) in rows) {
            val reply = house.post(body)
            withClue(body) {
                reply.status shouldBe status
                reply.errorCode shouldBe code
            }
        }
        house.get("/v1/nothing").errorCode shouldBe "unknown_path"
        house.get("/v1/models/nobody").status shouldBe 404
        house.small.requestCount shouldBe 0
    }
}
