package routercluster.grains.conversation

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import routercluster.grains.state.Fate
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.ScriptedStateStore
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.random.Random

/** Random changes over a store that fails, fills up and loses answers, with doubles of the grain, against a map from turns to their statuses. */
class ConversationModelTest {
    private val kit = ActorTestKit.create()
    private val id = ConversationId("tenant", "conversation")
    private val clock = InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"))

    @AfterEach
    fun close() = kit.shutdownTestKit()

    @ParameterizedTest
    @ValueSource(longs = [1, 2, 3, 4, 5, 6, 7, 8])
    fun `what was acknowledged is there, once, and nothing that was refused`(seed: Long) {
        val operations = List(OPERATIONS) { Random(seed * OPERATIONS + it) }.map(::operation)
        val shortest = if (holds(operations)) return else shrunk(operations)
        withClue("seed $seed, shortest failing run: $shortest") { run(shortest) }
    }

    /** Without any operation that the failure does not need. */
    private fun shrunk(operations: List<Operation>): List<Operation> {
        var rest = operations
        for (operation in operations) (rest - operation).takeUnless(::holds)?.let { rest = it }
        return rest
    }

    private fun holds(operations: List<Operation>): Boolean =
        try {
            run(operations)
            true
        } catch (_: AssertionError) {
            false
        }

    private fun run(operations: List<Operation>) {
        val store = ScriptedStateStore(MemoryStateStore(clock))
        val grains = LocalGrains(kit, ConversationSettings(store, clock, keepFor = Duration.ofDays(1)))
        val conversations = GrainConversations(grains)
        var possible = setOf(emptyMap<String, TurnStatus>())
        operations.forEach { operation ->
            store.fate = fateOf(operation.fate)
            if (operation.double) grains.double(grainIdOf(id))
            val outcome = outcomeOf(conversations.change(id, operation.change, TIMEOUT))
            possible = possible.flatMapTo(mutableSetOf()) { statesAfter(it, operation.change, outcome) }
            store.fate = { Fate.DONE }
            val kept = conversations.load(id, TIMEOUT).toCompletableFuture().join()
            val seen = kept?.turns.orEmpty().associate { it.id to it.status }
            withClue(operation) { seen shouldBeIn possible }
            kept?.turns.orEmpty().size shouldBe seen.size
            possible = setOf(seen)
        }
    }

    /** Fails at most the first call, so that the retries of a change can come through. */
    private fun fateOf(fate: Fate): (Boolean) -> Fate {
        val isFirst = AtomicBoolean(true)
        return { save -> if (save && isFirst.getAndSet(false)) fate else Fate.DONE }
    }

    private fun outcomeOf(stage: CompletionStage<Changed>): Changed? =
        try {
            stage.toCompletableFuture().join()
        } catch (failure: CompletionException) {
            if (failure.cause is ConversationFailure) null else throw failure
        }

    private fun statesAfter(before: Map<String, TurnStatus>, change: ConversationChange, outcome: Changed?): Set<Map<String, TurnStatus>> =
        when (outcome) {
            is Changed.Done -> setOf(modelled(before, change))
            is Changed.Refused -> setOf(before)
            null -> setOf(before, modelled(before, change))
        }

    private fun modelled(before: Map<String, TurnStatus>, change: ConversationChange): Map<String, TurnStatus> =
        when (change) {
            is ConversationChange.BeginTurn -> mapOf(change.turn.id to change.turn.status) + before

            is ConversationChange.EndTurn -> before + (change.turn.id to change.turn.status)

            is ConversationChange.CancelTurn -> before + (change.turnId to TurnStatus.CANCELLED)

            is ConversationChange.DropTurn -> before - change.turnId

            is ConversationChange.Delete -> emptyMap()

            is ConversationChange.Create,
            is ConversationChange.Describe,
            is ConversationChange.AddItems,
            is ConversationChange.DropItem,
            -> before
        }

    private data class Operation(val number: Long, val change: ConversationChange, val fate: Fate, val double: Boolean)

    private fun operation(random: Random): Operation {
        val turn = Turn("turn ${random.nextInt(5)}", parent = null, startedAt = clock.instant(), status = TurnStatus.IN_PROGRESS)
        val change =
            when (random.nextInt(10)) {
                in 0..3 -> ConversationChange.BeginTurn(turn)
                in 4..6 -> ConversationChange.EndTurn(turn.copy(status = TurnStatus.COMPLETED))
                7 -> ConversationChange.CancelTurn(turn.id)
                8 -> ConversationChange.DropTurn(turn.id)
                else -> ConversationChange.Delete
            }
        val fates = listOf(Fate.DONE, Fate.DONE, Fate.LOST, Fate.ANSWER_LOST, Fate.FULL)
        return Operation(random.nextLong(), change, fates.random(random), double = random.nextInt(10) == 0)
    }

    private companion object {
        const val OPERATIONS = 60
        val TIMEOUT: Duration = Duration.ofSeconds(10)
    }
}
