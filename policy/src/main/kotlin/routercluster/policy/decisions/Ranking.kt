package routercluster.policy.decisions

import routercluster.policy.Decision
import routercluster.policy.Strategy

/** No decision matches. */
internal const val NOBODY = -1

/** The winner is not certain yet. */
internal const val UNDECIDED = -2

/**
 * One way to rank decisions: by [grade], then by confidence, higher first, then by [tie]. Lower grades and ties win; ties are
 * never equal, so the order is total.
 *
 * @property takesPart which decisions can match at all while this way of ranking applies
 */
internal class Ranking(
    private val grade: IntArray,
    private val tie: IntArray,
    private val takesPart: BooleanArray,
) {
    fun beats(a: Int, confidenceA: Double, b: Int, confidenceB: Double): Boolean =
        when {
            grade[a] != grade[b] -> grade[a] < grade[b]
            confidenceA != confidenceB -> confidenceA > confidenceB
            else -> tie[a] < tie[b]
        }

    /** [champion], or [decision] where it certainly matches and is better, both taken at their lowest confidence. */
    fun better(standing: Standing, decision: Int, champion: Int): Int {
        if (!takesPart[decision] || !standing.mustMatch(decision)) return champion
        val leads = champion < 0 || beats(decision, standing.lowest(decision), champion, standing.lowest(champion))
        return if (leads) decision else champion
    }

    /**
     * The decision that wins whatever the unread signals say, or [NOBODY], or [UNDECIDED]. Whether it refuses the request is
     * part of that.
     *
     * @param champion the best of those that certainly match: nobody else can be certain to win
     * @param order all decisions, those before place [from] out of the race
     */
    fun winner(standing: Standing, champion: Int, order: IntArray, from: Int): Int {
        if (champion >= 0 && !standing.isSettled(champion)) return UNDECIDED
        for (place in from until order.size) {
            val decision = order[place]
            if (decision != champion && contends(standing, decision, champion)) return UNDECIDED
        }
        return champion
    }

    /** Whether [decision] can still win against [champion]; losing to it is losing for good. */
    fun contends(standing: Standing, decision: Int, champion: Int): Boolean {
        if (!takesPart[decision] || !standing.mayMatch(decision)) return false
        return champion < 0 || champion == decision || !surelyBeats(standing, champion, decision)
    }

    /** Whether the exact confidence of [decision] can matter against another that contends. */
    fun isClose(standing: Standing, decision: Int, champion: Int): Boolean {
        for (rival in grade.indices) {
            if (rival == decision || grade[rival] != grade[decision] || !contends(standing, rival, champion)) continue
            if (!surelyBeats(standing, decision, rival) && !surelyBeats(standing, rival, decision)) return true
        }
        return false
    }

    private fun surelyBeats(standing: Standing, a: Int, b: Int): Boolean = beats(a, standing.lowest(a), b, standing.highest(b))

    companion object {
        private val byName = compareBy<Decision> { it.name }
        private val byPriority = compareByDescending<Decision> { it.priority }.then(byName)

        /** Applies while no decision with a tier matches. */
        fun plain(strategy: Strategy, decisions: List<Decision>): Ranking {
            val untiered = BooleanArray(decisions.size) { decisions[it].tier == 0 }
            return when (strategy) {
                Strategy.PRIORITY -> Ranking(grades(decisions) { -it.priority.toLong() }, places(decisions, byName), untiered)
                Strategy.CONFIDENCE -> Ranking(IntArray(decisions.size), places(decisions, byPriority), untiered)
            }
        }

        /** Applies once a decision with a tier above 0 matches; those without a tier are then tier 0, the first. */
        fun tiered(decisions: List<Decision>): Ranking =
            Ranking(grades(decisions) { it.tier.toLong() }, places(decisions, byPriority), BooleanArray(decisions.size) { true })

        /** The order in which to look for the next signal to read: likely winners first. */
        fun searchOrder(decisions: List<Decision>): IntArray =
            decisions.indices.sortedWith(compareBy(compareBy<Decision> { it.tier }.then(byPriority)) { decisions[it] }).toIntArray()

        private fun grades(decisions: List<Decision>, key: (Decision) -> Long): IntArray {
            val sorted = decisions.map(key).distinct().sorted()
            return IntArray(decisions.size) { sorted.indexOf(key(decisions[it])) }
        }

        /** Each decision's place in [order]; the order of the file settles what [order] leaves equal. */
        private fun places(decisions: List<Decision>, order: Comparator<Decision>): IntArray {
            val places = IntArray(decisions.size)
            decisions.indices.sortedWith(compareBy(order) { decisions[it] }).forEachIndexed { place, it -> places[it] = place }
            return places
        }
    }
}
