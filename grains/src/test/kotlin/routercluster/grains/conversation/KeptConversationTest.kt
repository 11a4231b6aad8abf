package routercluster.grains.conversation

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.conversations.Use
import java.time.Instant
import java.util.HexFormat

class KeptConversationTest {
    private val conversation =
        Conversation(
            ConversationId("tenant", "ä漢"),
            revision = 7,
            createdAt = Instant.parse("2026-01-01T00:00:00.123456789Z"),
            metadata = mapOf("k" to "v"),
            items = listOf(Item("item", """{"id":"item"}""")),
            turns = listOf(turn("one", null), turn("two", "one")),
            dropped = 3,
            use = Use(1, 2, 3),
        )

    @Test
    fun `a conversation is the same after it was kept`() {
        conversationCodec.decode(conversationCodec.encode(conversation.toKept())).toConversation() shouldBe conversation
    }

    @Test
    fun `what format 1 wrote is read for ever`() {
        val golden = checkNotNull(javaClass.getResource("conversation-1.hex")) { "conversation-1.hex is missing" }.readText().trim()
        conversationCodec.decode(HexFormat.of().parseHex(golden)).toConversation() shouldBe conversation
        HexFormat.of().formatHex(conversationCodec.encode(conversation.toKept())) shouldBe golden
    }

    @Test
    fun `no two conversations have the same grain`() {
        val ids = listOf(
            "a" to "bc",
            "ab" to "c",
            "abc" to "",
            "" to "abc",
            "A" to "bc",
        ).map { grainIdOf(ConversationId(it.first, it.second)) }
        ids.toSet().size shouldBe ids.size
        grainIdOf(ConversationId("t", "x".repeat(100_000))).length shouldBe 64
    }

    private fun turn(id: String, parent: String?) =
        Turn(
            id,
            parent,
            Instant.parse("2026-01-01T00:00:01Z"),
            TurnStatus.COMPLETED,
            input = listOf(Item("$id-in", "{}")),
            output = listOf(Item("$id-out", "{}")),
            response = "{}",
            model = "m",
            decision = "d",
            use = Use(4, 5, 6),
        )
}
