package routercluster.grains.selector

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.apache.pekko.actor.typed.receptionist.ServiceKey
import routercluster.grains.directory.GrainKind
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateCodec
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.kept
import routercluster.policy.outcomes.Arrival
import routercluster.policy.outcomes.Batch
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.Judgement
import routercluster.policy.outcomes.Producer
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.SelectorState
import routercluster.policy.outcomes.Speaker
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.file.ImportMode
import routercluster.policy.outcomes.file.ImportPart
import routercluster.policy.outcomes.file.comparisons
import routercluster.policy.outcomes.file.modelNames
import routercluster.policy.outcomes.file.of
import java.net.URLEncoder
import java.security.MessageDigest
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.HexFormat

/** The kind of a selector grain's kept state, and the name of its directory. */
const val SELECTOR = "selector"

/** Under this key every node waits for snapshots. */
internal val selectorNodes: ServiceKey<SelectorReply> = ServiceKey.create(SelectorReply::class.java, "selector-nodes")

/** Snapshots of one selector are made durable, and told to all nodes, at most once in this time. */
val SNAPSHOT_INTERVAL: Duration = Duration.ofMillis(200)

/** The id of the grain that has the statistics of this decision. */
val SelectionKey.grainId: String
    get() {
        val readable = listOf(recipe, decision).joinToString("/") { URLEncoder.encode(it, Charsets.UTF_8) }
        return if (readable.length <= StateKey.ID_BYTES_MAX) readable else "sha256/" + sha256(readable)
    }

private fun sha256(text: String): String = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.encodeToByteArray()))

/**
 * Format 4 had no comparisons, priors or imports, format 3 also no falls, format 2 no sums of linear models, format 1 no verdicts of the last hours;
 * they are read as having none.
 */
private val codec = StateCodec(KeptSelector::class.java, format = 5)

/**
 * Owns the statistics of one decision of one recipe: counts batches of sums and feedbacks once each, and tells all nodes what is durable
 * of them. What has left its window is forgotten with the next save.
 *
 * @param id as [grainId] makes it
 */
fun selectorGrain(id: String, store: StateStore, clock: InstantSource, saveEvery: Duration = SNAPSHOT_INTERVAL): Behavior<SelectorCommand> =
    kept(StateKey(SELECTOR, id), store, codec, saveEvery) { context -> SelectorGrain(id, clock, context) }

/** Selector grains as a host keeps them. */
fun selectorKind(store: StateStore, clock: InstantSource): GrainKind<SelectorCommand> =
    GrainKind(
        SELECTOR,
        SelectorCommand::class.java,
        SelectorCommand.Sleep,
        isSafeTwice = store.isShared,
    ) { selectorGrain(it, store, clock) }

private class SelectorGrain(private val id: String, private val clock: InstantSource, context: ActorContext<Any>) :
    KeptGrain<SelectorCommand, KeptSelector> {
    private var nodes = emptySet<ActorRef<SelectorReply>>()
    private var settleAt = Instant.MIN

    /** The kept state as it was last written or read, so that it need not be read out of its wire form at every command. */
    private var last: Pair<KeptSelector, SelectorState>? = null

    init {
        val found = context.messageAdapter(Receptionist.Listing::class.java) { NodesFound(it.getServiceInstances(selectorNodes)) }
        context.system.receptionist().tell(Receptionist.subscribe(selectorNodes, found))
    }

    override fun decide(state: KeptSelector?, command: SelectorCommand): Step<KeptSelector> =
        when (command) {
            is SelectorCommand.Count -> count(stateOf(state), command)
            is SelectorCommand.Judge -> judge(stateOf(state), command.toFeedback(), command.replyTo)
            is SelectorCommand.Compare -> judge(stateOf(state), command.toFeedback(), command.replyTo)
            is SelectorCommand.Import -> import(stateOf(state), command)
            is SelectorCommand.Tell -> Step.Stay { command.replyTo.tell(learnt(stateOf(state), command.model)) }
            is SelectorCommand.Current -> Step.Stay { command.replyTo.tell(snapshot(state)) }
            is NodesFound -> Step.Stay { found(state, command.nodes) }
            is SelectorCommand.Sleep -> Step.Stay {}
        }

    override fun onlyReads(command: SelectorCommand) =
        command is SelectorCommand.Current || command is SelectorCommand.Tell || command is NodesFound

    private fun count(state: SelectorState, command: SelectorCommand.Count): Step<KeptSelector> {
        val producer = Producer(command.node, command.incarnation)
        val counted = { command.replyTo.tell(SelectorReply.Counted(id, command.incarnation, command.sequence)) }
        return when (state.batches.arrival(producer, command.sequence)) {
            Arrival.NEW -> {
                save(state.plus(Batch(producer, command.sequence, command.statistics.toStatistics())), counted)
            }

            Arrival.REPEATED -> {
                Step.Stay(counted)
            }

            Arrival.EARLY -> {
                Step.Stay { command.replyTo.tell(SelectorReply.Early(id, command.incarnation, command.sequence)) }
            }
        }
    }

    private fun SelectorCommand.Judge.toFeedback() =
        Feedback(id, NO_KEY, model, verdicts.toSums(), Instant.ofEpochMilli(atMillis), speaker(identity, weightMax), context?.toPoint())

    private fun SelectorCommand.Compare.toFeedback(): Feedback {
        val sums = VerdictSums(goodFit = pair.firstWon, underpowered = pair.secondWon)
        return Feedback(id, NO_KEY, pair.first, sums, Instant.ofEpochMilli(atMillis), speaker(identity, weightMax), against = pair.second)
    }

    private fun speaker(identity: String?, weightMax: Long) = identity?.let { Speaker(it, weightMax) }

    private fun learnt(state: SelectorState, model: String?): SelectorReply {
        val told = if (model == null) state.statistics.comparisons(null) else state.statistics.of(model)
        return SelectorReply.Learnt(id, state.statistics.modelNames().toList(), told.toWire())
    }

    private fun import(state: SelectorState, command: SelectorCommand.Import): Step<KeptSelector> {
        val mode = ImportMode.entries.firstOrNull { it.name == command.mode }
        val told = { verdict: JudgedAs, reason: String? -> command.replyTo.tell(SelectorReply.Judged(id, verdict, reason)) }
        if (mode == null) return Step.Stay { told(JudgedAs.NOT_KEPT, "this node does not know the way ${command.mode}") }
        val part = ImportPart(command.id, mode, command.model, command.statistics.toStatistics())
        if (state.hasCounted(part)) return Step.Stay { told(JudgedAs.REPEATED, null) }
        return save(state.plus(part)) { told(JudgedAs.COUNTED, null) }
    }

    private fun judge(state: SelectorState, feedback: Feedback, replyTo: ActorRef<SelectorReply>): Step<KeptSelector> {
        val told = { verdict: JudgedAs -> replyTo.tell(SelectorReply.Judged(id, verdict)) }
        return when (val judgement = state.judgement(feedback)) {
            is Judgement.Counted -> {
                if (judgement.repeated) Step.Stay { told(JudgedAs.REPEATED) } else save(state.plus(feedback)) { told(JudgedAs.COUNTED) }
            }

            Judgement.Contradicts -> {
                Step.Stay { told(JudgedAs.CONTRADICTS) }
            }

            Judgement.Capped -> {
                Step.Stay { replyTo.tell(SelectorReply.Judged(id, JudgedAs.NOT_KEPT, CAPPED, capped = true)) }
            }

            is Judgement.NotKept -> {
                Step.Stay { told(JudgedAs.NOT_KEPT) }
            }
        }
    }

    /** Models that fell are looked for less often than is saved, since it takes longer than to add up. */
    private fun save(state: SelectorState, reply: () -> Unit): Step<KeptSelector> {
        val time = clock.instant()
        val isDue = time >= settleAt
        if (isDue) settleAt = time + SETTLE_EVERY
        val now = if (isDue) state.settled(time) else state.since(time)
        val written = now.toKept()
        last = written to now
        return Step.Save(written, expiresAfter = null, reply)
    }

    private fun stateOf(kept: KeptSelector?): SelectorState {
        if (kept == null) return SelectorState()
        last?.takeIf { it.first === kept }?.let { return it.second }
        return kept.toState().also { last = kept to it }
    }

    override fun refuse(command: SelectorCommand, failure: StateFailure) {
        when (command) {
            is SelectorCommand.Count -> command.replyTo.tell(SelectorReply.NotCounted(id, command.incarnation, command.sequence))
            is SelectorCommand.Judge -> command.replyTo.tell(SelectorReply.Judged(id, JudgedAs.NOT_KEPT, reasonOf(failure)))
            is SelectorCommand.Compare -> command.replyTo.tell(SelectorReply.Judged(id, JudgedAs.NOT_KEPT, reasonOf(failure)))
            is SelectorCommand.Import -> command.replyTo.tell(SelectorReply.Judged(id, JudgedAs.NOT_KEPT, reasonOf(failure)))
            is NodesFound -> nodes = command.nodes
            is SelectorCommand.Current, is SelectorCommand.Tell, is SelectorCommand.Sleep -> Unit
        }
    }

    /** The failure's own message may name the store's address. */
    private fun reasonOf(failure: StateFailure): String =
        when (failure) {
            is StateFailure.Full -> "the store of statistics is full"
            is StateFailure.Stale -> "the statistics have moved to another node"
            is StateFailure.Unavailable -> "the store of statistics is away"
            is StateFailure.Unreadable -> "the statistics cannot be read"
        }

    override fun durable(state: KeptSelector?) {
        val snapshot = snapshot(state)
        nodes.forEach { it.tell(snapshot) }
    }

    private fun found(state: KeptSelector?, all: Set<ActorRef<SelectorReply>>) {
        val new = all - nodes
        nodes = all
        if (new.isEmpty()) return
        val snapshot = snapshot(state)
        new.forEach { it.tell(snapshot) }
    }

    private fun snapshot(state: KeptSelector?) = SelectorReply.Snapshot(id, stateOf(state).statistics.models(clock.instant()).toWire())

    private companion object {
        /** The grain's id stands for it. */
        val NO_KEY = SelectionKey("", "")
        val SETTLE_EVERY: Duration = Duration.ofSeconds(1)
        const val CAPPED = "this caller has had all the weight that one may have"
    }
}
