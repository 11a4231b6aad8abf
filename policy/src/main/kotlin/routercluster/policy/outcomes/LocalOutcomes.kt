package routercluster.policy.outcomes

import routercluster.policy.outcomes.file.ImportPart
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong

/** Learns within this process and until it ends; feedback needs somebody who keeps it. */
class LocalOutcomes(private val clock: Clock) : Outcomes {
    private val inFlight = InFlight()
    private val dropped = AtomicLong()
    private val byKey = ConcurrentHashMap<SelectionKey, Kept>()

    override fun measured(key: SelectionKey): Measured {
        val models = byKey[key]?.models().orEmpty()
        return object : Measured {
            override fun statistics(model: String) = models[model] ?: ModelStatistics.NONE

            override fun inFlight(model: String) = inFlight.at(model)
        }
    }

    override fun began(model: String) = inFlight.began(model)

    override fun left(model: String) = inFlight.left(model)

    override fun attempted(outcome: AttemptOutcome) = add(outcome.key) { DecisionStatistics.of(outcome) }

    override fun hinted(key: SelectionKey, model: String, sums: VerdictSums, at: Instant) =
        add(key) { DecisionStatistics.ofVerdicts(model, sums, at) }

    private fun add(key: SelectionKey, statistics: () -> DecisionStatistics) {
        val kept = byKey[key] ?: if (byKey.size < KEYS_MAX) byKey.computeIfAbsent(key) { Kept() } else null
        if (kept == null) dropped.incrementAndGet() else kept.add(statistics())
    }

    override fun judge(feedback: Feedback): CompletionStage<Judgement> =
        CompletableFuture.completedFuture(Judgement.NotKept("this router keeps no feedback: it has no store"))

    override fun learnt(key: SelectionKey): CompletionStage<DecisionStatistics> =
        CompletableFuture.completedFuture(byKey[key]?.all() ?: DecisionStatistics.NONE)

    override fun take(key: SelectionKey, part: ImportPart): CompletionStage<Judgement> =
        CompletableFuture.completedFuture(Judgement.NotKept("this router keeps nothing that it learns: it has no store"))

    override fun standing() = Standing(0, dropped.get(), Duration.ZERO, byKey.values.sumOf { it.models().frozen() })

    private inner class Kept {
        private var statistics = DecisionStatistics.NONE

        @Volatile private var merged: Map<String, ModelStatistics> = emptyMap()

        @Volatile private var mergedMillis = Long.MIN_VALUE

        @Synchronized
        fun add(more: DecisionStatistics) {
            statistics += more
        }

        @Synchronized
        fun all(): DecisionStatistics = statistics

        /** Merged again only once in a while, by whoever comes first. */
        fun models(): Map<String, ModelStatistics> {
            val now = clock.millis()
            if (mergedMillis == Long.MIN_VALUE || now - mergedMillis >= MERGE_MILLIS) merge(now)
            return merged
        }

        @Synchronized
        private fun merge(now: Long) {
            mergedMillis = now
            statistics = statistics.settled(clock.instant())
            merged = statistics.models(clock.instant())
        }
    }

    companion object {
        /** Decisions of all policies since the start; further ones are not learned of. */
        const val KEYS_MAX = 4_096
        private const val MERGE_MILLIS = 50L
    }
}
