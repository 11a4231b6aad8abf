package routercluster.bench.cluster

import routercluster.grains.selector.ClusterOutcomes
import routercluster.kit.ClusterOf
import routercluster.policy.outcomes.AnswerOutcome
import routercluster.policy.outcomes.AttemptOutcome
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import java.time.Duration
import java.time.Instant

/** Measures what a cluster of [nodes] learns, kept in Redis, [seconds] for each figure. [outcomes] are the nodes' own. */
class Learned(
    private val nodes: Int,
    private val seconds: Double,
    private val cluster: ClusterOf,
    private val outcomes: List<ClusterOutcomes>,
) {
    fun figures(): List<Figure> {
        outcomes.forEach { it.measured(SEEN) }
        val told = List(PROPAGATIONS) { millisUntilSeen(it) }.drop(PROPAGATIONS_WARM_UP).sorted()
        val middle = told[told.size / 2]
        ingested(minOf(seconds, WARM_UP_SECONDS_MAX))
        return listOf(
            Figure("outcomes of one node counted and kept, over $KEYS decisions", nodes, ingested(seconds), "/s", aim = "≥ 20,000/s"),
            Figure("feedback at one node until the last node's picks know it", nodes, middle, "ms", aim = "< 1 s"),
            Figure("the same, slowest of ${told.size}", nodes, told.last(), "ms", aim = "< 1 s"),
        )
    }

    /** As fast as node 0 takes them without dropping any; counted when they are durable. */
    private fun ingested(seconds: Double): Double {
        val node = outcomes.first()
        val droppedBefore = node.standing().dropped
        val started = System.nanoTime()
        val end = started + (seconds * 1e9).toLong()
        var sent = 0
        while (System.nanoTime() < end) {
            if (node.standing().buffered > WAITING_MAX) pause(PAUSE_SECONDS) else repeat(BURST) { node.attempted(outcome(sent++)) }
        }
        cluster.await("all outcomes are durable") { node.standing().buffered == 0L }
        val took = (System.nanoTime() - started) / 1e9
        check(node.standing().dropped == droppedBefore) { "outcomes were dropped" }
        return sent / took
    }

    private fun outcome(number: Int): AttemptOutcome {
        val key = SelectionKey("default", "decision-${number % KEYS}")
        return AttemptOutcome(key, "model-${number % MODELS}", "upstream", Instant.now(), failure = null, ANSWER, costNanos = 5)
    }

    private fun millisUntilSeen(number: Int): Double {
        val last = outcomes.last()
        val before = last
            .measured(SEEN)
            .statistics(MODEL)
            .verdicts.goodFit
        val started = System.nanoTime()
        outcomes.first().judge(Feedback("feedback-$number", SEEN, MODEL, VerdictSums.ofScore(1.0), Instant.now()))
        while (last
                .measured(SEEN)
                .statistics(MODEL)
                .verdicts.goodFit == before
        ) {
            check(System.nanoTime() - started < SEEN_NANOS_MAX) { "feedback is not seen" }
            pause(PAUSE_SECONDS)
        }
        return (System.nanoTime() - started) / 1e6
    }

    private companion object {
        const val KEYS = 20
        const val MODELS = 4
        const val BURST = 100

        /** With a burst more as many as a node lets wait: each waits for some 0.4 s, so fewer would measure themselves. */
        const val WAITING_MAX = ClusterOutcomes.QUEUED_MAX - BURST
        const val PAUSE_SECONDS = 0.0005
        const val WARM_UP_SECONDS_MAX = 3.0
        const val PROPAGATIONS = 60
        const val PROPAGATIONS_WARM_UP = 10
        const val SEEN_NANOS_MAX = 10_000_000_000L
        const val MODEL = "model-0"
        val SEEN = SelectionKey("default", "seen")
        val ANSWER =
            AnswerOutcome(Duration.ofMillis(200), Duration.ofMillis(900), Duration.ofMillis(10), promptTokens = 100, completionTokens = 70)
    }
}
