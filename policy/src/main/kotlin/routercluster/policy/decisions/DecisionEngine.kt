package routercluster.policy.decisions

import routercluster.policy.Decision
import routercluster.policy.Strategy
import routercluster.policy.encode.HeadRef
import routercluster.policy.projections.ProjectionTrace
import routercluster.policy.projections.Projections
import routercluster.policy.request.Facts
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.Sights
import routercluster.policy.signals.Cost
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Signal

/**
 * Decides which of a recipe's decisions a request falls under. Compiled once per recipe and shared by all requests.
 *
 * Matched decisions are ranked, first wins:
 * - where any of them has a tier above 0: tier ascending, confidence descending, priority descending, name;
 * - else by strategy: priority descending, confidence descending, name; or confidence before priority.
 *
 * Evaluation is lazy: a signal is read only while it can still change the winner, and the winner is certain once every way of
 * ranking that can still apply names the same one. Reading everything gives the same winner. What "can still change" means is
 * judged rule by rule: conditions are taken as independent, so a signal that appears twice in contradicting places may be read
 * once too often, never too seldom.
 *
 * Learned signals are read in stages: all of one cost that can still change the winner are asked for at once, in one request.
 *
 * @param hasShape whether a head's answer depends on the vector shape that is asked for; where unsure, it does
 * @param sights what selectors have asked in the same calls
 */
class DecisionEngine(
    strategy: Strategy,
    private val signals: List<Signal>,
    private val decisions: List<Decision>,
    private val hasShape: (HeadRef) -> Boolean = { true },
    private val projections: Projections = Projections.NONE,
    semantics: ConfidenceSemantics = ConfidenceSemantics.EVIDENCE,
    private val sights: Sights = Sights.NONE,
) {
    private val rules = ContestRules(strategy, signals, decisions, projections, semantics)
    private val untouched = Contest.initial(rules)

    /** Whether which decision wins may depend on encoders. */
    val isLearned: Boolean = signals.any { it is LearnedSignal }

    /** Decides as [decide] does, but asks encoders for what learned signals need. */
    fun begin(facts: Facts): Deciding = begin(facts, BooleanArray(signals.size))

    /** As [decideFully], but asks encoders, once for all learned signals. */
    fun beginFully(facts: Facts): Deciding = begin(facts, BooleanArray(signals.size) { true })

    /** As [begin], but also reads the signals at the places [also]. */
    fun begin(facts: Facts, also: Set<Int>): Deciding = begin(facts, BooleanArray(signals.size) { it in also })

    private fun begin(facts: Facts, wanted: BooleanArray): Deciding =
        Course(facts, signals, wanted, hasShape, sights, ::needsOfContenders) { contest, heard ->
            Ruling(signals, decisions, nodes, contest.standing, contest.winner(), heard.calls, heard.sight)
        }.advance(untouched.fork(), Heard())

    /** What selectors would ask in calls as dear as [cost]; in another call they would wait for what concerns them not. */
    private fun needsOfContenders(contest: Contest, cost: Cost): Set<Need> =
        if (!sights.isAsked || cost != sights.cost) {
            emptySet()
        } else {
            decisions.indices.filter(contest::mayWin).flatMapTo(LinkedHashSet()) { sights.asked(decisions[it]) }
        }

    /** The places of the signals that the output of a mapping rests on, by its name. */
    fun signalsOf(output: String): Set<Int> {
        val scores = projections.mappings.filter { mapping -> mapping.outputs.any { it.name == output } }.map { it.score }
        return scores.flatMapTo(mutableSetOf()) { nodes.scoreSignals[it].asIterable() }
    }

    /**
     * Reads as few signals as the winner's certainty allows, the cheapest first. Nobody asks encoders: learned signals fail, unless
     * the engine has none.
     */
    fun decide(facts: Facts): Ruling {
        val contest = untouched.fork()
        while (true) {
            val winner = contest.winner()
            if (winner != UNDECIDED) return ruling(contest, winner)
            val signal = contest.next(null)
            check(signal >= 0) { "no signal left to read, yet no certain winner" }
            contest.take(signal, signals[signal].read(facts))
        }
    }

    /** Reads every signal of the recipe, in its order, also those that no decision names: for `explain`. */
    fun decideFully(facts: Facts): Ruling {
        val contest = untouched.fork()
        signals.forEachIndexed { index, signal -> contest.take(index, signal.read(facts)) }
        return ruling(contest, contest.winner())
    }

    /**
     * The signals, by index, that can still change the winner given [evidence]: the cheapest first, and among equally cheap
     * ones those of the likeliest winner first. Empty exactly when the winner is certain. Depends on nothing but the policy
     * and [evidence].
     */
    fun needed(evidence: Evidence): List<Int> {
        val contest = contest(evidence)
        if (contest.winner() != UNDECIDED) return emptyList()
        val listed = BooleanArray(signals.size)
        return generateSequence { contest.next(listed).takeIf { it >= 0 }?.also { listed[it] = true } }.toList()
    }

    /** The ruling that [evidence] makes certain, or null where signals are still [needed]. */
    fun ruling(evidence: Evidence): Ruling? {
        val contest = contest(evidence)
        val winner = contest.winner()
        return if (winner == UNDECIDED) null else ruling(contest, winner)
    }

    /** The places of the signals that [decision], one of this engine's, rests on. */
    fun signalsOf(decision: Decision): List<Int> = nodes.decisionSignals[decisions.indexOf(decision)].toList()

    /** The places of the signals that [rule] names, none of which is a projection's. */
    fun signalsOf(rule: Rule): Set<Int> = alone(rule).decisionSignals[0].toSet()

    /** What [rule], which names no projection, comes to. */
    fun truthOf(rule: Rule, evidence: Evidence): Truth {
        val standing = Standing.initial(alone(rule))
        for (signal in signals.indices) evidence[signal]?.let { standing.take(signal, it) }
        return standing.truth(0)
    }

    private fun alone(rule: Rule) = RuleNodes(listOf(rule), signals.size, Projections(projections.partitions))

    /** What projections came to, as far as [evidence] tells. */
    fun trace(evidence: Evidence): ProjectionTrace = traceOf(projections, contest(evidence).standing)

    internal val nodes: RuleNodes get() = rules.nodes

    internal fun contest(evidence: Evidence): Contest {
        require(evidence.size == signals.size) { "evidence of ${evidence.size} signals for a recipe of ${signals.size}" }
        val contest = untouched.fork()
        for (signal in signals.indices) evidence[signal]?.let { contest.take(signal, it) }
        return contest
    }

    private fun ruling(contest: Contest, winner: Int) = Ruling(signals, decisions, nodes, contest.standing, winner)
}
