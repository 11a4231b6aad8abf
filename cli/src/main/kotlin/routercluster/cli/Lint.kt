package routercluster.cli

import com.fasterxml.jackson.databind.node.ObjectNode
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy
import routercluster.policy.config.lint.Finding

/** Looks for what the file of a proven policy can hardly mean; [file] and [environment] are as it was loaded with. */
typealias LintPolicy = (policy: Policy, file: String, environment: (String) -> String?) -> List<Finding>

/** `router lint`: what a valid policy file says although it can hardly be meant. */
class Lint(private val load: LoadPolicy, private val lint: LintPolicy) :
    Command(
        "lint",
        "Look for what a valid policy file can hardly mean: rules that never hold, decisions that never win, signals that nothing reads, " +
            "thresholds that nothing or everything reaches, members of a partition that no text tells apart.",
        listOf("router lint router.yaml", "router lint router.yaml --json | jq '.[].fix'"),
    ) {
    private val file by argument("FILE").path()
    private val json by option("--json").flag().help("print JSON, with the change that mends each")

    override fun run() {
        val findings = lint(load.fromFile(file), "$file", ::environment)
        if (json) {
            echo(pretty(newArray().apply { findings.forEach { add(describe(it)) } }))
        } else {
            findings.forEach { echo("$it") }
        }
        if (findings.isNotEmpty()) throw ProgramResult(ExitStatus.REFUSED)
    }
}

internal fun describe(finding: Finding): ObjectNode {
    val entry = newObject()
        .put("rule", finding.rule.label)
        .put("line", finding.at.line)
        .put("column", finding.at.column)
        .put("path", finding.at.path)
        .put("message", finding.message)
    finding.fix?.let {
        entry
            .putObject("fix")
            .put("title", it.title)
            .put("path", it.path)
            .put("replacement", it.replacement)
    }
    return entry
}
