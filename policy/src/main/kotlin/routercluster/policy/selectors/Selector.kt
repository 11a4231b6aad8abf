package routercluster.policy.selectors

import routercluster.policy.Candidate
import kotlin.random.Random

/**
 * Orders a decision's candidates: the first is picked, the rest are the fall-backs in the order they would be tried.
 * Pure but for the [Random] handed in; the same seed gives the same order.
 */
fun interface Selector {
    /**
     * @param candidates never empty
     * @return every candidate exactly once, each with the reason for its place
     */
    fun rank(candidates: List<Candidate>, random: Random): List<Ranked>
}

/** A candidate in its place. [reason] is shown by `explain`. [score] is comparable only within one ranking. */
data class Ranked(val candidate: Candidate, val score: Double, val reason: String)
