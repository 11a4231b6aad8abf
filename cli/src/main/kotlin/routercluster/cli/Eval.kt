package routercluster.cli

import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.required
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.probes.EvalReport
import routercluster.policy.probes.ProbeFile
import routercluster.policy.probes.readProbes
import java.nio.file.Path

/** How a probe file is to be run: by which recipe, where its probes name no model, and how many probes at once. */
class EvalTask(val policy: Policy, val probes: ProbeFile, val recipe: String?, val concurrency: Int, val progress: (done: Int) -> Unit)

/**
 * `router eval`: whether a policy decides requests as a probe file expects. No model is called.
 *
 * @param evaluate decides every probe, with the policy's own encoders
 */
class Eval(private val load: LoadPolicy, private val evaluate: (EvalTask) -> EvalReport) :
    Command(
        "eval",
        "Decide the requests of a probe file and compare each with what it expects.",
        listOf(
            "router eval --config config.yaml --probes probes.yaml",
            "router eval --config config.yaml --probes probes.yaml --recipe fast --json",
        ),
    ) {
    private val config by option("--config", metavar = "FILE").path().required().help("the policy")
    private val probes by option("--probes", metavar = "FILE").path().required().help("requests and what is expected of each")
    private val recipe by option("--recipe", metavar = "NAME").help("route probes that name no model by this recipe")
    private val concurrency by option("--concurrency", metavar = "N")
        .int()
        .restrictTo(1..CONCURRENCY_MAX)
        .help("probes decided at once, so that encoders fill their batches; by default what the file says, else $CONCURRENCY_DEFAULT")
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val policy = load.fromFile(config)
        recipe?.let { if (it !in policy.recipes) throw Failure("$config has no recipe $it; it has ${policy.recipes.keys.joinToString()}") }
        val file = readFile(probes)
        val task = EvalTask(policy, file, recipe, concurrency ?: file.concurrency ?: CONCURRENCY_DEFAULT) { progress(it, file.probes.size) }
        val report = evaluate(task)
        echo(if (json) pretty(report.toJson()) else report.render())
        if (report.shortfalls.isNotEmpty()) throw ProgramResult(ExitStatus.REFUSED)
    }

    private fun readFile(path: Path): ProbeFile =
        try {
            readProbes(readText(path), "$path")
        } catch (invalid: InvalidPolicy) {
            throw Failure("${invalid.message}")
        }

    /** Overwrites itself, so only where somebody watches. */
    private fun progress(done: Int, all: Int) {
        if (System.console() == null) return
        echo("\r$done of $all", trailingNewline = done == all, err = true)
    }

    private companion object {
        const val CONCURRENCY_MAX = 256
        const val CONCURRENCY_DEFAULT = 8
    }
}
