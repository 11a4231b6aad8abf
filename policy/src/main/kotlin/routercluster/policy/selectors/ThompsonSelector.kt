package routercluster.policy.selectors

import routercluster.policy.Candidate

/**
 * Thompson sampling over verdicts: every candidate's share of good ones is drawn from what its verdicts leave possible, Beta(1 + good, 1 +
 * bad), and the highest draw is first. One without verdicts may be anything, so it is tried; one that was often judged is tried as often as
 * it may still be the best. That a candidate was more than the task needed counts for neither side.
 */
object ThompsonSelector : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> =
        candidates
            .map { candidate ->
                val verdicts = context.measured.statistics(candidate.model.name).verdicts
                val good = verdicts.good
                val bad = verdicts.badVerdicts
                val draw = context.random.beta(1 + good, 1 + bad)
                Ranked(candidate, draw, "drew ${rounded(draw, 3)} from ${rounded(good, 1)} good and ${rounded(bad, 1)} bad verdicts")
            }.sortedByDescending { it.score }

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
