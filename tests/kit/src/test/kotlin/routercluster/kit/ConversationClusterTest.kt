package routercluster.kit

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.grains.conversation.ConversationSettings
import routercluster.grains.conversation.GrainConversations
import routercluster.grains.conversation.conversationKind
import routercluster.grains.state.MemoryStateStore
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.ConversationLimits
import routercluster.policy.conversations.Item
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.random.Random

/** Conversations of several nodes. */
class ConversationClusterTest {
    @Test
    fun `the largest conversation is kept and told through every node`() {
        val clock = Clock.systemUTC()
        val settings = ConversationSettings(MemoryStateStore(clock), clock, keepFor = Duration.ofDays(1))
        val doors = CopyOnWriteArrayList<GrainConversations>()
        ClusterOf(2, prepare = { doors += GrainConversations(it.grains.host(conversationKind(settings))) }).use {
            // Several, so that each node has one that lives on the other.
            repeat(6) { index ->
                val id = ConversationId("tenant", "c$index")
                val large = Item("large", largeText(index))
                doors[0].change(id, ConversationChange.Create(emptyMap(), listOf(large)), PATIENCE).toCompletableFuture().join()
                for (door in doors) {
                    val told = door.load(id, PATIENCE).toCompletableFuture().join()
                    told?.items shouldBe listOf(large)
                }
            }
        }
    }

    /** As long as a conversation may be, of characters that take three bytes each and can hardly be compressed. */
    private fun largeText(seed: Int): String {
        val random = Random(seed)
        return String(CharArray(ConversationLimits.DEFAULT.characters - MARGIN) { FIRST + random.nextInt(CHARACTERS) })
    }

    private companion object {
        /** For what else is counted. */
        const val MARGIN = 1_000
        const val FIRST = '\u4e00'
        const val CHARACTERS = 20_000
        val PATIENCE: Duration = Duration.ofSeconds(20)
    }
}
