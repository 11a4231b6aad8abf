package routercluster.grains.selector

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.PostStop
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.javadsl.TimerScheduler
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.slf4j.LoggerFactory
import routercluster.grains.directory.GrainDirectory
import routercluster.policy.outcomes.SelectionKey
import java.time.Duration

/** The name of the actor of [outcomesNode] on its node. */
const val OUTCOMES_NODE = "outcomes-node"

/**
 * A node's part in the statistics of the cluster. Sends what its node measured to the selector grains in batches, each until it is counted;
 * takes the snapshots that they tell, and asks for those that are read and have not been heard of for long; tells other nodes what is
 * in flight here, and adds up what they tell.
 *
 * @param outcomes of this node; it has one such actor
 */
fun outcomesNode(outcomes: ClusterOutcomes, selectors: GrainDirectory<SelectorCommand>): Behavior<NodeMessage> =
    Behaviors.setup { context -> Behaviors.withTimers { timers -> OutcomesNode(outcomes, selectors, context, timers).running() } }

private class OutcomesNode(
    private val outcomes: ClusterOutcomes,
    private val selectors: GrainDirectory<SelectorCommand>,
    private val context: ActorContext<NodeMessage>,
    private val timers: TimerScheduler<NodeMessage>,
) {
    private val settings = outcomes.settings
    private val replyTo: ActorRef<SelectorReply> = context.self.narrow()
    private val reportTo: ActorRef<InFlightReport> = context.self.narrow()
    private val sendings = HashMap<String, Sending>()
    private val views = HashMap<String, View>()
    private var peers = emptySet<ActorRef<InFlightReport>>()
    private val reports = HashMap<ActorRef<InFlightReport>, Report>()
    private var told = emptyMap<String, Int>()
    private var toldNanos = 0L

    private class Report(val counts: Map<String, Int>, val heardNanos: Long)

    fun running(): Behavior<NodeMessage> {
        val receptionist = context.system.receptionist()
        val listing = context.messageAdapter(Receptionist.Listing::class.java) { PeersFound(it.getServiceInstances(inFlightNodes)) }
        receptionist.tell(Receptionist.register(selectorNodes, replyTo))
        receptionist.tell(Receptionist.register(inFlightNodes, reportTo))
        receptionist.tell(Receptionist.subscribe(inFlightNodes, listing))
        timers.startTimerWithFixedDelay(Resend, Sending.PAUSE_MIN)
        timers.startTimerWithFixedDelay(Tell, settings.tellEvery)
        timers.startTimerWithFixedDelay(Refresh, settings.refreshAfter)
        return Behaviors
            .receive(NodeMessage::class.java)
            .onAnyMessage { handle(it) }
            .onSignal(PostStop::class.java) { stopped() }
            .build()
    }

    private fun handle(message: NodeMessage): Behavior<NodeMessage> {
        when (message) {
            is Recorded -> recorded(message)
            is Flush -> flush()
            is Resend -> resend()
            is SelectorReply -> replied(message)
            is Wanted -> wanted(message.key, message.view)
            is InFlightReport -> reported(message)
            is PeersFound -> peers = message.peers - reportTo
            is Tell -> tellInFlight()
            is Refresh -> refresh()
        }
        return Behaviors.same()
    }

    private fun recorded(message: Recorded) {
        val id = message.key.grainId
        val sending =
            sendings[id] ?: if (sendings.size < ClusterOutcomes.KEYS_MAX) {
                Sending(outcomes.node, outcomes.newIncarnation).also { sendings[id] = it }
            } else {
                null
            }
        if (sending == null || !sending.add(message.statistics)) outcomes.drop(1) else outcomes.pending++
        // Only now: at no moment is it neither queued nor pending.
        outcomes.queued.decrementAndGet()
        if (!timers.isTimerActive(Flush)) timers.startSingleTimer(Flush, settings.flushAfter)
    }

    private fun flush() {
        val now = outcomes.nanoTime()
        sendings.forEach { (id, sending) -> sending.due(now, replyTo)?.let { selectors.tell(id, it) } }
        outcomes.pending = sendings.values.sumOf { it.attempts }
    }

    private fun resend() {
        sendings.values.forEach { outcomes.drop(it.expire(outcomes.now())) }
        flush()
        sendings.values.removeIf { it.isIdle && sendings.size >= ClusterOutcomes.KEYS_MAX }
    }

    private fun replied(reply: SelectorReply) {
        val sending = sendings[reply.key]
        when (reply) {
            is SelectorReply.Counted -> if (sending?.counted(reply.incarnation, reply.sequence) == true) flush()
            is SelectorReply.Early -> startAnew(sending, reply)
            is SelectorReply.NotCounted -> log.debug("statistics of {} were not kept, and are sent again", reply.key)
            is SelectorReply.Snapshot -> views[reply.key]?.heard(reply.statistics.toModels(), outcomes.nanoTime())
            is SelectorReply.Judged, is SelectorReply.Learnt -> Unit
        }
    }

    private fun startAnew(sending: Sending?, reply: SelectorReply.Early) {
        sending?.startAnew(reply.incarnation, reply.sequence)
        flush()
    }

    private fun wanted(key: SelectionKey, view: View) {
        views[key.grainId] = view
        selectors.tell(key.grainId, SelectorCommand.Current(replyTo))
    }

    /** Heals whatever was lost: snapshots, and lists of nodes. */
    private fun refresh() {
        val now = outcomes.nanoTime()
        var oldest = 0L
        views.forEach { (id, view) ->
            if (view.takeRead()) {
                val age = now - view.heardNanos
                oldest = maxOf(oldest, age)
                if (age >= settings.refreshAfter.toNanos()) selectors.tell(id, SelectorCommand.Current(replyTo))
            }
        }
        outcomes.oldestRead = Duration.ofNanos(oldest)
    }

    private fun reported(report: InFlightReport) {
        reports[report.from] = Report(report.counts, outcomes.nanoTime())
        addUp()
    }

    private fun addUp() {
        val now = outcomes.nanoTime()
        reports.values.removeIf { now - it.heardNanos > settings.reportLasts.toNanos() }
        val sums = HashMap<String, Int>()
        reports.values.forEach { report -> report.counts.forEach { (model, count) -> sums.merge(model, count, Int::plus) } }
        outcomes.elsewhere = sums
    }

    /** Only what changed, but again before others forget it. */
    private fun tellInFlight() {
        if (reports.isNotEmpty()) addUp()
        val counts = outcomes.here.counts()
        val now = outcomes.nanoTime()
        val isDue = counts.isNotEmpty() && now - toldNanos >= settings.reportLasts.toNanos() / REPORTS_PER_LIFE
        if (counts == told && !isDue) return
        told = counts
        toldNanos = now
        peers.forEach { it.tell(InFlightReport(reportTo, counts)) }
    }

    /** The last there is goes out; nobody waits to hear that it arrived. */
    private fun stopped(): Behavior<NodeMessage> {
        flush()
        return Behaviors.same()
    }

    private companion object {
        const val REPORTS_PER_LIFE = 3
        val log = LoggerFactory.getLogger("routercluster.grains.selector")
    }
}
