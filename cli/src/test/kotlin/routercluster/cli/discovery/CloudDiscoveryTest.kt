package routercluster.cli.discovery

import com.sun.net.httpserver.HttpServer
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.cli.Reply
import routercluster.cli.call
import java.net.InetSocketAddress
import java.net.URI
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors

/** Discovery against a scripted service. */
class CloudDiscoveryTest {
    private val asked = ConcurrentLinkedQueue<String>()
    private val over = CountDownLatch(1)
    private var status = 200
    private var body = "{}"
    private var silent = false
    private val threads = Executors.newCachedThreadPool()
    private val service =
        HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0).apply {
            executor = threads
            createContext("/") { exchange ->
                val keys = listOf("authorization", "x-api-key", "anthropic-version").mapNotNull(exchange.requestHeaders::getFirst)
                asked += "${exchange.requestMethod} ${exchange.requestURI} ${keys.joinToString()}"
                if (silent) over.await()
                exchange.responseHeaders.add("location", "http://127.0.0.1:9/elsewhere")
                exchange.sendResponseHeaders(status, 0)
                exchange.responseBody.use { it.write(body.toByteArray()) }
            }
            start()
        }
    private val at = "http://127.0.0.1:${service.address.port}"
    private val openAi = mapOf("OPENAI_API_KEY" to KEY, "OPENAI_BASE_URL" to "$at/v1/")
    private val anthropic = mapOf("ANTHROPIC_API_KEY" to KEY, "ANTHROPIC_BASE_URL" to at)

    @AfterEach
    fun close() {
        over.countDown()
        service.stop(0)
        threads.shutdown()
    }

    /** Model servers that happen to run on this machine are no part of the test. */
    private fun found(environment: Map<String, String>): Provider =
        discoverProviders(environment::get) { address, headers ->
            if (headers.isEmpty()) Reply.Silence("refused") else call(address, Duration.ofSeconds(1), headers = headers, direct = false)
        }.single()

    @Test
    fun `asks OpenAI with the key which models there are`() {
        body = """{"data":[{"id":"gpt-6"},{"id":"gpt-6-mini"},{"id":"gpt-5"}]}"""
        val provider = found(openAi)
        provider.models.map { it.name } shouldContainExactly listOf("gpt-6-mini", "gpt-6")
        provider.isGuess shouldBe false
        asked.single() shouldBe "GET /v1/models Bearer $KEY"
        val text = starterPolicy(listOf(provider), 0)
        text shouldContain "base_url: \"$at/v1\""
        text shouldContain "name: \"gpt-6-mini\""
        text shouldNotContain KEY
        "$provider" shouldNotContain KEY
    }

    @Test
    fun `asks Anthropic in its own way`() {
        body = """{"data":[{"id":"claude-haiku-9","created_at":"2027-01-01"},{"id":"claude-sonnet-9","created_at":"2027-01-01"}]}"""
        found(anthropic).models.map { it.name } shouldContainExactly listOf("claude-haiku-9", "claude-sonnet-9")
        asked.single() shouldBe "GET /v1/models $KEY, 2023-06-01"
        starterPolicy(listOf(found(anthropic)), 0) shouldContain "base_url: \"$at/v1\""
    }

    @Test
    fun `where a service does not list its models, known names are taken and called a guess`() {
        val rows =
            listOf<Pair<String, () -> Unit>>(
                "the key is refused" to { status = 401 },
                "a redirection" to { status = 302 },
                "no JSON" to { body = "<html>" },
                "an empty list" to { body = """{"data":[]}""" },
                "no answer" to { silent = true },
            )
        for ((what, prepare) in rows) {
            status = 200
            prepare()
            withClue(what) {
                val provider = found(openAi)
                provider.models.map { it.name } shouldContainExactly listOf("gpt-5-mini", "gpt-5")
                provider.isGuess shouldBe true
                starterPolicy(listOf(provider), 0) shouldContain "did not list its models"
            }
        }
    }

    @Test
    fun `what cannot be sent is not sent and not shown`() {
        val rows = listOf(
            openAi + ("OPENAI_API_KEY" to "a\nb: $KEY"),
            openAi + ("OPENAI_BASE_URL" to "file:///etc"),
            openAi + ("OPENAI_BASE_URL" to "::"),
        )
        for (environment in rows) {
            val provider = found(environment)
            provider.isGuess shouldBe true
            "$provider" shouldNotContain KEY
        }
        asked.size shouldBe 0
        (call(URI("$at/v1"), Duration.ofSeconds(1), headers = mapOf("a" to "b\n$KEY")) as Reply.Silence).reason shouldNotContain KEY
    }

    private companion object {
        const val KEY = "sk-not-to-be-written-down"
    }
}
