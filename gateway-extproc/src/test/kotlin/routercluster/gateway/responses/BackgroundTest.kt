package routercluster.gateway.responses

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.contracts.MemoryConversations
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.gateway.upstream.silent
import routercluster.gateway.upstream.status
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.ConversationChange
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

class BackgroundTest {
    private val conversations = MemoryConversations()
    private val upstream = ScriptedUpstream()
    private val gateway = TestGateway(policyText(upstream.port), conversations = conversations)

    @AfterEach
    fun close() {
        gateway.close()
        upstream.close()
    }

    private fun start(): String {
        val made = gateway.post("/v1/responses", """{"model":"small","input":"Hi","background":true}""")
        listOf(made.status, made.json.path("status").textValue()) shouldBe listOf(200, "queued")
        return made.json.path("id").textValue()
    }

    private fun get(id: String) = gateway.get("/v1/responses/$id").json

    private fun ended(id: String): String {
        val endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS)
        while (true) {
            val status = get(id).path("status").textValue()
            if (status != "in_progress" && status != "queued") return status
            check(System.nanoTime() < endNanos) { "the response is still $status" }
            LockSupport.parkNanos(5_000_000)
        }
    }

    @Test
    fun `a response is made while nobody waits`() {
        upstream.then(said("Done"))
        val id = start()
        ended(id) shouldBe "completed"
        get(id)
            .path("output")
            .path(0)
            .path("content")
            .path(0)
            .path("text")
            .textValue() shouldBe "Done"
    }

    @Test
    fun `a model that fails fails the response`() {
        upstream.then(status(500))
        val id = start()
        ended(id) shouldBe "failed"
        get(id).path("error").path("code").textValue() shouldBe "server_error"
    }

    @Test
    fun `a cancelled response ends the model's work`() {
        val left = CompletableFuture<Unit>()
        upstream.then { silent(it).also { answer -> answer.whenComplete().handle { _, _ -> left.complete(Unit) } } }
        val id = start()
        upstream.nextRequest()
        get(id).path("status").textValue() shouldBe "in_progress"
        gateway
            .post("/v1/responses/$id/cancel", "")
            .json
            .path("status")
            .textValue() shouldBe "cancelled"
        left.get(WAIT_SECONDS, TimeUnit.SECONDS)
        gateway
            .post("/v1/responses/$id/cancel", "")
            .json
            .path("status")
            .textValue() shouldBe "cancelled"
        get(id).path("status").textValue() shouldBe "cancelled"
    }

    @Test
    fun `what was cancelled through another node ends here too`() {
        val left = CompletableFuture<Unit>()
        upstream.then { silent(it).also { answer -> answer.whenComplete().handle { _, _ -> left.complete(Unit) } } }
        val id = start()
        upstream.nextRequest()
        val change = ConversationChange.CancelTurn(id)
        val outcome = conversations.change(conversations.all.single().id, change, Duration.ofSeconds(1)).toCompletableFuture().get()
        (outcome is Changed.Done) shouldBe true
        left.get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    @Test
    fun `only what runs in the background can be cancelled`() {
        upstream.then(said("Done"))
        val id = gateway
            .post("/v1/responses", """{"model":"small","input":"Hi"}""")
            .json
            .path("id")
            .textValue()
        gateway.post("/v1/responses/$id/cancel", "").code shouldBe "response_not_background"
    }
}
