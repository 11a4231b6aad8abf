package routercluster.gateway.pipeline

import routercluster.gateway.encode.EncoderLease
import routercluster.gateway.upstream.Upstreams
import routercluster.policy.Policy
import routercluster.policy.encode.Encoder
import routercluster.policy.request.LanguageDetector
import routercluster.policy.request.LinguaLanguageDetector
import routercluster.policy.request.TokenEstimate
import routercluster.policy.signals.LanguageSignal
import java.util.concurrent.atomic.AtomicInteger

/**
 * A policy with what was built for it. A request keeps the snapshot it began with; a reload makes a new one. Encoders are held until
 * the keeper and every request that [retain]ed it have [release]d it.
 *
 * @param lease null for a policy without learned signals, and for one that is not prepared yet
 */
class Snapshot(val policy: Policy, val upstreams: Upstreams, private val lease: EncoderLease? = null) {
    private val holders = AtomicInteger(1)

    /** Null where nobody needs to be asked. */
    val encoder: Encoder? get() = lease?.encoder

    /** Why no request can be routed yet; null where requests can. */
    val starting: ApiError? = STARTING.takeIf { lease == null && policy.isLearned }

    /** Holds the encoders for one more; false where they are given back already. */
    fun retain(): Boolean {
        if (lease == null) return true
        while (true) {
            val now = holders.get()
            if (now == 0) return false
            if (holders.compareAndSet(now, now + 1)) return true
        }
    }

    fun release() {
        if (lease != null && holders.decrementAndGet() == 0) lease.close()
    }

    val edge: Edge = Edge(policy.identity, policy.gateway)

    val languages: LanguageDetector = languages(policy)

    private val countsTokens =
        !policy.limits.isEmpty || policy.recipes.values.any { recipe -> recipe.signals.any { it.ref.type == "context" } }

    fun fitUpstreams(): Int = upstreams.health().values.count { it == Upstreams.FIT }

    /** Whether requests would wait for what [warm] loads. */
    val isSlowToStart: Boolean = countsTokens || languages != LanguageDetector.None

    /**
     * Loads tables, some 0.3 s and 25 MB each, that the first requests would otherwise wait for. Where tokens are estimated only of answers
     * that do not tell them, the first such answer waits.
     */
    fun warm() {
        languages.detect(WARM_UP_TEXT)
        if (countsTokens) TokenEstimate.warm()
    }

    companion object {
        private val STARTING =
            ApiError(503, "starting", "This router is opening its encoders; try again in a moment", retryAfterSeconds = 1)
        private const val WARM_UP_TEXT = "Any words at all will do."

        /** Tells apart the languages that [policy] names, and none where it names none: tables of all languages are big. */
        fun languages(policy: Policy): LanguageDetector {
            val codes = policy.recipes.values
                .flatMap { it.signals }
                .filterIsInstance<LanguageSignal>()
                .map { it.code }
                .toSet()
            return if (codes.isEmpty()) LanguageDetector.None else LinguaLanguageDetector(codes)
        }
    }
}
