package routercluster.dataplane

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.contracts.SetClock
import routercluster.kit.EnvoyProcess
import routercluster.kit.Installation
import routercluster.kit.LogsOnFailure
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.Policy
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import routercluster.vectorstore.memory.MemoryVectorStore
import java.time.Duration

/** What a policy can say of answers for alike requests beside whose they are, through a door. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class SemanticOptionsTest(private val behindEnvoy: Boolean) {
    private val clock = SetClock()
    private val model = mockLlm(Script(models = listOf("small")))
    private val encoder = ScriptedEncoder("default", heads)
    private var open: Installation? = null
    private val installation: Installation get() = checkNotNull(open) { "nothing is open" }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { open?.envoy?.log().orEmpty() }

    @BeforeAll
    fun open() {
        if (behindEnvoy) EnvoyProcess.requireBinary()
        val vectors = { MemoryVectorStore(clock) }
        open = Installation
            .open(policy(), behindEnvoy, encoders = { encoder }, vectors = vectors, clock = clock)
            .also(Installation::awaitReady)
    }

    @AfterAll
    fun close() {
        open?.close()
        model.close()
    }

    private fun policy(): Policy {
        val text = checkNotNull(javaClass.getResource("/semantic-cache.yaml")).readText()
        val written = text
            .replace("mode: exact_then_semantic,", "mode: exact_then_semantic, $OPTIONS")
            .replace("mode: semantic, scope: tenant, semantic", "mode: semantic, scope: tenant, admission: {mode: repeated}, semantic")
        val ports = mapOf("PORT" to "${model.port}", "JUDGE" to "${model.port}")
        return loadPolicy(written, "options.yaml", ports::get, Beside(heads))
    }

    private fun ask(text: String): Reply =
        sent(request(installation.port, CHAT, chat(text), "x-authz-tenant-id" to "acme")).also { installation.awaitIdle() }

    private fun Reply.said() = listOf(header("x-vsr-cache-kind"), header("x-vsr-cache-stale"), header("age"))

    @Test
    fun `of alike requests, too, the first after an answer's time fetches a new one`() {
        ask("faq how can one change the password of an account")
        clock.forward(Duration.ofSeconds(70))
        val asks = List(3) { ask("faq how can one change the password of an account ${"please ".repeat(it + 1)}") }
        withClue(asks) {
            asks.map { it.said() } shouldBe listOf(listOf(null, null, null), listOf("semantic", null, "0"), listOf("semantic", null, "0"))
        }
    }

    @Test
    fun `where only what comes again is kept, the first answer has no place among those for alike requests`() {
        val words = "help how does one send an item back that does not fit"
        val replies = listOf(words, "$words then", "then $words", "$words please then").map { ask(it).header("x-vsr-cache-kind") }
        // The second says the same, so its answer is kept; the first one's was not, or the second would have been a hit.
        replies shouldBe listOf(null, null, "semantic", "semantic")
    }

    @Test
    fun `a similar conversation before the last message counts as the same, another does not`() {
        fun talk(first: String, last: String): String? {
            val messages = listOf("user" to first, "assistant" to "Mix flour and water and wait for a while.", "user" to last)
                .joinToString { (role, text) -> """{"role":"$role","content":"$text"}""" }
            val body = """{"model":"auto","messages":[$messages]}"""
            val reply = sent(request(installation.port, CHAT, body, "x-authz-tenant-id" to "acme")).also { installation.awaitIdle() }
            return reply.header("x-vsr-cache-kind")
        }
        talk("How do I bake bread with rye flour at home?", "faq and how long does that take in the oven") shouldBe null
        talk("How do I bake bread with rye flour, at home", "faq and how long does that take in the oven please") shouldBe "semantic"
        talk("How do I bake cakes with 2 eggs at home?", "faq and how long does that take in the oven please") shouldBe null

        // An answer that is written down and taken over still knows its conversation.
        val entries = post("export", """{"tier": "semantic"}""").path("entries")
        post("warm-up", """{"entries": $entries, "dry_run": false}""").path("fit").asInt() shouldBe entries.size()
        talk("How do I bake bread with rye flour at home", "faq and how long does that take in the oven, please") shouldBe "semantic"
    }

    private fun post(name: String, body: String): JsonNode {
        val reply = sent(request(installation.adminPort, "/api/v1/cache/$name", body))
        return withClue(reply) { json.readTree(reply.text) }
    }

    private companion object {
        val json = ObjectMapper()
        const val OPTIONS = "ttl_seconds: 60, stale_while_revalidate_seconds: 600, conversation: similar,"
        val heads: Map<String, Head> = mapOf("embedding" to Head(Task.EMBED, dimensions = 512))
    }
}

internal class HttpSemanticOptionsTest : SemanticOptionsTest(behindEnvoy = false)

internal class EnvoySemanticOptionsTest : SemanticOptionsTest(behindEnvoy = true)
