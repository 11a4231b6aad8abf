package routercluster.cli

import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import java.io.IOException
import java.net.URLEncoder
import java.nio.file.Files
import java.nio.file.Path

/**
 * `router replay export`: the decision records of a node, one a line, for `router evaluate` and for learning offline.
 *
 * @param idOf the request id of a line
 */
class ReplayExport(private val idOf: (line: String) -> String) :
    Command(
        "export",
        "Write the decision records of the running router, with what came of each request, one JSON object a line.",
        listOf("router replay export --out log.jsonl", "router replay export --after 4f0c… --limit 5000"),
    ) {
    private val format by option("--format").choice("jsonl").default("jsonl").help("how they are written; jsonl alone is offered")
    private val out by option("--out", metavar = "FILE").path().help("write them there; default is the output")
    private val after by option("--after", metavar = "ID").help("only those behind the record of this request")
    private val limit by option("--limit", metavar = "N")
        .int()
        .restrictTo(1..RECORDS_MAX)
        .default(RECORDS_MAX)
        .help("most records; default $RECORDS_MAX")
    private val running by RunningRouter()

    override fun run() {
        val file = out ?: return pages().forEach { page -> page.forEach { echo(it) } }
        var count = 0
        write(file) { append -> pages().forEach { page -> page.forEach(append).also { count += page.size } } }
        echo("${counted(count, "record")} as $format in $file", err = true)
    }

    /** Each of at most [PAGE] records, the oldest first, until there are no more or they are enough. */
    private fun pages(): Sequence<List<String>> =
        sequence {
            var last = after
            var left = limit
            while (left > 0) {
                val lines = page(last, minOf(PAGE, left))
                if (lines.isEmpty()) break
                yield(lines)
                last = idOf(lines.last())
                left -= lines.size
            }
        }

    private fun page(after: String?, count: Int): List<String> {
        val behind = after?.let { "&after=${URLEncoder.encode(it, Charsets.UTF_8)}" }.orEmpty()
        return running
            .get("/decisions/export?limit=$count$behind")
            .body
            .lineSequence()
            .filter(String::isNotEmpty)
            .toList()
    }

    private fun write(path: Path, lines: (append: (String) -> Unit) -> Unit) {
        try {
            Files.newBufferedWriter(path).use { writer -> lines { writer.appendLine(it) } }
        } catch (e: IOException) {
            throw Failure("$path: cannot be written: ${e.message}")
        }
    }

    private companion object {
        /** Few enough that their lines stay within what a call reads. */
        const val PAGE = 200
        const val RECORDS_MAX = 1_000_000
    }
}
