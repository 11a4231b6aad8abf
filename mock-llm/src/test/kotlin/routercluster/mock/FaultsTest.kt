package routercluster.mock

import com.linecorp.armeria.common.HttpStatus
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import java.util.concurrent.CompletionException
import java.util.concurrent.TimeUnit

class FaultsTest {
    private val mock = mockLlm(Script(answer = Answer.Text("one two three")), clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC))
    private val protocols = listOf("h1c", "h2c")
    private val streamed = chat(more = ""","stream":true""")

    @AfterEach
    fun close() = mock.close()

    @Test
    fun `an error status comes in the shape of the API, with each form of Retry-After`() {
        mock.script = Script(fault = Fault.Status(429, RetryAfter.Seconds(3)))
        val limited = mock.post("/v1/chat/completions", streamed)
        limited.status() shouldBe HttpStatus.TOO_MANY_REQUESTS
        limited.headers()["retry-after"] shouldBe "3"
        limited.json().at("/error/code").textValue() shouldBe "rate_limit_exceeded"
        mock.script = Script(fault = Fault.Status(429, RetryAfter.Date(Duration.ofSeconds(90))))
        mock.post("/v1/chat/completions", chat()).headers()["retry-after"] shouldBe "Thu, 1 Jan 1970 00:01:30 GMT"
        mock.script = Script(fault = Fault.Status(529, RetryAfter.Millis(250)))
        val overloaded = mock.post("/v1/messages", "{}")
        overloaded.status().code() shouldBe 529
        overloaded.headers()["retry-after-ms"] shouldBe "250"
        overloaded.json().at("/error/type").textValue() shouldBe "overloaded_error"
    }

    @Test
    fun `a share of requests fails, the same share for the same seed`() {
        fun failures(): Int =
            mockLlm(Script(fault = Fault.Status(500), faultRate = 0.3), seed = 7).use { other ->
                val client = other.client()
                val calls = List(200) { client.execute(request("/v1/completions", "{}")).aggregate() }
                calls.count { it.join().status().code() == 500 }
            }
        val first = failures()
        first shouldBeInRange 40..80
        failures() shouldBe first
    }

    @Test
    fun `a raw answer is sent as it is`() {
        mock.script = Script(fault = Fault.Raw(200, "text/html", "<html>"))
        val answer = mock.post("/v1/chat/completions", chat())
        answer.contentUtf8() shouldBe "<html>"
        answer.headers().contentType().toString() shouldBe "text/html"
    }

    @Test
    fun `a connection is closed before the headers`() {
        mock.script = Script(fault = Fault.Close)
        for (protocol in protocols) {
            val call = mock.client(protocol).execute(request("/v1/chat/completions", chat())).aggregate()
            shouldThrow<CompletionException> { call.join() }
        }
        mock.cancelledCount shouldBe 0
        mock.script = Script()
        mock.post("/v1/chat/completions", chat()).status().code() shouldBe 200
    }

    @Test
    fun `a stream is cut after some chunks, which all arrive`() {
        mock.script = Script(answer = Answer.Text("one two three"), fault = Fault.Cut(2))
        for (protocol in protocols) {
            val arrival = Arrival(mock.client(protocol).execute(request("/v1/chat/completions", streamed)))
            arrival.headers().status().code() shouldBe 200
            val text = StringBuilder()
            while ("one" !in text) text.append(arrival.chunk())
            text.toString() shouldContain "assistant"
            arrival.end.get(10, TimeUnit.SECONDS).shouldNotBeNull()
            arrival.rest().shouldBeEmpty()
        }
    }

    @Test
    fun `a whole answer is cut in the middle of its body`() {
        mock.script = Script(fault = Fault.Cut(1))
        val arrival = Arrival(mock.client().execute(request("/v1/chat/completions", chat())))
        val promised = arrival.headers().contentLength()
        arrival.chunk().length.toLong() shouldBe promised / 2
        arrival.end.get(10, TimeUnit.SECONDS).shouldNotBeNull()
    }

    @Test
    fun `after headers there is silence until the client leaves, which is noticed`() {
        for ((index, protocol) in protocols.withIndex()) {
            mock.script = Script(fault = Fault.Silence())
            val arrival = Arrival(mock.client(protocol).execute(request("/v1/chat/completions", streamed)))
            arrival.headers().status().code() shouldBe 200
            arrival.rest().shouldBeEmpty()
            arrival.end.isDone shouldBe false
            arrival.cancel()
            mock.awaitCancelled(index + 1)
        }
    }

    @Test
    fun `a client that leaves before the headers is noticed too`() {
        mock.script = Script(headersDelay = Duration.ofMinutes(5))
        val response = mock.client().execute(request("/v1/chat/completions", chat()))
        val arrival = Arrival(response)
        mock.awaitRequests(1)
        response.abort()
        mock.awaitCancelled(1)
        arrival.end.isDone shouldBe true
    }

    @Test
    fun `paces add up to the time that they promise`() {
        val script =
            Script(
                headersDelay = Duration.ofMillis(30),
                firstTokenDelay = Duration.ofMillis(30),
                tokensPerSecond = 100.0,
                answer = Answer.Text("a b c d"),
            )
        mock.script = script
        for (body in listOf(streamed, chat())) {
            val beganNanos = System.nanoTime()
            val answer = mock.post("/v1/chat/completions", body)
            answer.status().code() shouldBe 200
            // Never early; how late is the machine's affair.
            val tookMillis = (System.nanoTime() - beganNanos) / 1_000_000
            tookMillis shouldBeInRange 95L..30_000L
        }
    }

    @Test
    fun `a long stream arrives whole and in order`() {
        mock.script = Script(answer = Answer.Text("x"), tokens = 20_000)
        val events = mock.post("/v1/chat/completions", streamed).events()
        events.size shouldBe 20_003
        events.last() shouldBe "[DONE]"
    }
}
