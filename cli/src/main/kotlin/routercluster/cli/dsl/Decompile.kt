package routercluster.cli.dsl

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.writeText
import routercluster.policy.dsl.decompile
import routercluster.policy.dsl.writeProgram

/** `router dsl decompile`. */
internal class Decompile :
    Command(
        "decompile",
        "Write the routing, entrypoints and recipes of a policy file as a program.",
        listOf("router dsl decompile router.yaml --out policy.dsl"),
    ) {
    private val file by argument("FILE.yaml").path()
    private val out by option("--out", metavar = "DSL").path().help("file to write; default standard output")

    override fun run() {
        val decompiled = decompile(readDocument(file))
        if (decompiled.problems.isNotEmpty()) throw Failure(decompiled.problems.joinToString("\n"))
        val text = writeProgram(decompiled.program)
        out?.let { writeText(it, text) } ?: echo(text, trailingNewline = false)
    }
}
