package routercluster.grains.cacheledger

import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.PostStop
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.pubsub.Topic
import routercluster.policy.cache.LedgerFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * Has a node [read] the ledger at its start, when the topic says that it has changed, and every [lookEvery] in case it did not hear.
 *
 * @param read is never called before the last call has come to its end
 */
internal fun cacheLedgerFollower(read: () -> CompletionStage<Unit>, lookEvery: Duration): Behavior<FollowerCommand> =
    Behaviors.setup { context ->
        Behaviors.withTimers { timers ->
            timers.startTimerWithFixedDelay(FollowerCommand.Look, Duration.ZERO, lookEvery)
            CacheLedgerFollower(read, context).running()
        }
    }

/** The actor's state: touched by its own messages only, one at a time. */
private class CacheLedgerFollower(private val read: () -> CompletionStage<Unit>, private val context: ActorContext<FollowerCommand>) {
    private var isReading = false
    private var isDue = false

    /** Of the read that is on its way, and of the next. */
    private var asked = mutableListOf<CompletableFuture<Unit>>()
    private var waiting = mutableListOf<CompletableFuture<Unit>>()

    fun running(): Behavior<FollowerCommand> {
        val topic = context.spawn(Topic.create(CacheLedgerChanged::class.java, CACHE_LEDGER_TOPIC), "news")
        topic.tell(Topic.subscribe(context.messageAdapter(CacheLedgerChanged::class.java) { FollowerCommand.Look }))
        return Behaviors
            .receive(FollowerCommand::class.java)
            .onAnyMessage { command ->
                when (command) {
                    is FollowerCommand.Ask -> waiting += command.promise
                    is FollowerCommand.Look -> Unit
                    is FollowerCommand.Done -> done(command.failure)
                }
                if (command !is FollowerCommand.Done) isDue = true
                if (isDue && !isReading) begin()
                Behaviors.same()
            }.onSignal(PostStop::class.java) {
                (asked + waiting).forEach { it.completeExceptionally(LedgerFailure.Unavailable("this node is stopping")) }
                Behaviors.same()
            }.build()
    }

    private fun begin() {
        isReading = true
        isDue = false
        asked = waiting
        waiting = mutableListOf()
        context.pipeToSelf(read()) { _, failure -> FollowerCommand.Done(failure) }
    }

    private fun done(failure: Throwable?) {
        isReading = false
        for (promise in asked) if (failure == null) promise.complete(Unit) else promise.completeExceptionally(failure)
        asked = mutableListOf()
    }
}
