package routercluster.grains.limits

import routercluster.grains.directory.GrainKind
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.kept
import routercluster.policy.limits.Ledger
import java.time.Duration
import java.time.InstantSource

/** The kind's name, for directories and in stores. */
const val LIMIT_GRAIN = "limit"

/**
 * Grains that keep the counts of limits, one for each. A grant is told only once it is durable in [store], so that a grain that moves or
 * dies has granted no more than its successor knows of.
 *
 * @param clock looked at once when a grain wakes up
 * @param nanoTime carries it on from there, so that a clock that jumps moves no limit
 */
fun limitKind(
    store: StateStore,
    clock: InstantSource = InstantSource.system(),
    nanoTime: () -> Long = System::nanoTime,
): GrainKind<LimitMessage> =
    GrainKind(LIMIT_GRAIN, LimitMessage::class.java, LimitMessage.Stop, idleAfter = IDLE_AFTER, isSafeTwice = store.isShared) { id ->
        kept(StateKey(LIMIT_GRAIN, id), store, ledgerCodec) {
            val begun = clock.millis()
            val start = nanoTime()
            LimitGrain { begun + Duration.ofNanos(nanoTime() - start).toMillis() }
        }
    }

private class LimitGrain(private val nowMillis: () -> Long) : KeptGrain<LimitMessage, KeptLedger> {
    override fun decide(state: KeptLedger?, command: LimitMessage): Step<KeptLedger> =
        when (command) {
            is LimitMessage.Ask -> asked(state, command)
            is LimitMessage.Stop -> Step.Stay {}
        }

    private fun asked(state: KeptLedger?, command: LimitMessage.Ask): Step<KeptLedger> {
        val now = nowMillis()
        val before = state?.ledger(command.pace)?.notAfter(now) ?: Ledger.empty(command.pace, now)
        val (after, lease, isChanged) = before.sync(command.sync, command.pace, now)
        val reply = { command.replyTo.tell(LimitReply.Leased(lease)) }
        return when {
            !isChanged -> Step.Stay(reply)
            after.isEmpty -> if (state == null) Step.Stay(reply) else Step.Forget(reply)
            else -> Step.Save(KeptLedger.of(after), keptFor(lease.fullMillis + lease.lastsMillis), reply)
        }
    }

    override fun refuse(command: LimitMessage, failure: StateFailure) {
        when (command) {
            is LimitMessage.Ask -> command.replyTo.tell(LimitReply.Away(failure.javaClass.simpleName))
            is LimitMessage.Stop -> Unit
        }
    }
}

/** Until nothing of it would count any more. */
private fun keptFor(millis: Long): Duration = Duration.ofMillis(millis).plus(KEPT_LONGER)

private val IDLE_AFTER: Duration = Duration.ofMinutes(2)

/** For clocks of nodes and stores that differ. */
private val KEPT_LONGER: Duration = Duration.ofMinutes(5)
