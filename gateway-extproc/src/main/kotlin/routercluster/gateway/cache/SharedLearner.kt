package routercluster.gateway.cache

import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.HitLearnerState
import routercluster.policy.cache.Judged
import routercluster.policy.cache.LearntSharing
import routercluster.policy.cache.RiskModel
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/**
 * A learner that tells others by its [name] what it learns, and takes over what they know: at the beginning, and after every [SHARE_AT]
 * requests, or a twentieth as many answers that were compared. That, and fitting models, happens beside the requests; where it fails, the
 * learner goes on by itself, and says the same again the next time. Whoever touches [learner] holds its lock.
 *
 * @param sharing null keeps to itself what it learns
 */
internal class SharedLearner(val learner: HitLearner, private val name: String, private val sharing: LearntSharing?) {
    private val unsaid = AtomicInteger()
    private val isSaying = AtomicBoolean()

    /** What was said and not answered yet. For whoever has [isSaying], like [number]. */
    private var said: HitLearnerState? = null
    private var number = 0L

    @Volatile private var saying: CompletableFuture<Unit> = CompletableFuture.completedFuture(Unit)
    private var fitting: CompletableFuture<Unit> = CompletableFuture.completedFuture(Unit)

    init {
        share()
    }

    /** It ruled on a request. */
    fun ruled() = learnt(1)

    /** An answer was compared, after which a model is to be fitted on [due]; null where none is. */
    fun looked(due: List<Judged>?) {
        if (due != null) fit(due)
        learnt(LOOK_WEIGHT)
    }

    /** Completes when what was learnt until now was said, or could not be said; and when models are fitted. */
    fun settled(): CompletableFuture<Unit> =
        saying
            .thenCompose { if (unsaid.get() > 0) share() else saying }
            .thenCompose { synchronized(this) { fitting } }

    private fun learnt(weight: Int) {
        if (unsaid.addAndGet(weight) >= SHARE_AT) share()
    }

    private fun share(): CompletableFuture<Unit> {
        if (sharing == null || !isSaying.compareAndSet(false, true)) return saying
        unsaid.set(0)
        saying = CompletableFuture
            .supplyAsync { news() }
            .thenCompose { sharing.share(name, number, it) }
            .handleAsync { all, _ -> if (all != null) takeOver(all) }
            .handle { _, _ -> isSaying.set(false) }
        return saying
    }

    private fun news(): HitLearnerState =
        said ?: synchronized(learner) { learner.news() }.also {
            said = it
            number++
        }

    private fun takeOver(all: HitLearnerState) {
        said = null
        synchronized(learner) { learner.goOn(all) }?.let(::fit)
    }

    /** One after the other, so that a model never takes the place of a later one. */
    @Synchronized
    private fun fit(due: List<Judged>) {
        fitting = fitting.handleAsync { _, _ ->
            val model = RiskModel.fit(due)
            synchronized(learner) { learner.learn(model) }
        }
    }

    private companion object {
        const val SHARE_AT = 1_000
        const val LOOK_WEIGHT = 20
    }
}
