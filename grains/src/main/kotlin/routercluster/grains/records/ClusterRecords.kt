package routercluster.grains.records

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.Scheduler
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.AskPattern
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.javadsl.TimerScheduler
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.slf4j.LoggerFactory
import routercluster.grains.selector.toSums
import routercluster.grains.selector.toWire
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.record.BadRecord
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.Records
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.record.toJson
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * Decision records of the whole cluster: in the store where they were kept there, else in the rings of the other nodes. Of several
 * requests with the same id the store keeps the first. What is said of an answer is told to all nodes, since only the one that has its record knows
 * that it has; many at a time, and what the store keeps stays as it was.
 *
 * Before [start] only the store is asked, and nothing is told.
 *
 * @param ring of this node, which others ask
 */
class ClusterRecords(
    private val store: StateStore,
    private val ring: DecisionRing,
) : Records {
    private val writing = AtomicInteger()
    private val lost = AtomicLong()
    private val untold = AtomicInteger()

    @Volatile private var others: Others? = null

    @Volatile private var self: ActorRef<RecordsMessage>? = null

    private class Others(val nodes: Set<ActorRef<RecordsMessage>>, val scheduler: Scheduler)

    /** Records since the start that should have been kept and were not, and verdicts that were not passed on. */
    val dropped: Long get() = lost.get()

    /** @param spawn starts a behaviour under a name on this node */
    fun start(spawn: (Behavior<RecordsMessage>, String) -> ActorRef<RecordsMessage>) {
        self = spawn(node(), RECORDS_NODE)
    }

    private fun node(): Behavior<RecordsMessage> =
        Behaviors.setup { context -> Behaviors.withTimers { timers -> node(context, timers) } }

    private fun node(context: ActorContext<RecordsMessage>, timers: TimerScheduler<RecordsMessage>): Behavior<RecordsMessage> {
        val waiting = ArrayList<JudgedRecord>()
        val receptionist = context.system.receptionist()
        val found = context.messageAdapter(Receptionist.Listing::class.java) { OthersFound(it.getServiceInstances(recordsNodes)) }
        receptionist.tell(Receptionist.register(recordsNodes, context.self))
        receptionist.tell(Receptionist.subscribe(recordsNodes, found))
        return Behaviors.receiveMessage { message ->
            when (message) {
                is RecordsMessage.Find -> {
                    message.replyTo.tell(RecordFound(ring[message.id]?.toJson()?.toString()))
                }

                is RecordsMessage.Judged -> {
                    message.verdicts.forEach { ring.judged(it.id, it.sums.toSums()) }
                }

                is JudgedHere -> {
                    waiting += message.verdict
                    if (!timers.isTimerActive(PassOn)) timers.startSingleTimer(PassOn, PASS_ON_AFTER)
                }

                is PassOn -> {
                    passOn(waiting)
                }

                is OthersFound -> {
                    others = Others(message.others - context.self, context.system.scheduler())
                }
            }
            Behaviors.same()
        }
    }

    private fun passOn(waiting: MutableList<JudgedRecord>) {
        untold.addAndGet(-waiting.size)
        waiting.chunked(TOLD_AT_ONCE).forEach { part -> others?.nodes.orEmpty().forEach { it.tell(RecordsMessage.Judged(part)) } }
        waiting.clear()
    }

    override fun judged(requestId: String, sums: VerdictSums) {
        val to = self ?: return
        if (!isKeyable(requestId)) return
        if (untold.incrementAndGet() > UNTOLD_MAX) {
            untold.decrementAndGet()
            lost.incrementAndGet()
        } else {
            to.tell(JudgedHere(JudgedRecord(requestId, sums.toWire())))
        }
    }

    override fun keep(record: DecisionRecord, keepFor: Duration) {
        if (!isKeyable(record.id)) return
        if (writing.incrementAndGet() > WRITING_MAX) {
            writing.decrementAndGet()
            lost.incrementAndGet()
            return
        }
        store.save(keyOf(record.id), 0, record.toJson().toString().encodeToByteArray(), keepFor).whenComplete { _, failure ->
            writing.decrementAndGet()
            if (failure != null) lost.incrementAndGet()
        }
    }

    override fun find(requestId: String): CompletionStage<DecisionRecord?> =
        if (isKeyable(requestId)) kept(requestId).thenCompose { it?.let(::done) ?: elsewhere(requestId) } else done(null)

    private fun kept(id: String): CompletionStage<DecisionRecord?> =
        store.load(keyOf(id)).handle { stored, failure ->
            if (failure != null) log.warn("kept decision records cannot be read: {}", failure.javaClass.simpleName)
            stored?.let { read(it.bytes.decodeToString()) }
        }

    /** The first node that has it; null when all have said no, or too late. */
    private fun elsewhere(id: String): CompletionStage<DecisionRecord?> {
        val answer = CompletableFuture<DecisionRecord?>()
        val asked = others?.takeIf { it.nodes.isNotEmpty() } ?: return done(null)
        val waiting = AtomicInteger(asked.nodes.size)
        asked.nodes.forEach { node ->
            AskPattern
                .ask<RecordsMessage, RecordFound>(node, { RecordsMessage.Find(id, it) }, ASK_TIMEOUT, asked.scheduler)
                .whenComplete { found, _ ->
                    found?.record?.let(::read)?.let(answer::complete)
                    if (waiting.decrementAndGet() == 0) answer.complete(null)
                }
        }
        return answer
    }

    /** A newer node's record may be one that this one cannot read. */
    private fun read(json: String): DecisionRecord? =
        try {
            decisionRecordOf(json)
        } catch (bad: BadRecord) {
            log.warn("a decision record from elsewhere cannot be read: {}", bad.message)
            null
        }

    private fun isKeyable(id: String) = id.isNotEmpty() && id.length <= ID_LENGTH_MAX

    private fun keyOf(id: String) = StateKey("decision", id)

    private fun done(record: DecisionRecord?): CompletionStage<DecisionRecord?> = CompletableFuture.completedFuture(record)

    companion object {
        /** Records on their way to the store; further ones are dropped and counted. */
        const val WRITING_MAX = 1_024

        /** Verdicts that wait to be passed on; further ones are dropped and counted. */
        const val UNTOLD_MAX = 4_096
        private const val TOLD_AT_ONCE = 256
        private val PASS_ON_AFTER: Duration = Duration.ofMillis(100)
        val ASK_TIMEOUT: Duration = Duration.ofMillis(500)

        /** Of a request id, so that it fits a key in any encoding. */
        private const val ID_LENGTH_MAX = StateKey.ID_BYTES_MAX / 4
        private val log = LoggerFactory.getLogger("routercluster.grains.records")
    }
}
