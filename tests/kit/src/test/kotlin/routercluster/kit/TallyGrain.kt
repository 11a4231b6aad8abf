package routercluster.kit

import com.fasterxml.jackson.databind.node.ObjectNode
import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.directory.GrainKind
import routercluster.grains.state.GrainStop
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateCodec
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.kept

/** What a grain is told that counts. */
internal sealed interface Tally {
    data class Add(val amount: Int, val replyTo: ActorRef<Tallied>) :
        Tally,
        WireMessage

    data object Sleep : Tally, GrainStop
}

/** @property by what the grain's node calls itself */
internal data class Tallied(val sum: Int, val by: String) : WireMessage

/** As the release before kept it. */
internal data class OldTally(val sum: Int)

/** As this release keeps it, and makes it of what the one before kept. */
internal data class NewTally(val sum: Int, val largest: Int)

internal val oldTallies = StateCodec(OldTally::class.java, format = 1)
internal val newTallies =
    StateCodec(NewTally::class.java, format = 2) { _, tree -> (tree as ObjectNode).put("largest", tree.path("sum").intValue()) }

internal fun oldTallyKind(store: StateStore, node: String) = tallyKind(store, oldTallies, node, OldTally::sum) { sum, _ -> OldTally(sum) }

internal fun newTallyKind(store: StateStore, node: String) = tallyKind(store, newTallies, node, NewTally::sum) { sum, before ->
    NewTally(sum, maxOf(before?.largest ?: 0, sum - (before?.sum ?: 0)))
}

private fun <S : Any> tallyKind(store: StateStore, codec: StateCodec<S>, node: String, sumOf: (S) -> Int, make: (Int, S?) -> S) =
    GrainKind(TALLY, Tally::class.java, Tally.Sleep) { id -> kept(StateKey(TALLY, id), store, codec) { TallyGrain(node, sumOf, make) } }

private class TallyGrain<S : Any>(private val node: String, private val sumOf: (S) -> Int, private val make: (Int, S?) -> S) :
    KeptGrain<Tally, S> {
    override fun decide(state: S?, command: Tally): Step<S> =
        when (command) {
            is Tally.Add -> {
                val sum = (state?.let(sumOf) ?: 0) + command.amount
                Step.Save(make(sum, state), expiresAfter = null) { command.replyTo.tell(Tallied(sum, node)) }
            }

            is Tally.Sleep -> {
                Step.Stay {}
            }
        }

    /** Who asked learns of it by its timeout. */
    override fun refuse(command: Tally, failure: StateFailure) = Unit
}

internal const val TALLY = "tally"
