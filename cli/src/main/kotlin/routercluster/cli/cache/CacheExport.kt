package routercluster.cli.cache

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.required
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.RunningRouter
import routercluster.cli.counted
import routercluster.cli.newObject
import routercluster.cli.parseJson
import java.io.IOException
import java.nio.file.Files

/** `router cache export`: kept answers as a file, an entry a line. */
internal class CacheExport :
    Command(
        "export",
        "Write kept answers to a file, one a line, with the texts of requests and answers: from the router's own machine, and noted in its audit.",
        listOf("router cache export --out kept.jsonl", "router cache export --tier semantic --decision faq --out faq.jsonl"),
    ) {
    private val entries by EntryOptions()
    private val tier by option("--tier").choice("exact", "semantic").default("exact").help("where they are looked for; default exact")
    private val out by option("--out", metavar = "FILE").path().required().help("where they are written")
    private val limit by option("--limit", metavar = "N")
        .int()
        .restrictTo(1, LIMIT_MAX)
        .default(10_000)
        .help("how many at most; default 10000")
    private val page by option("--page", metavar = "N")
        .int()
        .restrictTo(1, PAGE_MAX)
        .default(PAGE_MAX)
        .help("how many at a time; fewer where answers are long")
    private val running by RunningRouter()

    override fun run() {
        var count = 0
        try {
            Files.newBufferedWriter(out).use { file ->
                var next: String? = null
                do {
                    val told = asked(minOf(page, limit - count), next)
                    told.path("entries").forEach { file.append("$it").append('\n') }
                    count += told.path("entries").size()
                    next = told.path("next").textValue()
                } while (next != null && count < limit)
            }
        } catch (e: IOException) {
            throw Failure("$out: cannot be written: ${e.message}")
        }
        echo("${counted(count, "answer")} in $out", err = true)
    }

    private fun asked(limit: Int, after: String?): JsonNode {
        val body = newObject().put("tier", tier).put("limit", limit)
        after?.let { body.put("after", it) }
        entries.said.forEach { (name, value) -> body.withObject("/filter").put(name, value) }
        val told = running.post("$CACHE/export", "$body", ABSENT).body
        return parseJson(told) ?: throw Failure("the answers are too long for one page: try a smaller --page")
    }

    private companion object {
        const val LIMIT_MAX = 1_000_000
        const val PAGE_MAX = 100
    }
}
