package routercluster.policy.selectors

import routercluster.policy.Candidate
import kotlin.math.exp
import kotlin.math.ln
import kotlin.random.Random

/**
 * Draws candidates one after another without putting them back, each time with chances in proportion to their weights, so that
 * fall-backs share the load as well. Candidates of weight 0 come last, in the order of the file.
 *
 * Every candidate gets an exponentially distributed arrival time -ln(u)/weight with u uniform in (0, 1]; the earliest is first.
 * This gives the same orders with the same chances as drawing in turn (Efraimidis and Spirakis, 2006, who sort by the equivalent
 * key u^(1/weight), which is the score shown).
 */
object WeightedSelector : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val total = candidates.sumOf { it.weight }
        val ranked = candidates
            .map { it to arrival(it.weight, context.random) }
            .sortedBy { (_, arrival) -> arrival }
            .map { (candidate, arrival) ->
                Ranked(candidate, exp(-arrival), "drawn with weight ${candidate.weight} of $total", candidate.weight / total)
            }
        return if (total > 0.0) ranked else ranked.certain()
    }

    private fun arrival(weight: Double, random: Random): Double {
        val uniform = 1.0 - random.nextDouble()
        return if (weight > 0.0) -ln(uniform) / weight else Double.POSITIVE_INFINITY
    }
}
