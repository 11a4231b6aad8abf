package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.kit.EnvoyProcess
import routercluster.kit.Installation
import routercluster.kit.LogsOnFailure
import routercluster.mock.Answer
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.Policy
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import routercluster.vectorstore.memory.MemoryVectorStore
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executors

/** Answers given again to requests that are alike, through a door. Texts are alike that share words. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class SemanticCacheTest(private val behindEnvoy: Boolean) {
    private val model = mockLlm(Script(models = listOf("small")))
    private val judge = mockLlm(Script(models = listOf("grader"), answer = Answer.Text("same")))
    private val encoder = ScriptedEncoder("default", heads)
    private val threads = Executors.newCachedThreadPool()
    private var open: Installation? = null
    private val installation: Installation get() = checkNotNull(open) { "nothing is open" }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { open?.envoy?.log().orEmpty() }

    @BeforeAll
    fun open() {
        if (behindEnvoy) EnvoyProcess.requireBinary()
        val vectors = { MemoryVectorStore(Clock.systemUTC()) }
        open = Installation.open(policy(), behindEnvoy, encoders = { encoder }, vectors = vectors).also(Installation::awaitReady)
    }

    @AfterAll
    fun close() {
        open?.close()
        threads.shutdown()
        model.close()
        judge.close()
    }

    private fun policy(): Policy {
        val text = checkNotNull(javaClass.getResource("/semantic-cache.yaml")).readText()
        val ports = mapOf("PORT" to "${model.port}", "JUDGE" to "${judge.port}")
        return loadPolicy(text, "semantic-cache.yaml", ports::get, Beside(heads))
    }

    private fun ask(text: String, tenant: String? = "acme", more: String = ""): Reply {
        val headers = listOfNotNull(tenant?.let { "x-authz-tenant-id" to it }).toTypedArray()
        return sent(request(installation.port, CHAT, chat(text, more = more), *headers)).also { installation.awaitIdle() }
    }

    private fun Reply.isHit(): Boolean = header("x-vsr-cache-hit") == "true"

    @Test
    fun `an alike request gets the earlier answer, whole or as a stream, and its reader is told how alike it was`() {
        val first = ask("faq how can one change the password of an account")
        first.isHit() shouldBe false
        val second = ask("faq how can one change the password of an account please")
        withClue("$second") {
            second.isHit() shouldBe true
            second.content shouldBe first.content
            second.header("x-vsr-cache-kind") shouldBe "semantic"
            second.header("x-vsr-response-path") shouldBe "cache"
            second.header("x-vsr-selected-decision") shouldBe "faq"
            second.header("x-vsr-cache-similarity").orEmpty().toDouble() shouldBeGreaterThan 0.8
        }
        val stream = ask("faq please how can one change the password of an account", more = STREAMED)
        withClue("$stream") {
            stream.isHit() shouldBe true
            stream.header("content-type").orEmpty() shouldContain "text/event-stream"
            stream.text shouldEndWith "data: [DONE]\n\n"
        }
    }

    @Test
    fun `an equal request is answered before an encoder is asked`() {
        ask("faq where is the nearest office of the company")
        val before = encoder.requests.size
        val again = ask("faq where is the nearest office of the company")
        again.header("x-vsr-cache-kind") shouldBe "exact"
        encoder.requests.size shouldBe before
    }

    @Test
    fun `of fifty equal requests at once one asks the model, and another tenant's asks for itself`() {
        model.reset()
        model.script = Script(models = listOf("small"), headersDelay = Duration.ofSeconds(2))
        val replies = try {
            List(51) { begin("faq what do fifty ask at once about parcels", if (it == 50) "other" else "acme") }.map { it.join() }
        } finally {
            model.script = Script(models = listOf("small"))
        }
        installation.awaitIdle()
        replies.map { it.status }.toSet() shouldBe setOf(200)
        replies.last().isHit() shouldBe false
        replies.count { it.header("x-vsr-cache-kind") == "exact" } shouldBe 49
        model.requestCount shouldBe 2
    }

    private fun begin(text: String, tenant: String) =
        CompletableFuture.supplyAsync({ sent(request(installation.port, CHAT, chat(text), "x-authz-tenant-id" to tenant)) }, threads)

    @Test
    fun `what differs in a number, a tenant, a system message or the decision gets its own answer`() {
        ask("faq how many days may one keep an item of order 17 before it goes back")
        val cases = listOf(
            ask("faq how many days may one keep an item of order 18 before it goes back"),
            ask("faq how many days may one keep an item of order 17 before it goes back now", tenant = "other"),
            ask("faq how many days may one keep an item of order 17 before it goes back now", tenant = null),
            ask("faq how many days may one keep an item of order 17 before it goes back now", more = ",\"temperature\":0.3"),
            ask("help how many days may one keep an item of order 17 before it goes back"),
        )
        for (case in cases) withClue("$case") { case.isHit() shouldBe false }
        ask("faq how many days may one keep an item of order 17 before it goes back now").isHit() shouldBe true
    }

    @Test
    fun `where wrong hits are bounded nothing is a hit until a judge has compared many answers`() {
        val words = List(WORDS) { "w${'a' + it / LETTERS}${'a' + it % LETTERS}" }
        val rounds = words.zipWithNext { one, other -> "learnt tell about $one and $other in some detail" }
        for (text in rounds) ask(text).isHit() shouldBe false
        // Told that whatever is alike is right, it learns that hits are.
        val hits = List(REPEATS) { round -> rounds.count { ask("$it ${"please ".repeat(round + 1)}").isHit() } }
        withClue("$hits") {
            hits.first() shouldBe 0
            hits.last() shouldBeGreaterThanHalfOf rounds.size
        }
        val reply = rounds.map { ask("$it do") }.first { it.isHit() }
        (reply.header("x-vsr-cache-risk").orEmpty().toDouble() < 0.5) shouldBe true
        val learnt = parsed(installation.admin("/api/v1/cache/stats")).path("learnt").single()
        withClue("$learnt") {
            (learnt.at("/wrong_share/low").asDouble() < learnt.at("/wrong_share/high").asDouble()) shouldBe true
            learnt.at("/last/log_odds/similarity").isNumber shouldBe true
        }
        installation.admin("/metrics") shouldContain
            "router_cache_wrong_share{category=\"\",decision=\"learnt\",recipe=\"default\",value=\"high\"}"
    }

    private infix fun Int.shouldBeGreaterThanHalfOf(all: Int) = (this > all / 2) shouldBe true

    private companion object {
        const val WORDS = 50
        const val LETTERS = 26
        const val REPEATS = 9
        val heads: Map<String, Head> = mapOf("embedding" to Head(Task.EMBED, dimensions = 512))
    }
}

internal class HttpSemanticCacheTest : SemanticCacheTest(behindEnvoy = false)

internal class EnvoySemanticCacheTest : SemanticCacheTest(behindEnvoy = true)
