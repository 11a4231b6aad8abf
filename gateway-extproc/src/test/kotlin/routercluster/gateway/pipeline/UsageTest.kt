package routercluster.gateway.pipeline

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.record.UsageNote
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.request.TokenEstimate
import routercluster.telemetry.RouterEvent
import java.io.InputStream

/** Every answer is billed: by what its upstream counts where it does, else by an estimate that says so. `large` is not asked to count. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UsageTest {
    private val script = Script(promptTokens = 100, tokens = 10, cachedTokens = 40)
    private val mock = mockLlm(script)
    private val router = TestGateway(policyText(mock.port, gateway = "{no_stream_usage_from: [large]}"))

    @BeforeEach
    fun forget() {
        mock.reset()
        mock.script = script
        router.heard.forget()
    }

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    private val stream = ""","stream":true"""
    private val asking = """$stream,"stream_options":{"include_usage":true}"""

    private fun done(): RouterEvent.Completed = router.heard.await<RouterEvent.Completed>().single()

    private fun record(id: String?): UsageNote? = decisionRecordOf(router.admin("/decisions/$id").body).usage

    @Test
    fun `a stream is asked for its usage, which only a client that asked for it sees`() {
        for ((fields, asked) in listOf(stream to false, asking to true, """$stream,"stream_options":{"include_usage":false}""" to false)) {
            forget()
            val answer = router.chat("Hello", fields = fields)
            withClue(fields) {
                mock.seen
                    .single()
                    .json()
                    .at("/stream_options/include_usage")
                    .booleanValue() shouldBe true
                answer.body.contains("usage") shouldBe asked
                answer.body shouldEndWith "data: [DONE]\n\n"
                val done = done()
                listOf(done.promptTokens, done.completionTokens, done.cachedTokens, done.tokensEstimated) shouldBe
                    listOf(100, 10, 40, false)
                done.cost shouldBe (0.0003 plusOrMinus 1e-12)
                record(answer.header("x-request-id")) shouldBe
                    UsageNote(100, 10, 40, estimated = false, cost = done.cost, costEstimated = 0.0, currency = "EUR")
            }
        }
    }

    @Test
    fun `an upstream that must not be asked is not, and its stream is billed by an estimate`() {
        val answer = router.chat("Hello", model = "large", fields = stream)
        mock.seen.single().text() shouldNotContain "stream_options"
        val done = done()
        done.tokensEstimated shouldBe true
        done.promptTokens shouldBe PROMPT_TOKENS
        done.completionTokens.shouldNotBeNull() shouldBeInRange 8..15
        done.costEstimated shouldBe done.cost
        record(answer.header("x-request-id"))?.estimated shouldBe true
        forget()
        router.chat("Hello", model = "large", fields = asking).body shouldContain "usage"
        done().tokensEstimated shouldBe false
    }

    @Test
    fun `an answer without usage is billed by what it says, whole or streamed`() {
        mock.script = script.copy(usage = false)
        for (fields in listOf("", stream, asking)) {
            router.heard.forget()
            router.chat("Hello", fields = fields).status shouldBe 200
            val done = done()
            withClue(fields) {
                (done.tokensEstimated to done.promptTokens) shouldBe (true to PROMPT_TOKENS)
                done.completionTokens.shouldNotBeNull() shouldBeInRange 8..15
            }
        }
    }

    @Test
    fun `a stream that breaks off, or that its client leaves, is billed by what has passed`() {
        mock.next(script.copy(fault = Fault.Cut(afterChunks = 6), tokensPerSecond = 100.0))
        router.chat("Hello", fields = stream).body shouldContain "upstream_stream_cut"
        val cut = done()
        listOf(cut.errorCode, cut.tokensEstimated, cut.promptTokens) shouldBe listOf("upstream_stream_cut", true, PROMPT_TOKENS)
        cut.completionTokens.shouldNotBeNull() shouldBeInRange 4..8
        cut.cost shouldNotBe null

        forget()
        mock.next(script.copy(fault = Fault.Silence(afterChunks = 6)))
        router.stream("Hello").body().use { body -> repeat(6) { body.readEvent() } }
        val left = done()
        listOf(left.errorCode, left.tokensEstimated, left.promptTokens) shouldBe listOf(Account.CLIENT_LEFT, true, PROMPT_TOKENS)
        left.completionTokens.shouldNotBeNull() shouldBeInRange 4..8
    }

    @Test
    fun `Anthropic's usage is read as it comes`() {
        val body = """{"model":"small","max_tokens":99,"messages":[{"role":"user","content":"Hello"}]%s}"""
        for (fields in listOf("", stream)) {
            forget()
            router.post("/v1/messages", body.format(fields)).status shouldBe 200
            val done = done()
            withClue(fields) {
                listOf(done.promptTokens, done.completionTokens, done.cachedTokens, done.tokensEstimated) shouldBe
                    listOf(100, 10, 40, false)
            }
            mock.seen.single().text() shouldNotContain "stream_options"
        }
        forget()
        mock.next(script.copy(fault = Fault.Cut(afterChunks = 6), tokensPerSecond = 100.0))
        router.post("/v1/messages", body.format(stream))
        val cut = done()
        listOf(cut.promptTokens, cut.tokensEstimated) shouldBe listOf(100, true)
        cut.completionTokens.shouldNotBeNull() shouldBeInRange 3..8
    }

    @Test
    fun `what has no usage and no text is not billed`() {
        mock.script = script.copy(usage = false)
        router.post("/v1/moderations", """{"model":"small","input":"Hello"}""").status shouldBe 200
        val done = done()
        listOf(done.promptTokens, done.cost, done.tokensEstimated) shouldBe listOf(null, null, false)
    }

    /** Up to a blank line. */
    private fun InputStream.readEvent(): String {
        val event = StringBuilder()
        while (!event.endsWith("\n\n")) event.append(read().also { check(it >= 0) { "the stream ended after $event" } }.toChar())
        return event.toString()
    }

    private companion object {
        /** Of the message that says Hello. */
        val PROMPT_TOKENS = TokenEstimate.of("Hello") + TokenEstimate.TOKENS_PER_MESSAGE
    }
}
