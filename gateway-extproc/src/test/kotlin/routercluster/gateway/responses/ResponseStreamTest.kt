package routercluster.gateway.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpResponseWriter
import com.linecorp.armeria.common.ResponseHeaders
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.contracts.MemoryConversations
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.gateway.upstream.cut
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.conversations.TurnStatus
import java.io.InputStream
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

class ResponseStreamTest {
    private val mapper = ObjectMapper()
    private val conversations = MemoryConversations()
    private val upstream = ScriptedUpstream()
    private val gateway = TestGateway(policyText(upstream.port), conversations = conversations)

    @AfterEach
    fun close() {
        gateway.close()
        upstream.close()
    }

    private fun events(fields: String = """"input":"Hi""""): List<JsonNode> =
        gateway
            .responseStream(fields)
            .body()
            .use { String(it.readAllBytes()) }
            .split("\n\n")
            .filter { it.isNotBlank() }
            .map { event ->
                val (name, data) = event.split('\n', limit = 2)
                mapper.readTree(data.removePrefix("data: ")).also { name shouldBe "event: ${it.path("type").textValue()}" }
            }

    private fun types(events: List<JsonNode>) = events.map { it.path("type").textValue().removePrefix("response.") }

    private fun InputStream.readTo(word: String) {
        val seen = StringBuilder()
        while (word !in seen) {
            val byte = read()
            check(byte >= 0) { "the stream ended with $seen" }
            seen.append(byte.toChar())
        }
    }

    private fun turn() = conversations.all
        .single()
        .turns
        .single()

    @Test
    fun `events come in OpenAI's order, and the last one when the turn is kept`() {
        upstream.then { sse(chunk("""{"content":"Hel"}"""), chunk("""{"content":"lo"}"""), FINISH, USAGE, DONE) { close() } }
        val events = events()
        types(events) shouldBe
            listOf(
                "created",
                "in_progress",
                "output_item.added",
                "content_part.added",
                "output_text.delta",
                "output_text.delta",
                "output_text.done",
                "content_part.done",
                "output_item.done",
                "completed",
            )
        events.map { it.path("sequence_number").intValue() } shouldBe events.indices.toList()
        val response = events.last().path("response")
        response.path("usage").path("total_tokens").intValue() shouldBe 5
        gateway.get("/v1/responses/${response.path("id").textValue()}").json shouldBe response
        mapper
            .readTree(upstream.nextRequest().contentUtf8())
            .path("stream_options")
            .path("include_usage")
            .booleanValue() shouldBe true
    }

    @Test
    fun `an answer that breaks off has failed, and is kept as far as it came`() {
        upstream.then { sse(chunk("""{"content":"Hel"}""")) { cut() } }
        val last = events().last()
        last.path("type").textValue() shouldBe "response.failed"
        last
            .path("response")
            .path("error")
            .path("code")
            .textValue() shouldBe "server_error"
        turn().status shouldBe TurnStatus.FAILED
        turn().output.size shouldBe 1
    }

    @Test
    fun `a turn that cannot be kept is not told as done`() {
        val heard = CompletableFuture<Unit>()
        upstream.then {
            sse(chunk("""{"content":"Hel"}""")) {
                heard.thenRun {
                    write(HttpData.ofUtf8(FINISH + DONE))
                    close()
                }
            }
        }
        val body = gateway.responseStream(""""input":"Hi"""").body()
        body.readTo("output_text.delta")
        conversations.failure.set(ConversationFailure.Unavailable("down"))
        heard.complete(Unit)
        val last = mapper.readTree(String(body.readAllBytes()).trim().substringAfterLast("data: "))
        listOf(last.path("type").textValue(), last.path("code").textValue()) shouldBe listOf("error", "conversations_unavailable")
    }

    @Test
    fun `a client that leaves ends the model's work, and what was said is kept`() {
        val ended = CompletableFuture<Unit>()
        upstream.then {
            sse(chunk("""{"content":"Hel"}""")) { whenComplete().handle { _, _ -> ended.complete(Unit) } }
        }
        val body = gateway.responseStream(""""input":"Hi"""").body()
        body.readTo("output_text.delta")
        body.close()
        ended.get(WAIT_SECONDS, TimeUnit.SECONDS)
        val endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS)
        while (turn().status.isOpen) {
            check(System.nanoTime() < endNanos) { "the turn is still open" }
            LockSupport.parkNanos(1_000_000)
        }
        turn().status shouldBe TurnStatus.CANCELLED
        turn().output.size shouldBe 1
    }

    private companion object {
        val FINISH = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        const val USAGE = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n"
        const val DONE = "data: [DONE]\n\n"

        fun chunk(delta: String) = "data: {\"choices\":[{\"index\":0,\"delta\":$delta,\"finish_reason\":null}]}\n\n"

        fun sse(vararg chunks: String, then: HttpResponseWriter.() -> Unit): HttpResponse {
            val writer = HttpResponse.streaming()
            writer.write(ResponseHeaders.builder(200).add("content-type", "text/event-stream").build())
            chunks.forEach { writer.write(HttpData.ofUtf8(it)) }
            writer.whenConsumed().thenRun { writer.then() }
            return writer
        }
    }
}
