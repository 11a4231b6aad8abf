package routercluster.cli.discovery

import com.fasterxml.jackson.databind.JsonNode
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.cli.parseJson

class ModelListsTest {
    private fun list(vararg ids: String): JsonNode =
        requireNotNull(parseJson("""{"object":"list","data":[${ids.joinToString { """{"id":"$it","created":1}""" }}]}"""))

    private fun dated(vararg models: Pair<String, String>): JsonNode =
        requireNotNull(parseJson("""{"data":[${models.joinToString { (id, at) -> """{"id":"$id","created_at":"$at"}""" }}]}"""))

    private fun names(models: List<FoundModel>) = models.sortedBy { it.strength }.joinToString(" < ") { it.name }

    @Test
    fun `of OpenAI's list the newest general model and the newest small one`() {
        val rows =
            listOf(
                list("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4o", "gpt-4o-mini") to "gpt-5-mini < gpt-5",
                list("gpt-5.2", "gpt-5", "gpt-5-mini", "gpt-4.1-mini", "gpt-10.1-nano") to "gpt-5-mini < gpt-5.2",
                list("gpt-5-2025-08-07", "gpt-5-codex", "gpt-5-chat-latest", "gpt-4o-audio-preview", "gpt-4o") to "gpt-4o",
                list("gpt-5-pro", "gpt-4.1", "gpt-4o", "gpt-4.1-nano", "whisper-1") to "gpt-4.1-nano < gpt-4.1",
                list("gpt-5-mini", "o3", "text-embedding-3-large") to "gpt-5-mini",
            )
        for ((answer, expected) in rows) withClue("$answer") { names(openAiModels(answer)) shouldBe expected }
    }

    @Test
    fun `of another service behind OpenAI's API every model that chats`() {
        val answer = list("llama-3.1-8b-instant", "llama-3.3-70b-versatile", "whisper-large-v3", "bge-embed", "rerank-2b")
        openAiModels(answer) shouldBe listOf(FoundModel("llama-3.1-8b-instant", 8.0), FoundModel("llama-3.3-70b-versatile", 70.0))
    }

    @Test
    fun `of Anthropic's list the newest small model and the newest middle one`() {
        val rows =
            listOf(
                dated(
                    "claude-opus-5" to "2026-03-01T00:00:00Z",
                    "claude-sonnet-4-5-20250929" to "2025-09-29T00:00:00Z",
                    "claude-haiku-4-5-20251001" to "2025-10-01T00:00:00Z",
                    "claude-3-5-haiku-20241022" to "2024-10-22T00:00:00Z",
                    "claude-sonnet-5" to "2026-02-01T00:00:00Z",
                ) to "claude-haiku-4-5-20251001 < claude-sonnet-5",
                dated("claude-opus-4-1-20250805" to "2025-08-05T00:00:00Z") to "claude-opus-4-1-20250805",
                dated("something-else" to "2026-01-01T00:00:00Z") to "",
            )
        for ((answer, expected) in rows) withClue("$answer") { names(anthropicModels(answer)) shouldBe expected }
    }

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
