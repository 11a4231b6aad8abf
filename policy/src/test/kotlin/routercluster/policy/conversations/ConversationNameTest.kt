package routercluster.policy.conversations

import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role

class ConversationNameTest {
    @Test
    fun `the first name that a request has is the conversation's`() {
        val all = mapOf("x-conversation-id" to "one", "x-session-id" to "two", "x-claude-code-session-id" to "three")
        of(all, metadata = "four") shouldBe ConversationName("one", isNamed = true)
        of(all + ("x-conversation-id" to " "), metadata = "four")?.id shouldBe "two"
        of(all - "x-conversation-id" - "x-session-id", metadata = "four")?.id shouldBe "three"
        of(emptyMap(), metadata = "four") shouldBe ConversationName("four", isNamed = true)
        of(mapOf("x-session-id" to "x".repeat(257)), metadata = "four")?.id shouldBe "four"
    }

    @Test
    fun `without a name it is told by what it began with`() {
        val began = listOf(Message(Role.SYSTEM, "system"), Message(Role.USER, "user"))
        val name = checkNotNull(of(emptyMap(), messages = began))
        name.isNamed shouldBe false
        name.id shouldStartWith "prefix-"
        of(emptyMap(), messages = began + Message(Role.ASSISTANT, "answer") + Message(Role.USER, "more")) shouldBe name
        listOf(
            listOf(Message(Role.USER, "user")),
            listOf(Message(Role.SYSTEM, "system"), Message(Role.USER, "other")),
            listOf(Message(Role.SYSTEM, "systemu"), Message(Role.USER, "ser")),
        ).forEach { of(emptyMap(), messages = it) shouldNotBe name }
        of(emptyMap(), messages = listOf(Message(Role.SYSTEM, "system"))) shouldBe null
    }

    private fun of(
        headers: Map<String, String>,
        metadata: String? = null,
        messages: List<Message> = listOf(Message(Role.USER, "hello")),
    ): ConversationName? = conversationOf(
        headers::get,
        Facts(messages, metadata = metadata?.let { mapOf("conversation_id" to it) }.orEmpty()),
    )
}
