package routercluster.policy.selectors

import routercluster.policy.Candidate

/** Keeps the order of the file: the first candidate is picked, the others are its fall-backs. */
object StaticSelector : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> =
        candidates.mapIndexed { index, candidate -> Ranked(candidate, 1.0 / (index + 1), "place ${index + 1} in the policy") }.certain()
}
