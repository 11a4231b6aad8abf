package routercluster.cli.learning

import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.RunningRouter
import routercluster.cli.counted
import routercluster.cli.parseJson
import java.io.IOException
import java.net.URLEncoder
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/** `router learning export`. */
internal class LearningExport :
    Command(
        "export",
        "Write what the running router has learnt as JSON: all of it, or of some decisions.",
        listOf("router learning export --out learnt.json", "router learning export --decision code --out code.json"),
    ) {
    private val out by option("--out", metavar = "FILE").path().help("write it there; default is the output")
    private val recipe by option("--recipe", metavar = "NAME").help("only decisions of this recipe")
    private val decision by option("--decision", metavar = "NAME").help("only decisions of this name")
    private val running by RunningRouter()

    override fun run() {
        val wanted = listOfNotNull(recipe?.let { "recipe" to it }, decision?.let { "decision" to it })
        val query = wanted.joinToString("&") { (name, value) -> "$name=${URLEncoder.encode(value, Charsets.UTF_8)}" }
        val path = if (query.isEmpty()) "/learning" else "/learning?$query"
        val text = running.get(path, absent = "the running router has no such decision with models to choose between", TIMEOUT).body
        val json =
            parseJson(text) ?: throw Failure("what was learnt is too long for one file: export it decision by decision, with --decision")
        val file = out ?: return echo(text)
        write(file, text + "\n")
        echo("${counted(json.path("decisions").size(), "decision")} in $file", err = true)
    }

    private fun write(path: Path, text: String) {
        try {
            Files.writeString(path, text)
        } catch (e: IOException) {
            throw Failure("$path: cannot be written: ${e.message}")
        }
    }

    private companion object {
        /** Decisions are asked one after another, and each may have to wake. */
        val TIMEOUT: Duration = Duration.ofMinutes(2)
    }
}
