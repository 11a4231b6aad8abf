package routercluster.policy.config.prove

import routercluster.policy.Candidate
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawAlgorithm
import routercluster.policy.config.raw.RawArm
import routercluster.policy.config.raw.RawExperiment
import routercluster.policy.config.raw.RawLearning
import routercluster.policy.selectors.Arm
import routercluster.policy.selectors.ExperimentSelector
import routercluster.policy.selectors.ExperimentSelector.Companion.ARMS
import routercluster.policy.selectors.Selector
import kotlin.math.abs

/**
 * Proves the experiments of `gateway.learning`.
 *
 * @param decisions names of those of all recipes
 */
internal class ExperimentProver(learning: RawLearning, decisions: Set<String>, private val problems: Problems) {
    private val raw = learning.experiments

    init {
        val shadow = learning.shadow.map { it.value }
        raw.map { it.decision }.forEach { decision ->
            unknownName(decision, "is no decision", decisions, problems)
            if (decision.value in shadow) {
                problems.add(decision.at, "is in shadow, where nothing is split", decision.value, "a decision that is not in shadow")
            }
        }
        refuseDuplicates(raw.map { it.name }, "experiment", problems)
        refuseDuplicates(raw.map { it.decision }, "experiment of the decision", problems)
        raw.forEach(::checkArms)
    }

    /**
     * The selector of the decision [name]: [own], unless an experiment splits it.
     *
     * @param choose the selector of an arm that names an algorithm, for the candidates that the arm may pick
     */
    fun split(
        name: String,
        own: Selector,
        candidates: List<Candidate>,
        choose: (RawAlgorithm, List<Candidate>) -> Selector,
    ): Selector {
        val experiment = raw.firstOrNull { it.decision.value == name } ?: return own
        if (candidates.size < 2) {
            problems.add(experiment.decision.at, "has nothing to choose between", name, "a decision with two candidates or more")
            return own
        }
        val all = experiment.arms.sumOf { it.share ?: 0.0 }
        return ExperimentSelector(experiment.name.value, experiment.arms.map { arm(it, all, own, candidates, choose) })
    }

    private fun arm(
        raw: RawArm,
        all: Double,
        own: Selector,
        candidates: List<Candidate>,
        choose: (RawAlgorithm, List<Candidate>) -> Selector,
    ): Arm {
        val names = candidates.mapTo(LinkedHashSet()) { it.model.name }
        raw.models.forEach { unknownName(it, "is no candidate of the decision", names, problems) }
        val models = raw.models.mapTo(LinkedHashSet()) { it.value }.ifEmpty { null }
        val whole = Arm(raw.name.value, (raw.share ?: 0.0) / all, own, models)
        return raw.algorithm?.let { whole.with(choose(it, whole.own(candidates))) } ?: whole
    }

    private fun checkArms(experiment: RawExperiment) {
        val arms = experiment.arms
        refuseDuplicates(arms.map { it.name }, "arm", problems)
        if (arms.size !in ARMS) {
            problems.add(experiment.armsAt, "has the wrong number of arms", "${arms.size}", "${ARMS.first} to ${ARMS.last}")
        }
        val shares = arms.mapNotNull { it.share }
        val all = shares.sum()
        if (shares.size == arms.size && abs(all - 1.0) > TOLERANCE) {
            problems.add(experiment.armsAt, "has shares that do not make 1", "$all", "shares that together make 1")
        }
    }

    private companion object {
        /** Of the sum of shares, as people write thirds. */
        const val TOLERANCE = 1e-3
    }
}
