package routercluster.kit

import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.grains.conversation.ConversationSettings
import routercluster.grains.conversation.GrainConversations
import routercluster.grains.conversation.conversationKind
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.StateKey
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.silo.RunningSilo
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit

/**
 * A cluster goes from one release to the next, node by node. Tallies are kept in another format by the newer release, which reads what
 * the older one wrote; conversations are kept as ever.
 */
class RollingUpgradeTest {
    private val clock = Clock.systemUTC()
    private val store = MemoryStateStore(clock)
    private val tallies = ConcurrentHashMap<RunningSilo, GrainDirectory<Tally>>()
    private val conversations = ConcurrentHashMap<RunningSilo, Conversations>()
    private var release = OLD

    private fun host(node: RunningSilo) {
        val name = "$release at ${node.address}"
        tallies[node] = node.grains.host(if (release == OLD) oldTallyKind(store, name) else newTallyKind(store, name))
        conversations[node] =
            GrainConversations(node.grains.host(conversationKind(ConversationSettings(store, clock, keepFor = Duration.ofHours(1)))))
    }

    private fun RunningSilo.add(id: String, amount: Int): Tallied =
        tallies.getValue(this).ask(id, PATIENCE) { replyTo -> Tally.Add(amount, replyTo) }.result()

    private fun RunningSilo.say(id: String, text: String) {
        val turn = Turn("t-$text", null, clock.instant(), TurnStatus.IN_PROGRESS, listOf(Item("i-$text", "\"$text\"")))
        val known = conversations.getValue(this)
        known.change(idOf(id), ConversationChange.BeginTurn(turn), PATIENCE).result().shouldBeDone()
        known.change(idOf(id), ConversationChange.EndTurn(turn.copy(status = TurnStatus.COMPLETED)), PATIENCE).result().shouldBeDone()
    }

    private fun RunningSilo.said(id: String): List<String> =
        conversations
            .getValue(this)
            .load(idOf(id), PATIENCE)
            .result()
            ?.turns
            .orEmpty()
            .map { it.id }

    private fun Changed.shouldBeDone() = (this is Changed.Done) shouldBe true

    private fun idOf(id: String) = ConversationId("tenant", id)

    private fun formatOf(id: String): Int? =
        store
            .load(StateKey(TALLY, id))
            .result()
            ?.bytes
            ?.first()
            ?.toInt()

    @Test
    fun `a newer release joins, takes the grains of older nodes as they leave, and has what they kept`() {
        ClusterOf(2, version = OLD, prepare = ::host).use { cluster ->
            ids.forEach { cluster[0].add(it, 3) }
            ids.forEach { cluster[1].say(it, "old") }
            release = NEW
            val newer = cluster.start(version = NEW)
            // Both releases work together, whoever is asked.
            ids.forEach { newer.add(it, 4).sum shouldBe 7 }
            val homes = ids.associateWith { cluster[0].add(it, 1).also { told -> told.sum shouldBe 8 }.by }
            ids.map(::formatOf).toSet() shouldBe setOf(1)

            val gone = cluster[0].address
            cluster.stop(0)
            val orphans = homes.filterValues { it.endsWith("at $gone") }.keys
            orphans.shouldNotBeEmpty()
            // They wake up on the newer node rather than on the other old one, and keep their states in the new form from then on.
            orphans.forEach { cluster[1].add(it, 10) shouldBe Tallied(18, "$NEW at ${newer.address}") }
            orphans.map(::formatOf).toSet() shouldBe setOf(2)
            (ids - orphans).forEach { newer.add(it, 10).by shouldBe "$OLD at ${cluster[1].address}" }

            cluster.stop(1)
            ids.forEach { newer.add(it, 0) shouldBe Tallied(18, "$NEW at ${newer.address}") }
            ids.forEach { newer.say(it, "new") }
            ids.forEach { newer.said(it) shouldBe listOf("t-old", "t-new") }
            ids.map(::formatOf).toSet() shouldBe setOf(2)
        }
    }

    private fun <T> CompletionStage<T>.result(): T = toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS)

    private companion object {
        const val OLD = "1.0.0"
        const val NEW = "1.1.0"
        val ids = (1..30).map { "id $it" }
        val PATIENCE: Duration = Duration.ofSeconds(20)
    }
}
