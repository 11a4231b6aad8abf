package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.outcomes.Measured

/**
 * What the pick of [picked] is thought to lose: the highest mean share of good answers among [candidates] less that of [picked], 0..1, by their
 * verdicts and cards ([Quality]), for all requests of the decision alike. So a selector that tells requests apart well shows some where it has
 * none. Null where nothing is known of the pick: no number is made up for it.
 */
fun regretOf(picked: String, candidates: List<Candidate>, measured: Measured): Double? {
    val means = candidates.associate { it.model.name to Quality.of(it, measured.statistics(it.model.name).verdicts)?.mean }
    val own = means[picked] ?: return null
    return means.values.filterNotNull().max() - own
}
