package routercluster.cli

import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problem
import java.nio.file.Path

/** `router validate`: every problem of a policy file at once. */
class Validate(private val load: LoadPolicy) :
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
            echo(summary(file, policy))
            return
        }
        val (problems, notices) = found()
        val answer = newObject().put("valid", problems.isEmpty())
        answer.putArray("problems").apply { problems.forEach { add(describe(it)) } }
        answer.putArray("notices").apply { notices.forEach { add(describe(it)) } }
        echo(pretty(answer))
        if (problems.isNotEmpty()) throw ProgramResult(ExitStatus.REFUSED)
    }

    private fun found(): Pair<List<Problem>, List<Problem>> =
        try {
            emptyList<Problem>() to load(readText(file), file.toString(), ::environment).notices
        } catch (e: InvalidPolicy) {
            e.problems to emptyList()
        }
}

internal fun summary(file: Path, policy: Policy): String {
    val decisions = policy.recipes.values.sumOf { it.decisions.size }
    return "$file: valid, ${counted(policy.models.size, "model")}, ${counted(decisions, "decision")}, revision ${policy.revision.take(12)}"
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
