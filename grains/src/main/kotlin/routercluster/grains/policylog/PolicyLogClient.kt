package routercluster.grains.policylog

import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.PostStop
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.javadsl.TimerScheduler
import org.apache.pekko.actor.typed.pubsub.Topic
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyLogUnavailable
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * Keeps a node's watchers at the newest version: it hears of each by the topic, and looks every [lookEvery] in case it did not.
 *
 * A log that knows less than this node is told what it lost, so that the newest version lives as long as one node does.
 *
 * @param tellGrain tells the log's grain
 * @param timeout longest wait for the grain's answer
 */
internal fun policyLogClient(
    tellGrain: (PolicyLogCommand) -> Unit,
    lookEvery: Duration,
    timeout: Duration,
): Behavior<ClientCommand> =
    Behaviors.setup { context ->
        Behaviors.withTimers { timers -> PolicyLogClient(tellGrain, timeout, context, timers).running(lookEvery) }
    }

/** The actor's state: touched by its own messages only, one at a time. */
private class PolicyLogClient(
    private val tellGrain: (PolicyLogCommand) -> Unit,
    private val timeout: Duration,
    private val context: ActorContext<ClientCommand>,
    private val timers: TimerScheduler<ClientCommand>,
) {
    private val replies = context.messageAdapter(ReadReply::class.java) { ClientCommand.Replied(it) }
    private val watchers = mutableListOf<(LoggedPolicy) -> Unit>()

    /** By the id of the question that they are answered by. */
    private val asked = HashMap<Long, CompletableFuture<LoggedPolicy?>>()
    private var newest: LoggedPolicy? = null
    private var lastId = 0L

    fun running(lookEvery: Duration): Behavior<ClientCommand> {
        val topic = context.spawn(Topic.create(PolicyAnnounced::class.java, POLICY_TOPIC), "announcements")
        topic.tell(Topic.subscribe(context.messageAdapter(PolicyAnnounced::class.java) { ClientCommand.Announced(it.number) }))
        timers.startTimerWithFixedDelay(ClientCommand.Look, lookEvery)
        return Behaviors
            .receive(ClientCommand::class.java)
            .onAnyMessage { command ->
                when (command) {
                    is ClientCommand.Ask -> ask(command.promise)
                    is ClientCommand.Watch -> watch(command.watcher)
                    is ClientCommand.Unwatch -> watchers -= command.watcher
                    is ClientCommand.Announced -> if (command.number > (newest?.number ?: 0)) look()
                    is ClientCommand.Replied -> replied(command.reply)
                    is ClientCommand.Unanswered -> asked.remove(command.id)?.completeExceptionally(PolicyLogUnavailable(silence))
                    is ClientCommand.Look -> if (watchers.isNotEmpty()) look()
                }
                Behaviors.same()
            }.onSignal(PostStop::class.java) {
                asked.values.forEach { it.completeExceptionally(PolicyLogUnavailable("this node is stopping")) }
                Behaviors.same()
            }.build()
    }

    private val silence = "no answer within ${timeout.toSeconds()} s"

    private fun look(): Long {
        val id = ++lastId
        tellGrain(PolicyLogCommand.Read(id, newest?.number ?: 0, replies))
        return id
    }

    private fun ask(promise: CompletableFuture<LoggedPolicy?>) {
        val id = look()
        asked[id] = promise
        timers.startSingleTimer(ClientCommand.Unanswered(id), ClientCommand.Unanswered(id), timeout)
    }

    private fun watch(watcher: (LoggedPolicy) -> Unit) {
        watchers += watcher
        newest?.let(watcher)
        look()
    }

    private fun replied(reply: ReadReply) {
        if (reply is ReadReply.Newest) heard(reply)
        val promise = asked.remove(reply.id) ?: return
        timers.cancel(ClientCommand.Unanswered(reply.id))
        when (reply) {
            is ReadReply.Newest -> promise.complete(newest)
            is ReadReply.Unavailable -> promise.completeExceptionally(PolicyLogUnavailable(reply.reason))
        }
    }

    private fun heard(reply: ReadReply.Newest) {
        val known = newest
        if (known != null && reply.number < known.number) {
            tellGrain(PolicyLogCommand.Restore(recordOf(known.number, known.version, known.text, known.by)))
        }
        val policy = reply.policy?.toPolicy()
        if (policy == null || policy.number <= (known?.number ?: 0)) return
        newest = policy
        watchers.forEach { it(policy) }
    }
}
