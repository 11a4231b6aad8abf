package routercluster.cli.dsl

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.ExitStatus
import routercluster.cli.Failure
import routercluster.cli.LoadPolicy
import routercluster.cli.describe
import routercluster.cli.newObject
import routercluster.cli.pretty
import routercluster.cli.summary
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problem
import routercluster.policy.dsl.Hint
import routercluster.policy.dsl.Parsed
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Span
import routercluster.policy.dsl.check
import routercluster.policy.dsl.render

/** `router dsl validate`. */
internal class ValidateProgram(private val load: LoadPolicy) :
    Command(
        "validate",
        "Check a program: what cannot be read, names that are unknown, values that cannot be; with --base also all that a router checks.",
        listOf("router dsl validate policy.dsl", "router dsl validate policy.dsl --base router.yaml --json"),
    ) {
    private val file by argument("FILE.dsl").path()
    private val base by option("--base", metavar = "YAML").path().help("policy file whose other parts the program goes with")
    private val json by option("--json").flag().help("print JSON, with fixes as ranges and their replacements")

    override fun run() {
        val found = found()
        if (json) {
            echo(pretty(asJson(found)))
            if (!found.isValid) throw ProgramResult(ExitStatus.REFUSED)
            return
        }
        if (!found.isValid) throw Failure(told(found.parsed, found.hints, found.problems))
        found.hints.forEach { echo(it.render(found.parsed.source), err = true) }
        found.policy
            ?.notices
            .orEmpty()
            .forEach { echo("note: ${it.message}") }
        echo(found.policy?.let { summary(file, it) } ?: "$file: can be read; --base checks it as a router does")
    }

    private fun found(): Found {
        val parsed = readProgram(file)
        val hints = check(parsed)
        val over = base
        if (over == null || hints.any { it.isFatal }) return Found(parsed, hints, emptyList(), null)
        return try {
            Found(parsed, hints, emptyList(), load.fromProgram(parsed, over, ::environment))
        } catch (e: InvalidPolicy) {
            // Of an unknown name both speak; the hint comes with a fix.
            val said = hints.map { parsed.source.location(it.span.start) }
            Found(parsed, hints, e.problems.filterNot { it.at.copy(path = "") in said }, null, refused = true)
        }
    }
}

/**
 * What there is to say of a program.
 *
 * @property policy null without a base, and where something is wrong
 * @property refused by the loader, also where all that it says was said before
 */
private class Found(
    val parsed: Parsed,
    val hints: List<Hint>,
    val problems: List<Problem>,
    val policy: Policy?,
    refused: Boolean = false,
) {
    val isValid = hints.none { it.isFatal } && !refused
}

private fun asJson(found: Found): ObjectNode {
    val source = found.parsed.source
    val json = newObject().put("valid", found.isValid)
    json.putArray("hints").apply { found.hints.forEach { add(hint(it, source)) } }
    json.putArray("problems").apply { found.problems.forEach { add(describe(it)) } }
    return json
}

private fun hint(hint: Hint, source: SourceText): ObjectNode {
    val json = newObject().put("level", hint.level.name.lowercase()).put("file", source.file)
    json.set<JsonNode>("range", range(hint.span, source))
    json.put("message", hint.message).put("accepted", hint.accepted)
    val fixes = json.putArray("fixes")
    hint.fixes.forEach { fix ->
        fixes
            .addObject()
            .put("title", fix.title)
            .put("replacement", fix.replacement)
            .set<JsonNode>("range", range(fix.span, source))
    }
    return json
}

private fun range(span: Span, source: SourceText): ObjectNode {
    val json = newObject()
    json.putObject("start").put("line", source.line(span.start)).put("column", source.column(span.start))
    json.putObject("end").put("line", source.line(span.end)).put("column", source.column(span.end))
    return json
}
