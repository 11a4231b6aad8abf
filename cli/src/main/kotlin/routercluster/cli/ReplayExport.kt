package routercluster.cli

import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.policy.record.DecisionRecord
import java.net.URLEncoder

/**
 * `router replay export`: the decision records of a node, for `router evaluate` and for learning offline.
 *
 * @param read a decision record of one line
 */
class ReplayExport(private val read: (line: String) -> DecisionRecord) :
    Command(
        "export",
        "Write the decision records of the running router, with what came of each request, one JSON object a line or as Parquet.",
        listOf(
            "router replay export --out log.jsonl",
            "router replay export --out log.parquet",
            "router replay export --after 4f0c… --limit 5000",
        ),
    ) {
    private val format by option("--format")
        .choice(ReplayFormat.entries.associateBy { it.name.lowercase() })
        .help("how they are written; default is parquet for a file of that ending and else jsonl")
    private val out by option("--out", metavar = "FILE").path().help("write them there; default is the output")
    private val after by option("--after", metavar = "ID").help("only those behind the record of this request")
    private val limit by option("--limit", metavar = "N")
        .int()
        .restrictTo(1..RECORDS_MAX)
        .default(RECORDS_MAX)
        .help("most records; default $RECORDS_MAX")
    private val running by RunningRouter()

    override fun run() {
        val format = format ?: ReplayFormat.of(out)
        val file = out
        if (file == null) {
            if (format == ReplayFormat.PARQUET) throw UsageError("Parquet is no text: name the file that it goes to, with --out FILE")
            return pages().forEach { page -> page.forEach { echo(it) } }
        }
        val count = writeRecords(file, format, pages().flatten(), read)
        echo("${counted(count, "record")} as ${format.name.lowercase()} in $file", err = true)
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
                last = read(lines.last()).id
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

    private companion object {
        /** Few enough that their lines stay within what a call reads. */
        const val PAGE = 200
        const val RECORDS_MAX = 1_000_000
    }
}
