package routercluster.gateway.pipeline

import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test
import routercluster.contracts.MemoryConversations
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.policy.conversations.ConversationFailure
import routercluster.telemetry.RouterEvent
import java.util.concurrent.TimeUnit

/** What is noted of chat conversations, and what an operator is told of them. */
class ConversationNotesTest {
    private val upstream = ScriptedUpstream()
    private val conversations = MemoryConversations()
    private val policy = policyText(upstream.port, mapOf("code" to "modelRefs: [{model: large}]"))

    @Test
    fun `models, tokens and cost of a conversation that its client names`() {
        TestGateway(policy, conversations = conversations).use { router ->
            router.chat("hello", "x-conversation-id" to "mine/1").status shouldBe 200
            router.chat("code", fields = ""","metadata":{"conversation_id":"mine/1"}""").status shouldBe 200
            val told = await(router, "mine/1") { it.json.path("turns").asInt() == 2 }.json
            told["last_model"].textValue() shouldBe "large"
            told["last_decision"].textValue() shouldBe "code"
            told["models"].let { it["small"].intValue() to it["large"].intValue() } shouldBe (1 to 1)
            (told["prompt_tokens"].longValue() > 0) shouldBe true
            (told["cost_micros"].longValue() > 0) shouldBe true
            router.admin("/conversations/mine%2F1?tenant=other").status shouldBe 404
        }
    }

    @Test
    fun `a request that names no conversation wakes none, and its record says how it began`() {
        TestGateway(policy, conversations = conversations).use { router ->
            val id = router.chat("hello").header("x-request-id").shouldNotBeNull()
            router.heard.await<RouterEvent.Left>()
            router.admin("/decisions/$id").json["conversation"].textValue() shouldStartWith "prefix-"
            conversations.calls shouldBe 0
        }
    }

    @Test
    fun `what cannot be noted is counted, and harms no request`() {
        conversations.failure.set(ConversationFailure.Unavailable("down"))
        TestGateway(policy, conversations = conversations).use { router ->
            router.chat("hello", "x-session-id" to "s").status shouldBe 200
            val limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS)
            while ("router_conversation_notes_lost 1.0" !in router.admin("/metrics").body) check(System.nanoTime() < limit)
            router.admin("/conversations/s").status shouldBe 503
        }
    }

    private fun await(router: TestGateway, name: String, isSo: (Answer) -> Boolean): Answer {
        val limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS)
        while (true) {
            val answer = router.admin("/conversations/$name")
            if (answer.status == 200 && isSo(answer)) return answer
            check(System.nanoTime() < limit) { "${answer.status} ${answer.body}" }
        }
    }
}
