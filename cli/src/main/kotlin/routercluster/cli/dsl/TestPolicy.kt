package routercluster.cli.dsl

import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.ExitStatus
import routercluster.cli.Failure
import routercluster.cli.LoadPolicy
import routercluster.cli.newObject
import routercluster.cli.pretty
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.nearestName
import routercluster.policy.dsl.Expectation
import routercluster.policy.dsl.Parsed
import routercluster.policy.dsl.expectationsOf
import java.nio.file.Path

/** Decides each query as the policy of its recipe does; in the order of the queries, null where no decision matched. */
internal typealias Decide = (policy: Policy, expectations: List<Expectation>) -> List<String?>

/** `router test-policy`: runs the TEST blocks of a program. */
internal class TestPolicy(private val load: LoadPolicy, private val decide: Decide) :
    Command(
        "test-policy",
        "Run TEST blocks: decides each query and compares the route that it meets with the one that it is to meet.",
        listOf("router test-policy policy.dsl --base router.yaml", "router test-policy router.yaml --tests tests.dsl --json"),
    ) {
    private val file by argument("FILE").path()
    private val base by option("--base", metavar = "YAML").path().help("with a program: policy file whose other parts it goes with")
    private val tests by option("--tests", metavar = "DSL").path().help("program whose TEST blocks are run; default FILE, if it is one")
    private val json by option("--json").flag().help("print JSON")

    private class Outcome(val expectation: Expectation, val met: String?, val missing: String?) {
        val passed = missing == null && met == expectation.route
    }

    override fun run() {
        val program = if ("$file".endsWith(PROGRAM_ENDING)) usableProgram(file) { echo(it, err = true) } else null
        val policy = policy(program)
        val tested =
            tests?.let(::readTests) ?: program ?: throw UsageError("$file is no program: give the TEST blocks with --tests FILE.dsl")
        val outcomes = outcomes(policy, expectationsOf(tested))
        if (outcomes.isEmpty()) throw Failure("${tested.source.file}: has no TEST block, such as TEST sums { \"what is 2 + 2\" -> math }")
        val failed = outcomes.count { !it.passed }
        if (json) echo(pretty(asJson(outcomes))) else tell(outcomes)
        if (failed > 0) throw ProgramResult(ExitStatus.REFUSED)
    }

    /** Its routes are the policy's, so names that it does not have itself are no fault of it. */
    private fun readTests(path: Path): Parsed {
        val parsed = readProgram(path)
        if (!parsed.isReadable) throw Failure(told(parsed, parsed.hints, emptyList()))
        return parsed
    }

    private fun policy(program: Parsed?): Policy {
        if (program == null) {
            if (base != null) throw UsageError("--base goes with a program; $file is a whole policy already")
            return load.fromFile(file)
        }
        val over = base ?: throw UsageError("a program has no models of its own: give a policy file that has with --base FILE.yaml")
        return try {
            load.fromProgram(program, over, ::environment)
        } catch (e: InvalidPolicy) {
            throw Failure(told(program, emptyList(), e.problems))
        }
    }

    private fun outcomes(policy: Policy, expectations: List<Expectation>): List<Outcome> {
        val missing = expectations.associateWith { missing(policy, it) }
        val known = expectations.filter { missing[it] == null }
        val met = known.zip(decide(policy, known)).toMap()
        return expectations.map { Outcome(it, met[it], missing[it]) }
    }

    /** What the policy lacks that a test speaks of. */
    private fun missing(policy: Policy, expectation: Expectation): String? {
        val recipe = policy.recipes[expectation.recipe]
        val routes = recipe?.decisions.orEmpty().map { it.name }
        return when {
            recipe == null -> absent("recipe", expectation.recipe, policy.recipes.keys)
            expectation.route !in routes -> absent("route", expectation.route, routes)
            else -> null
        }
    }

    private fun absent(what: String, name: String, known: Collection<String>) =
        "the policy has no $what $name" + nearestName(name, known)?.let { "; did you mean $it?" }.orEmpty()

    private fun tell(outcomes: List<Outcome>) {
        outcomes.filterNot { it.passed }.forEach { outcome ->
            val why = outcome.missing ?: "met ${outcome.met ?: "no route"}"
            echo("${outcome.expectation.at}: ${outcome.expectation.name}: expected ${outcome.expectation.route}, $why")
        }
        echo("${outcomes.count { it.passed }} passed, ${outcomes.count { !it.passed }} failed")
    }

    private fun asJson(outcomes: List<Outcome>) =
        newObject().put("passed", outcomes.count { it.passed }).put("failed", outcomes.count { !it.passed }).apply {
            val results = putArray("results")
            outcomes.forEach { outcome ->
                results
                    .addObject()
                    .put("test", outcome.expectation.name)
                    .put("recipe", outcome.expectation.recipe)
                    .put("query", outcome.expectation.query)
                    .put("expected", outcome.expectation.route)
                    .put("met", outcome.met)
                    .put("passed", outcome.passed)
                    .put("problem", outcome.missing)
                    .put("line", outcome.expectation.at.line)
                    .put("column", outcome.expectation.at.column)
            }
        }

    private companion object {
        const val PROGRAM_ENDING = ".dsl"
    }
}
