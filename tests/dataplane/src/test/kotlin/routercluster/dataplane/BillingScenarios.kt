package routercluster.dataplane

import com.fasterxml.jackson.databind.JsonNode
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.mock.Answer
import routercluster.mock.Fault
import routercluster.mock.Script
import java.io.IOException

/** What answers are billed, and what their clients see of it. The model `large` is not asked to count the tokens of streams. */
internal interface BillingScenarios : DoorContract {
    @Test
    fun `a stream is counted by its model, and a client sees that only where it asked`() {
        val text = List(200) { "Wort$it \"usage\":null 漢字 🦆\n" }.joinToString("")
        for (options in listOf("", ASKING, ""","stream_options":{"include_usage":false,"include_obfuscation":false}""")) {
            house.reset()
            house.small.script = Script(answer = Answer.Text(text), promptTokens = 100, cachedTokens = 40)
            val more = STREAMED + options
            val direct = post(house.small.port, "/v1/chat/completions", chat("hello", "small-v2", more))
            val routed = house.post(chat("hello", more = more))
            withClue(options) {
                sameId(routed.text) shouldBe sameId(direct)
                routed.text.contains("\"usage\"") shouldBe (options == ASKING)
                routed.text shouldEndWith "data: [DONE]\n\n"
                house.small.seen
                    .last()
                    .json()
                    .at("/stream_options/include_usage")
                    .booleanValue() shouldBe true
                val usage = house.usageOf(routed.header("x-request-id"))
                usage.path("estimated").booleanValue() shouldBe false
                tokens(usage) shouldBe (100 to 800)
                usage.path("cached_tokens").intValue() shouldBe 40
                usage.path("cost").doubleValue() shouldBe (100 * 2e-6 + 800 * 10e-6 plusOrMinus 1e-9)
            }
        }
    }

    @Test
    fun `a model that must not be asked is not, and its streams are billed by an estimate`() {
        val reply = house.post(chat("hello", "large", STREAMED))
        house.large.seen
            .single()
            .text() shouldNotContain "stream_options"
        estimated(reply.header("x-request-id"), 12..30)
    }

    @Test
    fun `a model that does not count is billed by an estimate`() {
        house.small.script = Script(usage = false)
        for (more in listOf("", STREAMED, STREAMED + ASKING)) {
            withClue(more) { estimated(house.post(chat("hello", more = more)).header("x-request-id"), 12..30) }
        }
    }

    @Test
    fun `a client that leaves within a stream is billed for what has passed`() {
        house.small.next(Script(fault = Fault.Silence(afterChunks = 7)))
        val id =
            RawHttp(house.port).use { client ->
                client.send(wire(chat("hello", more = STREAMED)))
                val head = checkNotNull(client.head())
                repeat(7) { client.event() }
                head.headers["x-request-id"]
            }
        estimated(id, 4..12)
    }

    @Test
    fun `a model that breaks off within a stream is billed for what it sent`() {
        house.small.next(Script(fault = Fault.Cut(afterChunks = 7), tokensPerSecond = 20.0))
        val id =
            RawHttp(house.port).use { client ->
                client.send(wire(chat("hello", more = STREAMED)))
                val head = checkNotNull(client.head())
                client.drain()
                head.headers["x-request-id"]
            }
        estimated(id, 4..12)
    }

    @Test
    fun `Anthropic's own counts are read`() {
        house.small.script = Script(promptTokens = 100, cachedTokens = 40, tokens = 10)
        val body = """{"model":"small","max_tokens":99,"messages":[{"role":"user","content":"hello"}]"""
        for (more in listOf("}", "$STREAMED}")) {
            val reply = house.post(body + more, "/v1/messages")
            val usage = house.usageOf(reply.header("x-request-id"))
            withClue("$more: $reply") {
                tokens(usage) shouldBe (100 to 10)
                usage.path("estimated").booleanValue() shouldBe false
            }
        }
    }

    private fun estimated(id: String?, completionTokens: IntRange) {
        val usage = house.usageOf(id)
        withClue("$usage") {
            usage.path("estimated").booleanValue() shouldBe true
            val (prompt, completion) = tokens(usage)
            prompt shouldBe PROMPT_TOKENS
            completion shouldBeInRange completionTokens
            usage.path("cost_estimated").doubleValue() shouldBe usage.path("cost").doubleValue()
        }
    }

    private fun tokens(usage: JsonNode): Pair<Int, Int> =
        usage.path("prompt_tokens").intValue() to usage.path("completion_tokens").intValue()

    /** Reads on until the answer ends, in whatever way. */
    private fun RawHttp.drain() {
        try {
            while (event() != null) continue
        } catch (_: IOException) {
            return
        }
    }

    private companion object {
        const val ASKING = ""","stream_options":{"include_usage":true}"""

        /** One for hello, four for its message. */
        const val PROMPT_TOKENS = 5
    }
}
