package routercluster.policy.selectors

import routercluster.policy.Candidate

/**
 * Thompson sampling over verdicts: every candidate's share of good ones is drawn from what its verdicts leave possible, Beta(1 + good, 1 +
 * bad), and the highest draw is first. One without verdicts may be anything, so it is tried; one that was often judged is tried as often as
 * it may still be the best. That a candidate was more than the task needed counts for neither side. Whichever has not the highest mean is
 * explored.
 */
object ThompsonSelector : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val shares = candidates.map { context.measured.statistics(it.model.name).verdicts }
        val best = shares.indices.maxBy { (1 + shares[it].good) / (2 + shares[it].good + shares[it].badVerdicts) }
        return candidates
            .mapIndexed { index, candidate ->
                val (good, bad) = shares[index].good to shares[index].badVerdicts
                val draw = context.random.beta(1 + good, 1 + bad)
                val reason = "drew ${rounded(draw, 3)} from ${rounded(good, 1)} good and ${rounded(bad, 1)} bad verdicts"
                Ranked(candidate, draw, reason, isExplored = index != best)
            }.sortedByDescending { it.score }
    }

    override fun chances(candidates: List<Candidate>, context: SelectionContext): List<Double> {
        val draws = candidates.map { candidate ->
            context.measured
                .statistics(candidate.model.name)
                .verdicts
                .let { Beta(1 + it.good, 1 + it.badVerdicts) }
        }
        return chancesOfHighest(draws).toList()
    }
}
