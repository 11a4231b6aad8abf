package routercluster.cli.dsl

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.multiple
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.counted
import routercluster.cli.writeText
import routercluster.policy.dsl.Level
import routercluster.policy.dsl.writeProgram
import java.nio.file.Path

/** `router dsl fmt`. */
internal class Format :
    Command(
        "fmt",
        "Lay programs out in the one way; comments stay.",
        listOf("router dsl fmt policy.dsl", "router dsl fmt --check policies/*.dsl"),
    ) {
    private val files by argument("FILE.dsl").path().multiple(required = true)
    private val check by option("--check").flag().help("change nothing; end with 1 where a file is laid out otherwise")

    override fun run() {
        val changed = files.map { it to formatted(it) }.filter { (_, texts) -> texts.first != texts.second }
        changed.forEach { (file, texts) ->
            if (check) echo("$file: is laid out otherwise") else writeText(file, texts.second).also { echo("$file: laid out") }
        }
        if (check && changed.isNotEmpty()) throw Failure("${counted(changed.size, "file")} to lay out; router dsl fmt does it")
    }

    /** As it is, and as it should be. What cannot be read would be lost, so such a file is refused. */
    private fun formatted(file: Path): Pair<String, String> {
        val parsed = readProgram(file)
        val errors = parsed.hints.filter { it.level == Level.ERROR }
        if (errors.isNotEmpty()) throw Failure(told(parsed, errors, emptyList()))
        return parsed.source.text to writeProgram(parsed.program, parsed.source)
    }
}
