package routercluster.gateway.feedback

import routercluster.policy.outcomes.AttemptOutcome
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.InFlight
import routercluster.policy.outcomes.Judgement
import routercluster.policy.outcomes.Measured
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.SelectorState
import routercluster.policy.outcomes.Standing
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.file.ImportPart
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Keeps everything in memory, as a cluster does on disk, until it is [away]. */
internal class MemoryOutcomes : Outcomes {
    private val states = HashMap<SelectionKey, SelectorState>()
    private val inFlight = InFlight()

    @Volatile var away = false

    /** Parts of imports that are kept before the store is away; below 0 it never is. */
    @Volatile var fullAfter = -1

    /** Feedbacks that came here, kept or not. */
    @Volatile var judged = 0
        private set
    val attempts = ArrayList<AttemptOutcome>()

    @Synchronized
    override fun measured(key: SelectionKey): Measured {
        val models = states[key]?.statistics?.models(Instant.now()).orEmpty()
        return object : Measured {
            override fun statistics(model: String) = models[model] ?: ModelStatistics.NONE

            override fun inFlight(model: String) = inFlight.at(model)
        }
    }

    override fun began(model: String) = inFlight.began(model)

    override fun left(model: String) = inFlight.left(model)

    @Synchronized
    override fun attempted(outcome: AttemptOutcome) {
        attempts += outcome
        val state = states[outcome.key] ?: SelectorState()
        states[outcome.key] = state.copy(statistics = state.statistics + DecisionStatistics.of(outcome))
    }

    @Synchronized
    override fun hinted(key: SelectionKey, model: String, sums: VerdictSums, at: Instant) {
        val state = states[key] ?: SelectorState()
        states[key] = state.copy(statistics = state.statistics + DecisionStatistics.ofVerdicts(model, sums, at))
    }

    @Synchronized
    override fun judge(feedback: Feedback): CompletionStage<Judgement> {
        judged++
        if (away) return CompletableFuture.completedFuture(Judgement.NotKept("the store is away"))
        val state = states[feedback.key] ?: SelectorState()
        states[feedback.key] = state.plus(feedback)
        return CompletableFuture.completedFuture(state.judgement(feedback))
    }

    @Synchronized
    override fun learnt(key: SelectionKey): CompletionStage<DecisionStatistics> =
        if (away) {
            CompletableFuture.failedStage(IllegalStateException("away"))
        } else {
            CompletableFuture.completedStage(states[key]?.statistics ?: DecisionStatistics.NONE)
        }

    @Synchronized
    override fun take(key: SelectionKey, part: ImportPart): CompletionStage<Judgement> {
        if (fullAfter == 0) return CompletableFuture.completedStage(Judgement.NotKept("the store is away"))
        fullAfter--
        val state = states[key] ?: SelectorState()
        states[key] = state.plus(part)
        return CompletableFuture.completedStage(Judgement.Counted(repeated = state.hasCounted(part)))
    }

    override fun standing() = Standing(0, 0, Duration.ZERO)

    fun inFlight(model: String): Int = inFlight.at(model)
}
