package routercluster.policy.decisions

import routercluster.policy.Decision
import routercluster.policy.Strategy
import routercluster.policy.request.Facts
import routercluster.policy.signals.Signal

/**
 * Decides which of a recipe's decisions a request falls under. Compiled once per recipe and shared by all requests.
 *
 * Matched decisions are ranked, first wins:
 * - where any of them has a tier above 0: tier ascending, confidence descending, priority descending, name;
 * - else by [strategy]: priority descending, confidence descending, name; or confidence before priority.
 *
 * Evaluation is lazy: a signal is read only while it can still change the winner, and the winner is certain once every way of
 * ranking that can still apply names the same one. Reading everything gives the same winner. What "can still change" means is
 * judged rule by rule: conditions are taken as independent, so a signal that appears twice in contradicting places may be read
 * once too often, never too seldom.
 */
class DecisionEngine(
    private val strategy: Strategy,
    private val signals: List<Signal>,
    private val decisions: List<Decision>,
) {
    internal val nodes = RuleNodes(decisions.map { it.rule }, signals.size)
    private val untouched = Standing.initial(nodes)
    private val plain = Ranking.plain(strategy, decisions)
    private val tiered = if (decisions.any { it.tier > 0 }) Ranking.tiered(decisions) else null
    private val searchOrder = Ranking.searchOrder(decisions)
    private val cost = IntArray(signals.size) { signals[it].cost.ordinal }
    private val costMin =
        IntArray(decisions.size) { decision ->
            (nodes.starts[decision]..nodes.roots[decision]).filter { nodes.signals[it] >= 0 }.minOfOrNull { cost[nodes.signals[it]] } ?: 0
        }

    /** Reads as few signals as the winner's certainty allows, the cheapest first. */
    fun decide(facts: Facts): Ruling {
        val standing = untouched.fork()
        while (true) {
            val winner = winner(standing)
            if (winner != UNDECIDED) return ruling(standing, winner)
            val signal = next(standing, null)
            check(signal >= 0) { "no signal left to read, yet no certain winner" }
            standing.take(signal, signals[signal].read(facts))
        }
    }

    /** Reads every signal of the recipe, in its order, also those that no decision names: for `explain`. */
    fun decideFully(facts: Facts): Ruling {
        val standing = untouched.fork()
        signals.forEachIndexed { index, signal -> standing.take(index, signal.read(facts)) }
        return ruling(standing, winner(standing))
    }

    /**
     * The signals, by index, that can still change the winner given [evidence]: the cheapest first, and among equally cheap
     * ones those of the likeliest winner first. Empty exactly when the winner is certain. Depends on nothing but the policy
     * and [evidence].
     */
    fun needed(evidence: Evidence): List<Int> {
        val standing = standing(evidence)
        if (winner(standing) != UNDECIDED) return emptyList()
        val listed = BooleanArray(signals.size)
        return generateSequence { next(standing, listed).takeIf { it >= 0 }?.also { listed[it] = true } }.toList()
    }

    /** The ruling that [evidence] makes certain, or null where signals are still [needed]. */
    fun ruling(evidence: Evidence): Ruling? {
        val standing = standing(evidence)
        val winner = winner(standing)
        return if (winner == UNDECIDED) null else ruling(standing, winner)
    }

    internal fun standing(evidence: Evidence): Standing {
        require(evidence.size == signals.size) { "evidence of ${evidence.size} signals for a recipe of ${signals.size}" }
        val standing = untouched.fork()
        for (signal in signals.indices) evidence[signal]?.let { standing.take(signal, it) }
        return standing
    }

    internal fun winner(standing: Standing): Int {
        val tiered = tiered
        if (tiered == null || !tiersMayMatch(standing)) return plain.winner(standing)
        val winner = tiered.winner(standing)
        if (winner == UNDECIDED || tiersMustMatch(standing) || plain.winner(standing) == winner) return winner
        return UNDECIDED
    }

    /** The way of ranking that applies to settled decisions. */
    internal fun isTiered(standing: Standing): Boolean = tiersMustMatch(standing)

    private fun ruling(standing: Standing, winner: Int) = Ruling(signals, decisions, nodes, standing, winner)

    /** The cheapest signal that can still change the winner, [passedOver] left out; -1 where there is none. */
    private fun next(standing: Standing, passedOver: BooleanArray?): Int {
        val byTier = tiered?.takeIf { tiersMayMatch(standing) }
        val byStrategy = plain.takeIf { byTier == null || !tiersMustMatch(standing) }
        val tierChampion = byTier?.champion(standing) ?: NOBODY
        val plainChampion = byStrategy?.champion(standing) ?: NOBODY
        var best = -1
        for (decision in searchOrder) {
            if (best >= 0 && cost[best] <= costMin[decision]) continue
            val winsByTier = byTier != null && byTier.contends(standing, decision, tierChampion)
            val winsByStrategy = byStrategy != null && byStrategy.contends(standing, decision, plainChampion)
            // A decision with a tier that cannot win may still turn the ranking to tiers by matching.
            val turnsRanking = byTier != null && byStrategy != null && decisions[decision].tier > 0
            if (!winsByTier && !winsByStrategy && !turnsRanking) continue
            val isLoose = standing.lowest(decision) < standing.highest(decision)
            val isCloseByTier = isLoose && winsByTier && byTier.isClose(standing, decision, tierChampion)
            val isCloseByStrategy = isLoose && winsByStrategy && byStrategy.isClose(standing, decision, plainChampion)
            val weighed = isCloseByTier || isCloseByStrategy
            best = standing.cheapest(nodes.roots[decision], weighed, best, cost, passedOver)
        }
        return best
    }

    private fun tiersMayMatch(standing: Standing): Boolean {
        for (decision in decisions.indices) if (decisions[decision].tier > 0 && standing.mayMatch(decision)) return true
        return false
    }

    private fun tiersMustMatch(standing: Standing): Boolean {
        for (decision in decisions.indices) if (decisions[decision].tier > 0 && standing.mustMatch(decision)) return true
        return false
    }
}
