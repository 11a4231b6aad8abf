package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.outcomes.Measured
import kotlin.random.Random

/**
 * Orders a decision's candidates: the first is picked, the rest are the fall-backs in the order they would be tried.
 * Pure but for the chance handed in; the same seed and the same measurements give the same order.
 */
fun interface Selector {
    /**
     * @param candidates never empty
     * @return every candidate exactly once, each with the reason for its place
     */
    fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked>
}

/** What a selector may look at beside the candidates. */
class SelectionContext(val random: Random, val measured: Measured = Measured.NONE)

/** A candidate in its place. [reason] is shown by `explain`. [score] is comparable only within one ranking. */
data class Ranked(val candidate: Candidate, val score: Double, val reason: String)
