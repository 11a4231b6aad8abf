package routercluster.policy.decisions

import routercluster.policy.Decision
import routercluster.policy.Strategy
import routercluster.policy.projections.Projections
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal

/** What [Contest] needs of a recipe, worked out once. */
internal class ContestRules(
    strategy: Strategy,
    signals: List<Signal>,
    decisions: List<Decision>,
    projections: Projections,
    semantics: ConfidenceSemantics,
) {
    val nodes =
        RuleNodes(
            decisions.map { it.rule },
            signals.size,
            projections,
            semantics,
            BooleanArray(signals.size) { signals[it].ref.type in typesWithoutConfidence },
        )

    /** Ranks while no decision with a tier matches. */
    val plain = Ranking.plain(strategy, decisions)

    /** Ranks once one does; null where there are none. */
    val tiered = if (decisions.any { it.tier > 0 }) Ranking.tiered(decisions) else null
    val hasTier = BooleanArray(decisions.size) { decisions[it].tier > 0 }
    val searchOrder = Ranking.searchOrder(decisions)

    /** Per signal; of equal costs those that nobody has to be asked for come first. */
    val cost = IntArray(signals.size) { 2 * signals[it].cost.ordinal + if (signals[it] is LearnedSignal) 1 else 0 }

    /** Per decision the cost of its cheapest signal. */
    val costMin =
        IntArray(decisions.size) { decision -> nodes.decisionSignals[decision].minOfOrNull { cost[it] } ?: 0 }

    /** Per decision whether a part of it can be true while its confidence is still open: an OR and an output leave that behind. */
    val canBeLoose =
        BooleanArray(decisions.size) { decision ->
            (nodes.starts[decision]..nodes.roots[decision]).any { nodes.kinds[it] == NodeKind.OR || nodes.kinds[it] == NodeKind.OUTPUT }
        }

    /** Per place in [searchOrder] the least of the costs from there on. */
    val costMinFrom =
        IntArray(decisions.size).also { least ->
            for (place in searchOrder.indices.reversed()) {
                val here = costMin[searchOrder[place]]
                least[place] = if (place + 1 < least.size) minOf(here, least[place + 1]) else here
            }
        }

    private companion object {
        /** Where vLLM Semantic Router knows only that a rule matched. */
        val typesWithoutConfidence = setOf("keyword", "language")
    }
}

/**
 * Who leads in one request while its evidence comes in. The champions, the best of the decisions that certainly match, are kept
 * up to date reading by reading: what is certain stays so and least confidences only rise, so only the decisions that a reading
 * moved need a look.
 *
 * @property firstOpen place in the search order before which no decision can match any more, so that nobody looks there again: with a
 *   thousand decisions most of the time would go into that
 */
internal class Contest private constructor(
    private val rules: ContestRules,
    val standing: Standing,
    private var plainChampion: Int,
    private var tierChampion: Int,
    private var firstOpen: Int,
) {
    /** A copy to go on from. */
    fun fork() = Contest(rules, standing.fork(), plainChampion, tierChampion, firstOpen)

    fun take(signal: Int, reading: Reading) {
        standing.take(signal, reading)
        for (decision in rules.nodes.readers[signal]) note(decision)
        while (firstOpen < rules.searchOrder.size && !standing.mayMatch(rules.searchOrder[firstOpen])) firstOpen++
    }

    /** Whether a decision with a tier certainly matches, so that tiers rank. */
    val isTiered: Boolean
        get() = tierChampion >= 0 && tiersMustMatch()

    /** The decision that wins whatever the unread signals say, or [NOBODY], or [UNDECIDED]. */
    fun winner(): Int {
        val tiered = rules.tiered
        if (tiered == null || !tiersMayMatch()) return winner(rules.plain, plainChampion)
        val winner = winner(tiered, tierChampion)
        if (winner == UNDECIDED || isTiered || winner(rules.plain, plainChampion) == winner) return winner
        return UNDECIDED
    }

    /** The cheapest signal that can still change the winner, [passedOver] left out; -1 where there is none. */
    fun next(passedOver: BooleanArray?): Int {
        val byTier = rules.tiered?.takeIf { tiersMayMatch() }
        val byStrategy = rules.plain.takeIf { byTier == null || !isTiered }
        var best = -1
        for (place in firstOpen until rules.searchOrder.size) {
            if (best >= 0 && rules.cost[best] <= rules.costMinFrom[place]) break
            val decision = rules.searchOrder[place]
            if (best >= 0 && rules.cost[best] <= rules.costMin[decision]) continue
            val winsByTier = byTier != null && byTier.contends(standing, decision, tierChampion)
            val winsByStrategy = byStrategy != null && byStrategy.contends(standing, decision, plainChampion)
            // A decision with a tier that cannot win may still turn the ranking to tiers by matching.
            val turnsRanking = byTier != null && byStrategy != null && rules.hasTier[decision]
            if (!winsByTier && !winsByStrategy && !turnsRanking) continue
            val isLoose = rules.canBeLoose[decision] && standing.lowest(decision) < standing.highest(decision)
            val isCloseByTier = isLoose && winsByTier && byTier.isClose(standing, decision, tierChampion)
            val isCloseByStrategy = isLoose && winsByStrategy && byStrategy.isClose(standing, decision, plainChampion)
            val weighed = isCloseByTier || isCloseByStrategy
            best = standing.cheapest(rules.nodes.roots[decision], weighed, best, rules.cost, passedOver)
        }
        return best
    }

    /** Whether [decision] wins, or still can. */
    fun mayWin(decision: Int): Boolean {
        val byTier = rules.tiered?.takeIf { tiersMayMatch() }
        val byStrategy = rules.plain.takeIf { byTier == null || !isTiered }
        val winsByTier = byTier != null && byTier.contends(standing, decision, tierChampion)
        return winsByTier || (byStrategy != null && byStrategy.contends(standing, decision, plainChampion))
    }

    private fun winner(ranking: Ranking, champion: Int): Int = ranking.winner(standing, champion, rules.searchOrder, firstOpen)

    private fun note(decision: Int) {
        plainChampion = rules.plain.better(standing, decision, plainChampion)
        if (rules.tiered != null) tierChampion = rules.tiered.better(standing, decision, tierChampion)
    }

    private fun tiersMayMatch(): Boolean {
        for (decision in rules.hasTier.indices) if (rules.hasTier[decision] && standing.mayMatch(decision)) return true
        return false
    }

    private fun tiersMustMatch(): Boolean {
        for (decision in rules.hasTier.indices) if (rules.hasTier[decision] && standing.mustMatch(decision)) return true
        return false
    }

    companion object {
        /** Nothing read yet. */
        fun initial(rules: ContestRules): Contest {
            val contest = Contest(rules, Standing.initial(rules.nodes), NOBODY, NOBODY, firstOpen = 0)
            for (decision in rules.searchOrder) contest.note(decision)
            return contest
        }
    }
}
