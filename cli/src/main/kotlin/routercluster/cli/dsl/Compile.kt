package routercluster.cli.dsl

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.writeText
import routercluster.policy.dsl.writeYaml

/** `router dsl compile`. */
internal class Compile :
    Command(
        "compile",
        "Write the routing, entrypoints and recipes that a program stands for as YAML.",
        listOf("router dsl compile policy.dsl", "router dsl compile policy.dsl --base router.yaml --out new.yaml"),
    ) {
    private val file by argument("FILE.dsl").path()
    private val base by option("--base", metavar = "YAML").path().help("policy file whose other parts are taken over, without its comments")
    private val out by option("--out", metavar = "YAML").path().help("file to write; default standard output")

    override fun run() {
        val parsed = usableProgram(file) { echo(it, err = true) }
        val text = writeYaml(compiled(parsed, base))
        out?.let { writeText(it, text) } ?: echo(text, trailingNewline = false)
    }
}
