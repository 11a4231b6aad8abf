package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.models.Pricing
import routercluster.policy.outcomes.Measured

/**
 * What a million tokens cost of each of some [candidates], in the proportion of prompt to completion tokens that their answers had so far; as
 * many of the ones as of the others where there are no answers.
 */
internal class Prices(private val candidates: List<Candidate>, measured: Measured) {
    private val promptShare: Double = promptShare(candidates, measured)

    /** The highest; null where the policy does not say what each of them costs, since an unknown price may be the highest. */
    private val priciest: Double? = candidates.map { perMillion(it) }.let { all -> if (null in all) null else all.filterNotNull().max() }

    /** In the policy's currency; null where the policy does not say. */
    fun perMillion(candidate: Candidate): Double? = candidate.model.pricing?.perMillion()

    /** 0, free, to 1, the priciest. Null where the policy does not say what each of the candidates costs. */
    fun share(candidate: Candidate): Double? {
        val highest = priciest ?: return null
        val own = perMillion(candidate) ?: return null
        return if (highest > 0.0) own / highest else 0.0
    }

    /** Why no [share] is known; null where they are. */
    fun lack(): String? =
        if (priciest != null) null else "no price of ${candidates.first { perMillion(it) == null }.model.name}, so cost is left out"

    private fun Pricing.perMillion() = promptShare * promptPerMillion + (1 - promptShare) * completionPerMillion

    private companion object {
        fun promptShare(candidates: List<Candidate>, measured: Measured): Double {
            val all = candidates.map { measured.statistics(it.model.name).performance }
            val prompt = all.sumOf { it.promptTokens }
            val total = prompt + all.sumOf { it.completionTokens }
            return if (total == 0L) 0.5 else prompt.toDouble() / total
        }
    }
}
