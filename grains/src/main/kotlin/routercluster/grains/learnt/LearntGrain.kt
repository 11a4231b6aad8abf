package routercluster.grains.learnt

import org.apache.pekko.actor.typed.Behavior
import routercluster.grains.directory.GrainKind
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateCodec
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.kept
import routercluster.policy.cache.HitLearnerState
import java.time.Duration

private const val LEARNT_KIND = "learnt-hits"

internal val learntCodec = StateCodec(KeptLearnt::class.java, format = 1)

/** How what is learnt of hits, which is kept in [store], is hosted. */
fun learntKind(store: StateStore): GrainKind<LearntCommand> =
    GrainKind(
        LEARNT_KIND,
        LearntCommand::class.java,
        LearntCommand.Sleep,
        isLarge = true,
        isSafeTwice = store.isShared,
    ) { learntGrain(it, store) }

/** The grain that keeps in [store] what all nodes have learnt of one decision's hits. */
fun learntGrain(id: String, store: StateStore): Behavior<LearntCommand> =
    kept(StateKey(LEARNT_KIND, id), store, learntCodec, SAVE_EVERY) { LearntGrain() }

private class LearntGrain : KeptGrain<LearntCommand, KeptLearnt> {
    /** The kept state as it was last written or read, so that it need not be read out of its bytes at every command. */
    private var last: Pair<KeptLearnt, HitLearnerState>? = null

    override fun decide(state: KeptLearnt?, command: LearntCommand): Step<KeptLearnt> =
        when (command) {
            is LearntCommand.Share -> share(state, command)
            is LearntCommand.Sleep -> Step.Stay {}
        }

    override fun refuse(command: LearntCommand, failure: StateFailure) {
        if (command is LearntCommand.Share) command.replyTo.tell(LearntReply.Unavailable("the store of what was learnt is away"))
    }

    private fun share(state: KeptLearnt?, command: LearntCommand.Share): Step<KeptLearnt> {
        val news = HitLearnerState.fromBytes(command.news)
            ?: return Step.Stay { command.replyTo.tell(LearntReply.Unavailable("the news cannot be read here")) }
        val known = learntOf(state)
        val heard = state?.heard.orEmpty()
        val isNew = heard.none { it.sender == command.sender && it.number >= command.number }
        if (!isNew || news.isEmpty) {
            val learnt = state?.learnt ?: known.toBytes()
            return Step.Stay { command.replyTo.tell(LearntReply.Told(learnt)) }
        }
        val all = known + news
        val others = heard.filter { it.sender != command.sender }
        val next = KeptLearnt(all.toBytes(), (others + HeardSender(command.sender, command.number)).takeLast(SENDERS_MAX))
        last = next to all
        return Step.Save(next, UNUSED_FOR) { command.replyTo.tell(LearntReply.Told(next.learnt)) }
    }

    /** What is damaged was never learnt. */
    private fun learntOf(state: KeptLearnt?): HitLearnerState {
        if (state == null) return HitLearnerState.EMPTY
        last?.takeIf { it.first === state }?.let { return it.second }
        return (HitLearnerState.fromBytes(state.learnt) ?: HitLearnerState.EMPTY).also { last = state to it }
    }

    private companion object {
        /** Decisions of which nothing was learnt for so long have other settings by now. */
        val UNUSED_FOR: Duration = Duration.ofDays(90)
    }
}

/** What was learnt takes up to half a megabyte, which is not written for each of its changes. */
private val SAVE_EVERY: Duration = Duration.ofSeconds(1)
