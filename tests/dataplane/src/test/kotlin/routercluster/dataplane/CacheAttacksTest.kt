package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
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
import routercluster.mock.encoder.byWords
import routercluster.mock.mockLlm
import routercluster.policy.Policy
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Task
import routercluster.policy.encode.undisguised
import routercluster.vectorstore.memory.MemoryVectorStore
import java.time.Clock

/** Attempts to get another's answer, or to have a wrong one given, through a door. Texts are alike that share words, disguises taken off. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class CacheAttacksTest(private val behindEnvoy: Boolean, private val tenants: Int) {
    private val model = mockLlm(Script(models = listOf("small"), answer = Answer.Echo))
    private val encoder = ScriptedEncoder(heads.mapKeys { HeadRef("default", it.key) }) { passage, ref ->
        byWords(passage.copy(text = undisguised(passage.text).text), heads.getValue(ref.head))
    }
    private val store = CountingStore(MemoryVectorStore(Clock.systemUTC()))
    private val opened = ArrayList<Installation>()
    private val trusting: Installation by lazy { open("127.0.0.1") }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { opened.mapNotNull { it.envoy?.log() }.joinToString("\n") }

    @BeforeAll
    fun begin() {
        if (behindEnvoy) EnvoyProcess.requireBinary()
    }

    @AfterAll
    fun close() {
        opened.forEach(Installation::close)
        model.close()
    }

    private fun open(trusted: String): Installation =
        Installation.open(policy(trusted), behindEnvoy, encoders = { encoder }, vectors = { store }).also {
            opened += it
            it.awaitReady()
        }

    private fun policy(trusted: String): Policy {
        val text = checkNotNull(javaClass.getResource("/semantic-cache.yaml")).readText()
        val ports = mapOf("PORT" to "${model.port}", "JUDGE" to "${model.port}")
        return loadPolicy(
            text.replace("trusted_peers: [127.0.0.1]", "trusted_peers: [$trusted]"),
            "attacks.yaml",
            ports::get,
            Beside(heads),
        )
    }

    private fun ask(text: String, tenant: String? = "acme", to: Installation = trusting): Reply {
        val headers = listOfNotNull(tenant?.let { "x-authz-tenant-id" to it }).toTypedArray()
        return sent(request(to.port, CHAT, chat(text), *headers)).also { to.awaitIdle() }
    }

    private fun Reply.kind(): String? = header("x-vsr-cache-kind")

    /** What [tenant]'s request makes this program do: what it asks of the store, of the encoder, and of the model. */
    private fun workOf(text: String, tenant: String): List<Any> {
        val calls = store.calls.size
        val encoded = encoder.requests.size
        val forwarded = model.requestCount
        ask(text, tenant).kind() shouldBe null
        val asked = store.calls.drop(calls)
        return listOf(asked.map { it.first }, encoder.requests.size - encoded, model.requestCount - forwarded, asked.map { it.second.size })
    }

    @Test
    fun `the same prompt from many tenants never crosses, equal or alike`() {
        val calls = store.calls.size
        repeat(tenants) { ask("faq where is the office of our company to be found", "t$it").kind() shouldBe null }
        repeat(OWN) {
            val reply = ask("faq where is the office of our company to be found please", "t$it")
            // A tenant's own entry is alike; there is none of another that it could be.
            withClue("$reply") { reply.kind() shouldBe "semantic" }
        }
        ask("faq where is the office of our company to be found please", "nobody yet").kind() shouldBe null
        val asked = store.calls.drop(calls).map { it.second }
        asked.filter { it.size != 1 }.shouldBeEmpty()
        asked.flatten().toSet() shouldHaveSize tenants + 1
    }

    @Test
    fun `a request does the same work whether another tenant has the answer or not`() {
        val text = "faq how is a lost card of the library blocked at once"
        val before = workOf(text, "first")
        workOf(text, "second") shouldBe before
        workOf("$text then", "third") shouldBe before
    }

    @Test
    fun `identity headers of a peer that nobody trusts share nothing`() {
        val open = open("10.9.9.9")
        val calls = store.calls.size
        repeat(3) { ask("faq when does the office of our company close on fridays", "victim", open).kind() shouldBe null }
        store.calls.drop(calls).shouldBeEmpty()
    }

    @Test
    fun `a long beginning that is the same does not hide what differs at the end`() {
        val beginning = "faq " + "the terms of this contract hold for all who sign it and ".repeat(LONG / WORDS_LENGTH)
        val first = ask("$beginning keep my account")
        ask("$beginning delete my account").kind() shouldBe null
        ask("$beginning keep my account").kind() shouldBe "exact"
        val shorter = beginning.take(SHORTER)
        val other = ask("$shorter keep my account")
        ask("$shorter delete my account").content shouldNotBe other.content
        ask("$shorter delete my account").kind() shouldBe "exact"
        first.content shouldNotBe other.content
        // The same words, written with other blanks, are the same request in meaning.
        ask("$shorter  keep my account").kind() shouldBe "semantic"
    }

    @Test
    fun `disguised letters and characters that cannot be seen hide nothing that speaks against a hit`() {
        val plain = "faq how do people of our company cancel a contract for phones and pay fees"
        val kept = ask(plain)
        for (not in listOf(
            "n\u200bot",
            "n\u043et",
            "\uff4e\uff4f\uff54",
            "n\u0332o\u0332t\u0332",
            "\ud835\udc27\ud835\udc28\ud835\udc2d",
        )) {
            val reply = ask(plain.replace("cancel", "$not cancel"))
            withClue("$not $reply") { reply.content shouldNotBe kept.content }
        }
        for (number in listOf("\u0661\u0667", "\uff11\uff18", "1\u200b9", "\u00b9\u2070")) {
            withClue(number) { ask("$plain $number").content shouldNotBe kept.content }
        }
        // A disguise of the same words is the same request in meaning, and not an equal one.
        val same = ask(plain.replace("people", "pe\u200bople").replace("contract", "c\u043entract"))
        withClue("$same") {
            same.kind() shouldBe "semantic"
            same.content shouldBe kept.content
        }
    }

    private companion object {
        const val OWN = 20
        const val LONG = 65_536
        const val SHORTER = 8_192
        const val WORDS_LENGTH = 56
        val heads: Map<String, Head> = mapOf("embedding" to Head(Task.EMBED, dimensions = 512))
    }
}

internal class HttpCacheAttacksTest : CacheAttacksTest(behindEnvoy = false, tenants = 1_000)

internal class EnvoyCacheAttacksTest : CacheAttacksTest(behindEnvoy = true, tenants = 50)
