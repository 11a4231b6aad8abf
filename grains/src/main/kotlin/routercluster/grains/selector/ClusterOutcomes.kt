package routercluster.grains.selector

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import routercluster.grains.directory.GrainDirectory
import routercluster.policy.outcomes.AttemptOutcome
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.InFlight
import routercluster.policy.outcomes.Judgement
import routercluster.policy.outcomes.Measured
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.Standing
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.file.ImportPart
import routercluster.policy.outcomes.frozen
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * @property flushAfter longest that an outcome waits before it is sent, where no batch is on its way already
 * @property tellEvery least time between two reports of what is in flight
 * @property reportLasts how long another node's report counts
 * @property refreshAfter age from which a snapshot that is read is asked for again
 * @property judgeTimeout of a feedback; after it, nobody knows whether it counts
 * @property carryTimeout of a part of what is exported or imported, for which a grain may have to wake
 */
class OutcomesSettings(
    val flushAfter: Duration = Duration.ofMillis(50),
    val tellEvery: Duration = Duration.ofMillis(200),
    val reportLasts: Duration = Duration.ofSeconds(3),
    val refreshAfter: Duration = Duration.ofSeconds(5),
    val judgeTimeout: Duration = Duration.ofSeconds(3),
    val carryTimeout: Duration = Duration.ofSeconds(20),
)

/**
 * The statistics of the whole cluster as this node knows them. Before [start] nothing is known, and what is measured is dropped and
 * counted.
 *
 * @param node name of this node; two that run at the same time must not share it
 * @param newIncarnation a number that differs at every call, on this run of the node and on earlier ones
 */
class ClusterOutcomes(
    val node: String,
    private val selectors: GrainDirectory<SelectorCommand>,
    private val clock: InstantSource,
    internal val newIncarnation: () -> Long,
    internal val nanoTime: () -> Long = System::nanoTime,
    internal val settings: OutcomesSettings = OutcomesSettings(),
) : Outcomes {
    private val views = ConcurrentHashMap<SelectionKey, View>()
    private val dropped = AtomicLong()

    /** Outcomes on their way to the node's actor. */
    internal val queued = AtomicInteger()
    internal val here = InFlight()

    @Volatile internal var elsewhere: Map<String, Int> = emptyMap()

    @Volatile internal var pending = 0L

    @Volatile internal var oldestRead: Duration = Duration.ZERO

    @Volatile private var actor: ActorRef<NodeMessage>? = null

    /** @param spawn starts a behaviour under a name on this node */
    fun start(spawn: (Behavior<NodeMessage>, String) -> ActorRef<NodeMessage>) {
        actor = spawn(outcomesNode(this, selectors), OUTCOMES_NODE)
    }

    override fun measured(key: SelectionKey): Measured {
        val to = actor
        val view = views[key] ?: if (to != null && views.size < KEYS_MAX) views.computeIfAbsent(key) { opened(it, to) } else NOTHING
        view.markRead()
        return LocalMeasured(view.models)
    }

    private fun opened(key: SelectionKey, to: ActorRef<NodeMessage>): View = View(nanoTime()).also { to.tell(Wanted(key, it)) }

    private inner class LocalMeasured(private val models: Map<String, ModelStatistics>) : Measured {
        override fun statistics(model: String) = models[model] ?: ModelStatistics.NONE

        override fun inFlight(model: String) = here.at(model) + (elsewhere[model] ?: 0)
    }

    override fun began(model: String) = here.began(model)

    override fun left(model: String) = here.left(model)

    override fun attempted(outcome: AttemptOutcome) = record(outcome.key) { DecisionStatistics.of(outcome) }

    override fun hinted(key: SelectionKey, model: String, sums: VerdictSums, at: Instant) =
        record(key) { DecisionStatistics.ofVerdicts(model, sums, at) }

    private fun record(key: SelectionKey, statistics: () -> DecisionStatistics) {
        val to = actor
        if (to == null || queued.incrementAndGet() > QUEUED_MAX) {
            if (to != null) queued.decrementAndGet()
            drop(1)
        } else {
            to.tell(Recorded(key, statistics()))
        }
    }

    override fun judge(feedback: Feedback): CompletionStage<Judgement> =
        selectors
            .ask<SelectorReply>(feedback.key.grainId, settings.judgeTimeout) { replyTo -> command(feedback, replyTo) }
            .handle { reply, failure -> if (failure == null) judgement(reply) else LATE }

    private fun command(feedback: Feedback, replyTo: ActorRef<SelectorReply>): SelectorCommand {
        val at = feedback.at.toEpochMilli()
        val (identity, weightMax) = feedback.by?.identity to (feedback.by?.weightMax ?: 0)
        val against = feedback.against
        val sums = feedback.sums
        return if (against == null) {
            SelectorCommand.Judge(feedback.id, feedback.model, sums.toWire(), at, identity, weightMax, feedback.context?.toWire(), replyTo)
        } else {
            val pair = WirePair(0, feedback.model, against, sums.goodFit, sums.bad)
            SelectorCommand.Compare(feedback.id, pair, at, identity, weightMax, replyTo)
        }
    }

    override fun learnt(key: SelectionKey): CompletionStage<DecisionStatistics> =
        learnt(key, null).thenCompose { compared ->
            compared.models.fold(CompletableFuture.completedStage(compared.statistics.toStatistics())) { sum, model ->
                sum.thenCombine(learnt(key, model)) { before, next -> before + next.statistics.toStatistics() }
            }
        }

    private fun learnt(key: SelectionKey, model: String?): CompletionStage<SelectorReply.Learnt> =
        selectors
            .ask<SelectorReply>(key.grainId, settings.carryTimeout) { replyTo -> SelectorCommand.Tell(model, replyTo) }
            .thenApply { it as SelectorReply.Learnt }

    override fun take(key: SelectionKey, part: ImportPart): CompletionStage<Judgement> =
        selectors
            .ask<SelectorReply>(key.grainId, settings.carryTimeout) { replyTo ->
                SelectorCommand.Import(part.id, part.mode.name, part.model, part.statistics.toWire(), replyTo)
            }.handle { reply, failure -> if (failure == null) judgement(reply) else LATE }

    private fun judgement(reply: SelectorReply): Judgement {
        val judged = reply as? SelectorReply.Judged ?: return LATE
        return when (judged.verdict) {
            JudgedAs.COUNTED -> Judgement.Counted(repeated = false)
            JudgedAs.REPEATED -> Judgement.Counted(repeated = true)
            JudgedAs.CONTRADICTS -> Judgement.Contradicts
            JudgedAs.NOT_KEPT -> if (judged.capped) Judgement.Capped else Judgement.NotKept(judged.reason.orEmpty())
        }
    }

    override fun standing() =
        Standing(queued.get() + pending, dropped.get(), oldestRead, views.values.sumOf { it.models.frozen() })

    internal fun drop(count: Long) {
        if (count > 0) dropped.addAndGet(count)
    }

    internal fun now(): Instant = clock.instant()

    companion object {
        /** Outcomes that may wait for the node's actor; further ones are dropped and counted. */
        const val QUEUED_MAX = 16_384

        /** Decisions of all policies since the start; of further ones nothing is known. */
        const val KEYS_MAX = 4_096
        private val NOTHING = View(0)
        private val LATE = Judgement.NotKept("the statistics of this decision did not answer in time")
    }
}
