package routercluster.cli.dsl

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.pretty
import routercluster.policy.dsl.toJson

/** `router dsl ast`. */
internal class Syntax :
    Command(
        "ast",
        "Print a program's syntax tree as JSON, with the place of every name. What cannot be read is left out and told on standard error.",
        listOf("router dsl ast policy.dsl | jq '.items[].name.text'"),
    ) {
    private val file by argument("FILE.dsl").path()

    override fun run() {
        val parsed = readProgram(file)
        parsed.hints.forEach { echo(it.render(parsed.source), err = true) }
        echo(pretty(parsed.program.toJson()))
    }
}
