package routercluster.policy.conversations

import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test

class IdentityTest {
    @Test
    fun `the first name that a request has is the conversation's`() {
        val all = ConversationHints("header", "conversation", "metadata", "system", "user")
        named(all) shouldBe "header"
        named(all.copy(header = " ")) shouldBe "conversation"
        named(all.copy(header = null, conversation = null)) shouldBe "metadata"
        named(ConversationHints()) shouldBe null
        named(ConversationHints(firstSystem = "system")) shouldBe null
    }

    @Test
    fun `without a name it is told by what it began with`() {
        val hints = ConversationHints(firstSystem = "system", firstUser = "user")
        named(hints) shouldBe named(hints.copy())
        listOf(
            hints.copy(firstUser = "other"),
            hints.copy(firstSystem = null),
            ConversationHints(firstSystem = "systemu", firstUser = "ser"),
        ).forEach {
            named(it) shouldNotBe named(hints)
        }
    }

    private fun named(hints: ConversationHints): String? = conversationOf("tenant", hints)?.id
}
