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

class DiscoveryTest {
    private val nobody: (URI) -> Reply = { Reply.Silence("refused") }

    private fun answering(port: Int, body: String, status: Int = 200): (URI) -> Reply =
        { if (it.port == port) Reply.Answer(status, "application/json", body) else Reply.Silence("refused") }

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
    fun `asks this machine only`() {
        val asked = java.util.concurrent.ConcurrentLinkedQueue<URI>()
        discoverProviders({ "key" }) {
            asked += it
            Reply.Silence("refused")
        }
        asked.size shouldBe 2
        asked.all { InetAddress.getByName(it.host).isLoopbackAddress } shouldBe true
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

    @TestFactory
    fun `reads a size from a text`(): List<DynamicTest> =
        listOf(
            "8.0B" to 8.0,
            "560M" to 0.56,
            "qwen3-30b-a3b" to 30.0,
            "gpt-oss:120b" to 120.0,
            "llama" to 7.0,
            "web2board" to 7.0,
            "" to 7.0,
        ).map { (text, size) -> dynamicTest("size in: $text") { billions(text) shouldBe size } }
}
