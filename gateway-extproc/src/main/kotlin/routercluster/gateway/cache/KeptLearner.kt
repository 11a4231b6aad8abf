package routercluster.gateway.cache

import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.HitLearnerState
import routercluster.policy.cache.LearntStore
import routercluster.policy.cache.RiskModel
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger

/**
 * A learner whose state is kept under [name] in [store]: read beside the first requests, which are misses meanwhile, and written after every
 * [LOOKS] answers that were compared, and at the end. Whoever touches [learner] holds its lock.
 *
 * @param store null keeps nothing
 */
internal class KeptLearner(val learner: HitLearner, private val name: String, private val store: LearntStore?) {
    private val unkept = AtomicInteger()

    /** Reads and writes one after the other. */
    private var disk: CompletableFuture<Unit> = CompletableFuture.completedFuture(Unit)

    init {
        if (store != null) disk = CompletableFuture.supplyAsync { goOn(store) }
    }

    private fun goOn(store: LearntStore) {
        val state = store.load(name)?.let(HitLearnerState::fromBytes) ?: return
        val model = state.judged.takeIf { it.size >= RiskModel.JUDGED_MIN }?.let(RiskModel::fit)
        synchronized(learner) { learner.goOn(state, model) }
    }

    /** An answer was compared. */
    fun looked() {
        if (unkept.incrementAndGet() >= LOOKS) keep()
    }

    /** Completes when what was learnt until now is kept. */
    @Synchronized
    fun keep(): CompletableFuture<Unit> {
        if (store != null && unkept.getAndSet(0) > 0) disk = disk.handleAsync { _, _ -> store.save(name, state().toBytes()) }
        return disk
    }

    private fun state(): HitLearnerState = synchronized(learner) { learner.state() }

    private companion object {
        const val LOOKS = 50
    }
}
