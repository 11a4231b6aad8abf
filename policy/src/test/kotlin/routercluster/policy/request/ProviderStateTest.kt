package routercluster.policy.request

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits

class ProviderStateTest {
    private fun hasState(messages: String, rest: String = ""): Boolean =
        parseChat("""{"model": "auto", "messages": [$messages]$rest}""".encodeToByteArray(), Limits()).hasProviderState

    private fun user(content: String) = """{"role": "user", "content": $content}"""

    private fun assistant(more: String) = """{"role": "assistant", "content": "x", $more}"""

    @Test
    fun `what a provider holds or has sealed is seen`() {
        val asked = user("\"x\"")
        val rows = listOf(
            asked to """, "previous_response_id": "resp_1"""",
            asked to """, "conversation": {"id": "conv_1"}""",
            asked to """, "container": "cntr_1"""",
            asked to """, "cached_content": "cachedContents/1"""",
            asked to """, "extra_body": {"google": {"cached_content": "cachedContents/1"}}""",
            user("""[{"type": "file", "file": {"file_id": "file-1"}}]""") to "",
            user("""[{"type": "document", "source": {"type": "file", "file_id": "file-1"}}]""") to "",
            user("""[{"type": "input_image", "file_id": "file-1"}]""") to "",
            assistant(""""audio": {"id": "audio_1"}""") to "",
            assistant(""""reasoning_details": [{"type": "reasoning.encrypted", "data": "c2VhbGVk"}]""") to "",
            assistant(""""thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]""") to "",
            assistant(""""encrypted_content": "c2VhbGVk"""") to "",
            assistant(""""tool_calls": [{"id": "1", "extra_content": {"google": {"thought_signature": "c2ln"}}}]""") to "",
            """{"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]}""" to "",
        )
        rows.forEach { (messages, rest) -> withClue(messages + rest) { hasState(messages, rest) shouldBe true } }
    }

    @Test
    fun `what any model can go on from is none`() {
        val asked = user("\"file_id signature\"")
        val rows = listOf(
            asked to "",
            asked to """, "previous_response_id": null, "conversation": "", "container": null""",
            asked to """, "metadata": {"conversation": "7"}, "tools": [{"type": "function", "function": {"name": "container"}}]""",
            user("""[{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:x"}}]""") to "",
            user("""[{"type": "image", "source": {"type": "base64", "data": "eA=="}}]""") to "",
            user("""[{"type": "input_audio", "input_audio": {"data": "eA==", "format": "wav"}}]""") to "",
            assistant(""""reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": null}]""") to "",
            assistant(""""tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{\"file_id\": 1}"}}]""") to "",
        )
        rows.forEach { (messages, rest) -> withClue(messages + rest) { hasState(messages, rest) shouldBe false } }
    }

    @Test
    fun `tool calls are counted as before`() {
        val body = """{"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "1"}, {"id": "2"}, 3]}]}"""
        parseChat(body.encodeToByteArray(), Limits()).messages.single().toolCallCount shouldBe 3
    }
}
