package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test
import routercluster.mock.Answer
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.ToolCall
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** How answers come through a door: in order, at once, whole or visibly broken. */
internal interface StreamScenarios : DoorContract {
    @Test
    fun `events arrive while the model is still at work`() {
        house.small.next(Script(fault = Fault.Silence(afterChunks = 3)))
        RawHttp(house.port).use { client ->
            client.send(wire(chat("hello", more = STREAMED)))
            val head = checkNotNull(client.head())
            head.status shouldBe 200
            head.headers.getValue("content-type") shouldContain "text/event-stream"
            head.headers["x-vsr-selected-model"] shouldBe "small"
            // The model sends nothing more, and yet these are here.
            val events = List(3) { client.event().orEmpty() }
            events.joinToString("") { said("$it\n\n") } shouldBe "This is "
        }
        house.small.awaitCancelled(1)
    }

    @Test
    fun `a client that leaves within a stream cancels the model's work`() {
        house.small.next(Script(tokens = 100_000, tokensPerSecond = 100.0))
        RawHttp(house.port).use { client ->
            client.send(wire(chat("hello", more = STREAMED)))
            client.head()?.status shouldBe 200
            client.event()
        }
        house.small.awaitCancelled(1)
        house.ask("hello").status shouldBe 200
    }

    @Test
    fun `a client that leaves before the answer begins cancels the model's work`() {
        house.small.next(Script(headersDelay = Duration.ofSeconds(15)))
        RawHttp(house.port).use { client ->
            client.send(wire(chat("hello")))
            house.small.awaitRequests(1)
        }
        house.small.awaitCancelled(1)
        house.small.requestCount shouldBe 1
    }

    @Test
    fun `a stream comes through byte by byte`() {
        val text = List(500) { "Wort$it 漢字 🦆\u00e9\n" }.joinToString("")
        house.small.script = Script(answer = Answer.Text(text))
        for (more in listOf(STREAMED, "$STREAMED,\"stream_options\":{\"include_usage\":true}")) {
            val direct = post(house.small.port, "/v1/chat/completions", chat("hello", "small-v2", more))
            val routed = house.post(chat("hello", more = more)).text
            sameId(routed) shouldBe sameId(direct)
            said(routed) shouldBe text
            routed shouldEndWith "data: [DONE]\n\n"
        }
    }

    @Test
    fun `a stream over HTTP 1,0 has no chunks and ends with its connection`() {
        RawHttp(house.port).use { connection ->
            connection.send(wire(chat("hello", more = STREAMED)).replace("HTTP/1.1", "HTTP/1.0"))
            val answer = checkNotNull(connection.read())
            withClue("${answer.headers}") {
                (answer.version to answer.status) shouldBe ("HTTP/1.0" to 200)
                answer.headers["transfer-encoding"] shouldBe null
                answer.headers["connection"] shouldBe "close"
            }
            said(answer.body) shouldStartWith "This is small-v2"
            answer.body shouldEndWith "data: [DONE]\n\n"
            connection.read() shouldBe null
        }
    }

    @Test
    fun `a whole answer comes through byte by byte`() {
        house.small.script = Script(answer = Answer.Echo)
        val text = "Ärger \"quoted\" \\ 漢字 🦆 \u0007 \u2028 e\u0301"
        val direct = post(house.small.port, "/v1/chat/completions", chat(text, "small-v2"))
        val routed = house.ask(text)
        sameId(routed.text) shouldBe sameId(direct)
        routed.content shouldBe text
    }

    @Test
    fun `tool calls pass untouched`() {
        val tools =
            """[ {"type":"function", "function":{"name":"wetter_für","parameters":{"type":"object","properties":{"n":{"const":1.50e+2}}}}} ]"""
        val history =
            """{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{ \"a\":1.0 }"}}]}"""
        val answer = """{"role":"tool","tool_call_id":"c1","content":"\u00e9\/"}"""
        val body = """{"model":"auto","messages":[{"role":"user","content":"x"},$history,$answer],"tools":$tools,"tool_choice":"auto"}"""
        house.small.script =
            Script(toolCalls = listOf(ToolCall("wetter_für", """{ "stadt": "Zürich",  "n": 1.50 }"""), ToolCall("f", "{}")))
        for (more in listOf("", STREAMED)) {
            val asked = body.dropLast(1) + more + "}"
            val direct = post(house.small.port, "/v1/chat/completions", asked.replace("\"auto\",\"messages\"", "\"small-v2\",\"messages\""))
            val routed = house.post(asked)
            sameId(routed.text) shouldBe sameId(direct)
            val sent = house.small.seen
                .last()
                .text()
            withClue(sent) { sent shouldContain "$history,$answer],\"tools\":$tools,\"tool_choice\":\"auto\"" }
        }
    }

    @Test
    fun `200 streams run side by side`() {
        house.small.script = Script(answer = Answer.Echo, tokensPerSecond = 40.0)
        val texts = List(STREAMS) { n -> "stream $n " + List(20) { "$n.$it" }.joinToString(" ") }
        val answers = texts.map { house.postAsync(chat(it, more = STREAMED)) }
        CompletableFuture.allOf(*answers.toTypedArray()).get(WAIT_SECONDS, TimeUnit.SECONDS)
        answers.map { said(it.join().text) } shouldBe texts
        house.small.requestCount shouldBe STREAMS
    }

    @Test
    fun `a stream that breaks off is told from a whole one`() {
        // Paced, so that the answer has begun at the client when it ends.
        house.large.next(Script(fault = Fault.Cut(afterChunks = 3), tokensPerSecond = 10.0))
        RawHttp(house.port).use { client ->
            client.send(wire(chat("hello", "large", STREAMED)))
            client.head()?.status shouldBe 200
            client.brokenStream()
        }
        withClue("an answer that has begun is not asked for again") { house.large.requestCount shouldBe 1 }
        house.ask("hello").status shouldBe 200
    }

    /** What follows the head of a stream that the model broke off after three events. */
    fun RawHttp.brokenStream() {
        val events = generateSequence { event() }.toList()
        events shouldHaveSize 4
        val error = parsed(events.last().removePrefix("data: ")).path("error")
        error.path("code").textValue() shouldBe "upstream_stream_cut"
        error.path("type").textValue() shouldBe "server_error"
    }

    @Test
    fun `an answer that breaks off cannot pass for whole`() {
        house.large.next(Script(fault = Fault.Cut(afterChunks = 1)))
        RawHttp(house.port).use { client ->
            client.send(wire(chat("hello", "large")))
            val whole =
                try {
                    client.read()
                } catch (_: IOException) {
                    null
                }
            withClue("what has not begun at the client may still become an error: ${whole?.body}") {
                whole?.status shouldBeIn listOf(null, 502, 503)
                whole?.let { parsed(it.body).at("/error/code").textValue() shouldBe "upstream_unavailable" }
            }
        }
    }

    private companion object {
        const val STREAMS = 200
        const val WAIT_SECONDS = 30L
    }
}
