package routercluster.cli.discovery

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.cli.Reply
import java.net.InetAddress
import java.net.URI
import java.util.concurrent.ConcurrentLinkedQueue

class DiscoveryTest {
    private val nobody: Ask = { _, _ -> Reply.Silence("refused") }

    private fun answering(port: Int, body: String, status: Int = 200): Ask =
        { address, _ -> if (address.port == port) Reply.Answer(status, "application/json", body) else Reply.Silence("refused") }

    @Test
    fun `finds nothing where nothing is`() {
        discoverProviders({ null }, nobody).shouldBeEmpty()
    }

    @Test
    fun `a key brings its provider and a blank one does not`() {
        discoverProviders(mapOf("OPENAI_API_KEY" to "k", "ANTHROPIC_API_KEY" to " ")::get, nobody).map { it.kind } shouldBe
            listOf(ProviderKind.OPENAI)
    }

    @Test
    fun `without a key, asks this machine only`() {
        val asked = ConcurrentLinkedQueue<URI>()
        discoverProviders({ null }) { address, headers ->
            asked += address
            headers shouldBe emptyMap()
            Reply.Silence("refused")
        }
        asked.size shouldBe 2
        asked.all { InetAddress.getByName(it.host).isLoopbackAddress } shouldBe true
    }

    @Test
    fun `a key goes to its own service only`() {
        val told = ConcurrentLinkedQueue<String>()
        discoverProviders(mapOf("OPENAI_API_KEY" to "k-openai\n", "ANTHROPIC_API_KEY" to "k-anthropic")::get) { address, headers ->
            told += "${address.host}: ${headers.values.filter { "k-" in it }.joinToString()}"
            Reply.Silence("refused")
        }
        told.sorted() shouldBe
            listOf("127.0.0.1: ", "127.0.0.1: ", "api.anthropic.com: k-anthropic", "api.openai.com: Bearer k-openai")
    }

    @Test
    fun `reads Ollama's models with their sizes, strongest first, and leaves out embedding models`() {
        val tags =
            """{"models":[{"name":"small:1b","details":{"family":"llama","parameter_size":"560.5M"}},
            |{"name":"big","details":{"parameter_size":"70.6B"}},{"name":"nomic-embed-text"},{"name":"m","details":{"family":"nomic-bert"}},{}]}
            """.trimMargin()
        discoverProviders({ null }, answering(11434, tags)) shouldBe
            listOf(Provider(ProviderKind.OLLAMA, listOf(FoundModel("big", 70.6), FoundModel("small:1b", 0.5605))))
    }

    @Test
    fun `reads vLLM's models`() {
        discoverProviders({ null }, answering(8000, """{"data":[{"id":"Qwen/Qwen3-30B-A3B"}]}""")) shouldBe
            listOf(Provider(ProviderKind.VLLM, listOf(FoundModel("Qwen/Qwen3-30B-A3B", 30.0))))
    }

    @TestFactory
    fun `takes something else on the port for no provider`(): List<DynamicTest> =
        listOf("<html>", "", "[]", "{}", """{"data":"x"}""", """{"data":[]}""", """{"data":[1,null]}""").map { body ->
            dynamicTest("answer: $body") { discoverProviders({ null }, answering(8000, body)).shouldBeEmpty() }
        } + dynamicTest("an error") { discoverProviders({ null }, answering(8000, """{"data":[{"id":"x"}]}""", 500)).shouldBeEmpty() }
}
