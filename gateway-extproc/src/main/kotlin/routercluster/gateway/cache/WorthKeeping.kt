package routercluster.gateway.cache

import com.github.benmanes.caffeine.cache.Caffeine
import routercluster.policy.cache.Admission
import routercluster.policy.cache.AdmissionRule
import routercluster.policy.cache.Reuse
import routercluster.policy.cache.SeenLately
import routercluster.policy.routing.Plan

/** Whether an answer gets a place among those for alike requests, by what came of its kind so far in this process. */
internal class WorthKeeping {
    private data class Kind(val recipe: String, val decision: String, val category: String)

    private val seen = SeenLately()
    private val kinds = Caffeine.newBuilder().maximumSize(KINDS_MAX).build<Kind, Reuse> { Reuse() }

    /** To be asked once for each answer that is kept; [words] are what its request says, in whatever order. */
    fun admits(plan: Plan, rule: AdmissionRule, request: AlikeRequest, words: Set<String>, cost: Double?): Boolean {
        if (rule.by == Admission.ALL) return true
        val digest = sha256(request.namespace, request.around, *words.sorted().toTypedArray())
        val isRepeated = seen.seen(digest.take(DIGEST_DIGITS).toULong(HEX).toLong())
        val reuse = reuse(plan)
        return synchronized(reuse) {
            val admits = isRepeated || (rule.by == Admission.REUSED && reuse.isWorth(cost, rule.reuseMin, rule.savingMin))
            if (admits) reuse.kept()
            admits
        }
    }

    /** An answer was given to a request that is alike. */
    fun given(plan: Plan) {
        val reuse = reuse(plan)
        synchronized(reuse) { reuse.given() }
    }

    private fun reuse(plan: Plan): Reuse =
        kinds.get(Kind(plan.recipe.orEmpty(), plan.decision?.name.orEmpty(), plan.category.orEmpty()))

    private companion object {
        const val KINDS_MAX = 10_000L
        const val DIGEST_DIGITS = 16
        const val HEX = 16
    }
}
