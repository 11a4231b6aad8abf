package routercluster.cli.cache

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import routercluster.cli.Command
import routercluster.cli.RunningRouter
import routercluster.cli.json
import routercluster.cli.pretty
import routercluster.cli.table
import java.util.Locale

/** `router cache stats`: what the cache of one node did since it began. */
internal class CacheStats :
    Command(
        "stats",
        "Show what a node's cache holds and what it has brought since the node began: hits, misses, what was saved, and wrong hits where they are bounded.",
        listOf("router cache stats", "router cache stats --json"),
    ) {
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        val stats = running.get("$CACHE/stats", ABSENT).json()
        echo(if (json) pretty(stats) else told(stats))
    }

    private fun told(stats: JsonNode): String {
        val parts = mutableListOf(
            "since ${stats.path("since").asText()}: ${held("exact", stats.path("exact"))}, ${held("semantic", stats.path("semantic"))}, " +
                "${stats.path("invalidations").asInt()} invalidations in force",
        )
        parts += listed(stats.path("hits"), "DECISION", "CATEGORY", "KIND", "COUNT", "SAVED COST", "SAVED SECONDS", "MEAN AGE SECONDS")
        parts += listed(stats.path("misses"), "DECISION", "CATEGORY", "OUTCOME", "COUNT")
        parts += listed(stats.path("kept"), "DECISION", "OUTCOME", "COUNT")
        val learnt = stats.path("learnt").map { row ->
            val wrong = row.path("wrong_share")
            val share =
                if (wrong.isObject) "${wrong.percent("likely")} (${wrong.percent("low")} to ${wrong.percent("high")})" else "no hits yet"
            listOf(row.path("decision").asText(), row.path("category").asText(), row.percent("max_error"), share) +
                listOf("${row.path("right_looks").asInt()} right, ${row.path("wrong_looks").asInt()} wrong")
        }
        if (learnt.isNotEmpty()) parts += table(listOf("DECISION", "CATEGORY", "ALLOWED WRONG", "WRONG", "LOOKED INTO"), learnt)
        return parts.joinToString("\n\n")
    }

    private fun held(name: String, tier: JsonNode) =
        if (tier.isObject) {
            "$name ${tier.path("entries").asLong()} entries in ${tier.path("bytes").asLong()} bytes"
        } else {
            "$name not opened yet"
        }

    /** Nothing where there are no rows. */
    private fun listed(rows: JsonNode, vararg columns: String): List<String> {
        if (rows.isEmpty) return emptyList()
        val fields = columns.map { it.lowercase().replace(' ', '_') }
        return listOf(table(columns.toList(), rows.map { cells(it, fields) }))
    }

    private fun JsonNode.percent(field: String) = "%.2f %%".format(Locale.ROOT, path(field).asDouble() * 100)
}
