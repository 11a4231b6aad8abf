package routercluster.cli

import com.fasterxml.jackson.databind.node.ObjectNode
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problem
import routercluster.policy.config.format.InactiveFeature
import routercluster.policy.config.format.byFeature
import java.nio.file.Path

/** `router validate`: every problem of a policy file at once. */
class Validate(private val load: LoadPolicy, private val lint: LintPolicy = { _, _, _ -> emptyList() }) :
    Command(
        "validate",
        "Check a policy file: prints every problem, each with its place, what is accepted there and the nearest known name.",
        listOf("router validate router.yaml", "router validate router.yaml --json | jq .problems"),
    ) {
    private val file by argument("FILE").path()
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        if (!json) {
            val policy = load.fromFile(file)
            policy.notices.forEach { echo("note: $it") }
            policy.inactive.byFeature().forEach { echo("inactive: $it") }
            lint(policy, "$file", ::environment).forEach { echo("warning: $it") }
            echo(summary(file, policy))
            return
        }
        val (problems, policy) = found()
        val answer = newObject().put("valid", problems.isEmpty())
        answer.putArray("problems").apply { problems.forEach { add(describe(it)) } }
        answer.putArray("notices").apply { policy?.notices?.forEach { add(describe(it)) } }
        answer.putArray("inactive").apply { policy?.inactive?.byFeature()?.forEach { add(describe(it)) } }
        val findings = policy?.let { lint(it, "$file", ::environment) }.orEmpty()
        answer.putArray("warnings").apply { findings.forEach { add(describe(it)) } }
        echo(pretty(answer))
        if (problems.isNotEmpty()) throw ProgramResult(ExitStatus.REFUSED)
    }

    private fun found(): Pair<List<Problem>, Policy?> =
        try {
            emptyList<Problem>() to load(readText(file), file.toString(), ::environment)
        } catch (e: InvalidPolicy) {
            e.problems to null
        }
}

private fun describe(inactive: InactiveFeature): ObjectNode {
    val entry = newObject()
        .put("feature", inactive.feature.label)
        .put("protects", inactive.feature.isSecurity)
        .put("without", inactive.feature.without)
    val places = entry.putArray("places")
    inactive.places.forEach {
        places
            .addObject()
            .put("line", it.line)
            .put("column", it.column)
            .put("path", it.path)
    }
    return entry
}

internal fun summary(file: Path, policy: Policy): String {
    val decisions = policy.recipes.values.sumOf { it.decisions.size }
    val inactive = policy.inactive.byFeature().size
    val without = if (inactive == 0) "" else ", ${counted(inactive, "feature")} inactive (serve refuses them without --allow-inactive)"
    val counts = "${counted(policy.models.size, "model")}, ${counted(decisions, "decision")}"
    return "$file: valid, $counts, revision ${policy.shortRevision}$without"
}

internal fun counted(count: Int, noun: String): String = "$count $noun${if (count == 1) "" else "s"}"

internal fun describe(problem: Problem) =
    newObject()
        .put("file", problem.at.file)
        .put("line", problem.at.line)
        .put("column", problem.at.column)
        .put("path", problem.at.path)
        .put("message", problem.message)
        .put("found", problem.value)
        .put("accepted", problem.accepted)
        .put("suggestion", problem.suggestion)
