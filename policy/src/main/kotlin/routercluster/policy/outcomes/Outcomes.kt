package routercluster.policy.outcomes

import routercluster.policy.outcomes.file.ImportPart
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** What is known of models at one moment. Reading it waits for nobody and takes no lock. */
interface Measured {
    /** [ModelStatistics.NONE] where nothing is known. */
    fun statistics(model: String): ModelStatistics

    /** Requests that are at [model] now, as far as this node knows. */
    fun inFlight(model: String): Int

    companion object {
        val NONE: Measured =
            object : Measured {
                override fun statistics(model: String) = ModelStatistics.NONE

                override fun inFlight(model: String) = 0
            }
    }
}

/**
 * How it stands with outcomes on a node.
 *
 * @property buffered attempts that are not known to be durable yet
 * @property dropped attempts since the start that will count nowhere
 * @property snapshotAge how long ago the oldest of the snapshots that are being read was last heard of
 * @property frozen models of decisions that fell, as this node knows them
 */
data class Standing(val buffered: Long, val dropped: Long, val snapshotAge: Duration, val frozen: Int = 0)

/** Where outcomes go and what selection learns from them. Safe for use by many threads; no call waits. */
interface Outcomes {
    /** What this node knows of the models of [key]. */
    fun measured(key: SelectionKey): Measured

    /** A request went to [model]; one [left] follows. */
    fun began(model: String)

    fun left(model: String)

    /** May be lost where this node dies within moments. */
    fun attempted(outcome: AttemptOutcome)

    /** Something let on [sums] of [model], of which nobody waits to hear that it counts; see [Hint]. May be lost as [attempted]. */
    fun hinted(key: SelectionKey, model: String, sums: VerdictSums, at: Instant)

    /** Never fails; [Judgement.Counted] only where the feedback is durable. */
    fun judge(feedback: Feedback): CompletionStage<Judgement>

    /** All that is durable of what was learnt for [key], in its slices of time. Fails where it cannot be read. */
    fun learnt(key: SelectionKey): CompletionStage<DecisionStatistics>

    /** Never fails; [Judgement.Counted] only where [part] is durable, repeated where it was added up before. */
    fun take(key: SelectionKey, part: ImportPart): CompletionStage<Judgement>

    /** For metrics. */
    fun standing(): Standing

    companion object {
        /** Learns nothing. */
        val NONE: Outcomes =
            object : Outcomes {
                override fun measured(key: SelectionKey) = Measured.NONE

                override fun began(model: String) = Unit

                override fun left(model: String) = Unit

                override fun attempted(outcome: AttemptOutcome) = Unit

                override fun hinted(key: SelectionKey, model: String, sums: VerdictSums, at: Instant) = Unit

                override fun judge(feedback: Feedback): CompletionStage<Judgement> =
                    CompletableFuture.completedFuture(Judgement.NotKept("this router keeps no feedback"))

                override fun learnt(key: SelectionKey): CompletionStage<DecisionStatistics> =
                    CompletableFuture.completedFuture(DecisionStatistics.NONE)

                override fun take(key: SelectionKey, part: ImportPart): CompletionStage<Judgement> =
                    CompletableFuture.completedFuture(Judgement.NotKept("this router learns nothing"))

                override fun standing() = Standing(0, 0, Duration.ZERO)
            }
    }
}
