package routercluster.mock

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import java.time.Duration
import java.util.concurrent.TimeoutException

class ControlTest {
    private val mock = mockLlm()

    @AfterEach
    fun close() = mock.close()

    private fun ask(): Int = mock.post("/v1/chat/completions", chat()).status().code()

    @Test
    fun `a full script is read from JSON`() {
        val json =
            """
            {"headers_delay_ms": 5, "first_token_delay_ms": 6, "tokens_per_second": 20.5, "answer": {"text": "t"}, "tokens": 7,
             "tool_calls": [{"name": "f", "arguments": "{}"}], "prompt_tokens": 8, "cached_tokens": 2, "usage": false,
             "headers": {"x-a": "b"}, "fault": {"type": "status", "status": 429, "retry_after": {"date_ms": 10}}, "fault_rate": 0.5,
             "models": ["m1"], "healthy": false}
            """
        readScript(json.toByteArray()) shouldBe
            Script(
                headersDelay = Duration.ofMillis(5),
                firstTokenDelay = Duration.ofMillis(6),
                tokensPerSecond = 20.5,
                answer = Answer.Text("t"),
                tokens = 7,
                toolCalls = listOf(ToolCall("f", "{}")),
                promptTokens = 8,
                cachedTokens = 2,
                usage = false,
                headers = mapOf("x-a" to "b"),
                fault = Fault.Status(429, RetryAfter.Date(Duration.ofMillis(10))),
                faultRate = 0.5,
                models = listOf("m1"),
                healthy = false,
            )
        readScript("{}".toByteArray()) shouldBe Script()
    }

    @Test
    fun `every fault is read from JSON`() {
        val rows =
            mapOf(
                """{"type":"status"}""" to Fault.Status(500),
                """{"type":"status","status":503,"retry_after":{"seconds":1}}""" to Fault.Status(503, RetryAfter.Seconds(1)),
                """{"type":"status","status":429,"retry_after":{"ms":9}}""" to Fault.Status(429, RetryAfter.Millis(9)),
                """{"type":"raw","status":201,"content_type":"a/b","body":"x"}""" to Fault.Raw(201, "a/b", "x"),
                """{"type":"close"}""" to Fault.Close,
                """{"type":"cut","after_chunks":3}""" to Fault.Cut(3),
                """{"type":"silence"}""" to Fault.Silence(0),
            )
        rows.forEach { (json, fault) -> readScript("""{"fault":$json}""".toByteArray()).fault shouldBe fault }
    }

    @Test
    fun `a wrong script is refused with what is right`() {
        val rows =
            mapOf(
                "[]" to "script: accepted: an object",
                """{"token": 1}""" to
                    "token is unknown: accepted: answer, cached_tokens, fault, fault_rate, first_token_delay_ms, headers, " +
                    "headers_delay_ms, healthy, models, prompt_tokens, tokens, tokens_per_second, tool_calls, usage",
                """{"tokens": "5"}""" to "tokens: accepted: a whole number from 0",
                """{"tokens": 1000001}""" to "tokens must be 0 to 1000000, found 1000001",
                """{"tokens_per_second": 0}""" to "tokensPerSecond must be positive, found 0.0",
                """{"answer": "loud"}""" to """answer: accepted: "named", "echo" or {"text": ...}""",
                """{"fault": {"type": "fire"}}""" to "fault.type: accepted: status, raw, close, cut or silence",
                """{"fault": {"type": "status", "status": 200}}""" to "a fault's status must be 400 to 599, found 200",
                """{"fault": {"type": "status", "retry_after": {}}}""" to "retry_after: accepted: seconds, date_ms or ms",
                """{"fault_rate": 2}""" to "faultRate must be 0 to 1, found 2.0",
                """{"headers": {"a": 1}}""" to "headers.a: accepted: a string",
            )
        rows.forEach { (json, message) ->
            shouldThrow<InvalidScript> { readScript(json.toByteArray()) }.message shouldBe message
            val refused = mock.post("/script", json)
            refused.status().code() shouldBe 400
            refused.json().at("/error/message").textValue() shouldBe message
        }
        ask() shouldBe 200
    }

    @Test
    fun `a posted script holds until the next, a queued one for its requests`() {
        mock.post("/script", """{"fault":{"type":"status","status":503}}""").status().code() shouldBe 204
        ask() shouldBe 503
        mock.post("/script?next=2", """{"fault":{"type":"status","status":429}}""").status().code() shouldBe 204
        List(3) { ask() } shouldBe listOf(429, 429, 503)
        mock.script = Script()
        mock.next(Script(fault = Fault.Status(500)))
        List(2) { ask() } shouldBe listOf(500, 200)
        mock.post("/script?next=x", "{}").status().code() shouldBe 400
        mock.post("/script?next=0", "{}").status().code() shouldBe 400
    }

    @Test
    fun `requests are kept as they came, up to a bound`() {
        mock.post("/v1/chat/completions?a=b", chat("keep me"))
        val seen = mock.awaitRequests(1).single()
        seen.method shouldBe "POST"
        seen.path shouldBe "/v1/chat/completions?a=b"
        seen.headers.contentType().toString() shouldBe "application/json"
        seen.json().at("/messages/1/content").textValue() shouldBe "keep me"
        val client = mock.client()
        List(MockState.SEEN_MAX + 10) { client.execute(request("/v1/completions", "{}")).aggregate() }.forEach { it.join() }
        mock.seen.size shouldBe MockState.SEEN_MAX
        mock.requestCount shouldBe MockState.SEEN_MAX + 11
        mock.reset()
        mock.seen.size shouldBe 0
        mock.requestCount shouldBe 0
    }

    @Test
    fun `waiting in vain says for what`() {
        shouldThrow<TimeoutException> { mock.awaitRequests(2, Duration.ofMillis(1)) }.message shouldBe
            "waited 1 ms for 2 requests, found 0"
    }

    @Test
    fun `health and stats stand beside the API`() {
        ask()
        mock
            .client()
            .get("/stats")
            .aggregate()
            .join()
            .json()["requests"]
            .intValue() shouldBe 1
        mock
            .client()
            .get("/health")
            .aggregate()
            .join()
            .status()
            .code() shouldBe 200
        mock.script = Script(healthy = false, fault = Fault.Close)
        mock
            .client()
            .get("/health")
            .aggregate()
            .join()
            .status()
            .code() shouldBe 503
        mock.requestCount shouldBe 1
    }

    @Test
    fun `headers of the script are in every answer`() {
        mock.script = Script(headers = mapOf("x-ratelimit-remaining-requests" to "9"))
        for (body in listOf(chat(), chat(more = ""","stream":true"""))) {
            mock.post("/v1/chat/completions", body).headers()["x-ratelimit-remaining-requests"] shouldBe "9"
        }
    }
}
