package routercluster.cli.cache

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.cli.Command
import routercluster.cli.RunningRouter
import routercluster.cli.json
import routercluster.cli.pretty
import routercluster.cli.table
import java.net.URLEncoder

/** `router cache entries`: which answers are kept. */
internal class CacheEntries :
    Command(
        "entries",
        "List answers that a running router keeps. Their texts are shown with --text alone, to callers of the router's machine, and that is noted.",
        listOf("router cache entries --decision faq", "router cache entries --tier semantic --scope tenant --tenant acme --json"),
    ) {
    private val entries by EntryOptions()
    private val tier by option("--tier").choice("exact", "semantic").default("exact").help("where they are looked for; default exact")
    private val limit by option("--limit", metavar = "N")
        .int()
        .restrictTo(1, LIMIT_MAX)
        .default(20)
        .help("how many at most; default 20")
    private val after by option("--after", metavar = "NEXT").help("go on behind an earlier page")
    private val text by option("--text").flag().help("show the texts of requests and answers")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        val wanted =
            entries.said +
                listOfNotNull("tier" to tier, "limit" to "$limit", after?.let { "after" to it }, ("text" to "true").takeIf { text })
        val query = wanted.entries.joinToString("&") { (name, value) -> "$name=${URLEncoder.encode(value, Charsets.UTF_8)}" }
        val page = running.get("$CACHE/entries?$query", ABSENT).json()
        echo(if (json) pretty(page) else told(page))
    }

    private fun told(page: JsonNode): String {
        val rows = page.path("entries").map { cells(it, fields) }
        val texts = page.path("entries").mapNotNull { row ->
            row.get("text")?.let {
                "\n${row.path("id").asText()}\n  asked: ${it.path("request").asText("not kept")}\n  answer: ${it.path("answer").asText()}"
            }
        }
        val list = if (rows.isEmpty()) "no such answer is kept here" else table(fields.map { it.uppercase().replace('_', ' ') }, rows)
        val next = page
            .path("next")
            .textValue()
            ?.let { "\nmore: --after '$it'" }
            .orEmpty()
        return list + texts.joinToString("") + next
    }

    private companion object {
        const val LIMIT_MAX = 100
        val fields = listOf("id", "decision", "category", "model", "kept_at", "age_seconds", "expires_at", "bytes", "cost")
    }
}
