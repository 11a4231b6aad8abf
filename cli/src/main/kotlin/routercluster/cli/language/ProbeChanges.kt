package routercluster.cli.language

import routercluster.cli.EvalTask
import routercluster.cli.dsl.Decide
import routercluster.policy.Policy
import routercluster.policy.dsl.Expectation
import routercluster.policy.probes.EvalReport
import routercluster.policy.probes.ProbeFile
import routercluster.policy.probes.ProbeResult

/** Probes decided at once, so that encoders fill their batches. */
private const val CONCURRENCY = 8

/**
 * What two policies make of one probe.
 *
 * @property before the route and its models, in words
 * @property expected the route that the probe says it is to meet; null where it says nothing
 */
internal class ProbeChange(val name: String, val before: String, val after: String, val expected: String?, val met: String?) {
    val isChanged get() = before != after
    val isMissed get() = expected != null && expected != met
}

/** Decides the same requests by two policies. No model is called. */
internal class ProbeChanges(private val before: Policy, private val after: Policy) {
    fun ofTests(tests: List<Expectation>, decide: Decide): List<ProbeChange> {
        if (tests.isEmpty()) return emptyList()
        val old = met(before, tests, decide)
        val new = met(after, tests, decide)
        return tests.mapIndexed { index, test ->
            val name = "${test.name}: ${test.query}"
            ProbeChange(name, shown(before, test.recipe, old[index]), shown(after, test.recipe, new[index]), test.route, new[index])
        }
    }

    /** In the order of [tests]; null also where the policy lacks the recipe. */
    private fun met(policy: Policy, tests: List<Expectation>, decide: Decide): List<String?> {
        val known = tests.filter { it.recipe in policy.recipes }
        val routes = if (known.isEmpty()) emptyMap() else known.zip(decide(policy, known)).toMap()
        return tests.map { routes[it] }
    }

    fun ofProbes(probes: ProbeFile, evaluate: (EvalTask) -> EvalReport): List<ProbeChange> {
        val old = results(before, probes, evaluate)
        val new = results(after, probes, evaluate)
        return old.zip(new).map { (one, other) ->
            val probe = one.probe
            ProbeChange(
                probe.name,
                shown(before, one.recipe, one.decision),
                shown(after, other.recipe, other.decision),
                probe.decision,
                other.decision,
            )
        }
    }

    private fun results(policy: Policy, probes: ProbeFile, evaluate: (EvalTask) -> EvalReport): List<ProbeResult> =
        evaluate(EvalTask(policy, probes, null, probes.concurrency ?: CONCURRENCY) {}).results

    private fun shown(policy: Policy, recipe: String?, route: String?): String {
        val decision = recipe?.let { policy.recipes[it] }?.decisions?.firstOrNull { it.name == route }
        val names = decision
            ?.candidates
            .orEmpty()
            .map { it.model.name }
            .ifEmpty { listOf(policy.defaultModel.name) }
        val answers = decision
            ?.written
            ?.plugins
            .orEmpty()
            .contains(FIXED_ANSWER)
        return "${route ?: "no route"} (${if (answers) "answered here" else names.joinToString()})"
    }

    private companion object {
        const val FIXED_ANSWER = "fast_response"
    }
}
