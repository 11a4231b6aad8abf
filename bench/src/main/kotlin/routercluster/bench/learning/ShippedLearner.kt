package routercluster.bench.learning

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.models.Model
import routercluster.policy.outcomes.AnswerOutcome
import routercluster.policy.outcomes.AttemptOutcome
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.Verdict
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.settled
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.Traits
import routercluster.policy.selectors.contextPoint
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

/**
 * Nodes whose requests come in turn. Each keeps what it saw since it last sent, and reads the sums of all as they were then.
 *
 * @property sendsEvery requests of its own after which a node sends what it saw and reads anew
 */
internal class Nodes(val count: Int = 1, val sendsEvery: Int = 10)

/** [selector] as a node runs it: its own ranking over folds of [DecisionStatistics], one request a second. */
internal class ShippedLearner(
    selector: Selector,
    arms: List<Arm>,
    domains: List<String>,
    private val random: Random,
    private val nodes: Nodes,
) : Learner {
    private class Node(var unsent: DecisionStatistics = DecisionStatistics.NONE, var figures: Figures = Figures())

    private val candidates = arms.map { Candidate(Model(it.name, emptyList(), pricing = it.price)) }
    private val tokenMillis = arms.map { it.tokenMillis }
    private val bound = selector.bound(candidates, catalog(domains))
    private val all = List(nodes.count) { Node() }
    private var sent = DecisionStatistics.NONE

    /** What was looked at in requests that will be judged. */
    private val points = HashMap<Int, ContextPoint>()

    override fun pick(request: Request, live: List<Int>): Int {
        val node = node(request)
        if (request.at / nodes.count % nodes.sendsEvery == 0) exchange(node, instant(request.at))
        val read = request.question.read
        val known = read.traits
        val traits = Traits(read.embedding, known.domains, known.complexity, request.question.promptTokens.toInt(), known.textLength)
        val first = bound.rank(live.map(candidates::get), SelectionContext(random, node.figures, traits)).first().candidate
        if (request.judgedAfter != null) traits.contextPoint()?.let { points[request.at] = it }
        return candidates.indexOfFirst { it === first }
    }

    private fun exchange(node: Node, now: Instant) {
        sent = (sent + node.unsent).settled(now)
        node.unsent = DecisionStatistics.NONE
        node.figures = Figures(sent.models(now).mapValues { ModelFigures(it.value) })
    }

    override fun answered(request: Request, model: Int) {
        val perToken = Duration.ofNanos((tokenMillis[model] * request.slowness * NANOS).toLong().coerceAtLeast(1))
        val answer = AnswerOutcome(
            perToken.multipliedBy(FIRST_BYTE_TOKENS),
            perToken.multipliedBy(FIRST_BYTE_TOKENS + COMPLETION_TOKENS),
            perToken,
            request.question.promptTokens,
            COMPLETION_TOKENS,
        )
        val name = candidates[model].model.name
        node(request).unsent += DecisionStatistics.of(AttemptOutcome(KEY, name, "upstream", instant(request.at), null, answer))
    }

    override fun judged(request: Request, model: Int, isGood: Boolean, now: Int) {
        val sums = VerdictSums.of(if (isGood) Verdict.GOOD_FIT else Verdict.UNDERPOWERED)
        val name = candidates[model].model.name
        val feedback = Feedback("${request.at}", KEY, name, sums, instant(now), context = points.remove(request.at))
        node(request).unsent += DecisionStatistics.of(feedback)
    }

    private fun node(request: Request) = all[request.at % nodes.count]

    private fun instant(second: Int): Instant = BEGIN.plusSeconds(second.toLong())

    private companion object {
        val KEY = SelectionKey("bench", "learning")
        val BEGIN: Instant = Instant.parse("2026-11-30T00:00:00Z")
        const val NANOS = 1e6

        /** Time to the first byte, in times per token. */
        const val FIRST_BYTE_TOKENS = 10L

        fun catalog(domains: List<String>): Catalog {
            fun head(slot: Slot, labels: List<String>) = slot to NamedHead(HeadRef("bench", slot.key), Head(slot.task, labels))
            return Catalog(
                slots = mapOf(
                    head(Slot.EMBEDDING, emptyList()),
                    head(Slot.DOMAIN, domains),
                    head(Slot.COMPLEXITY, listOf("easy", "hard")),
                ),
            )
        }
    }
}

/** Of every answer, as in `bench/routing`. */
internal const val COMPLETION_TOKENS = 100L
