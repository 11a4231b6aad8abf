package routercluster.grains.conversation

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.state.Fate
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.ScriptedStateStore
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.conversations.ConversationId
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** How long one who asks for a conversation is kept waiting. */
class GrainConversationsTest {
    private val kit = ActorTestKit.create()
    private val clock = InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"))
    private val store = ScriptedStateStore(MemoryStateStore(clock))
    private val conversations = GrainConversations(LocalGrains(kit, ConversationSettings(store, clock, keepFor = Duration.ofDays(1))))

    @AfterEach
    fun close() = kit.shutdownTestKit()

    @Test
    fun `a store without room refuses at once, however long one would wait`() {
        val calls = AtomicInteger()
        store.fate = { save -> if (save) Fate.FULL.also { calls.incrementAndGet() } else Fate.DONE }
        val failure = shouldThrow<ExecutionException> { create().get() }.cause
        failure.shouldBeInstanceOf<ConversationFailure.Unavailable>().message shouldContain "full"
        calls.get() shouldBe 1
    }

    @Test
    fun `a store that is away is asked again until it is back`() {
        val calls = AtomicInteger()
        store.fate = { if (calls.incrementAndGet() < 4) Fate.LOST else Fate.DONE }
        create().get().shouldBeInstanceOf<Changed.Done>()
    }

    private fun create() = conversations
        .change(ConversationId("tenant", "a"), ConversationChange.Create(emptyMap(), emptyList()), Duration.ofHours(1))
        .toCompletableFuture()
        .orTimeout(WAIT_SECONDS, TimeUnit.SECONDS)

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
