package routercluster.policy.selectors

import routercluster.policy.Candidate

/**
 * The candidate with the fewest requests under way first, in proportion to its weight; equals by chance, so that routers that see the same
 * do not all take the same. Candidates of weight 0 come last, in the order of the file.
 */
object LeastLoadedSelector : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val (taking, last) = candidates.partition { it.weight > 0.0 }
        val ranked = taking
            .shuffled(context.random)
            .map { candidate ->
                val inFlight = context.measured.inFlight(candidate.model.name)
                Ranked(candidate, candidate.weight / (inFlight + 1), "$inFlight under way, weight ${candidate.weight}")
            }.sortedByDescending { it.score }
        if (ranked.isEmpty()) return last.map { Ranked(it, 0.0, "weight 0.0") }.certain()
        val equals = ranked.count { it.score == ranked.first().score }
        val chances = ranked.mapIndexed { place, it -> it.copy(propensity = if (place < equals) 1.0 / equals else 0.0) }
        return chances + last.map { Ranked(it, 0.0, "weight 0.0", propensity = 0.0) }
    }
}
