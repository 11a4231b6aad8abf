package routercluster.cli.cache

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.subcommands
import routercluster.cli.ExitStatus

/** `router cache`: the kept answers of a running router. */
fun cache(): CoreCliktCommand =
    CacheGroup().subcommands(
        CacheStats(),
        CacheEntries(),
        CacheInvalidate(),
        CacheFlush(),
        CacheAudit(),
        CacheExport(),
        CacheWarmUp(),
    )

private class CacheGroup : CoreCliktCommand("cache") {
    override val printHelpOnEmptyArgs = true

    override fun help(context: Context) = "Answers that are kept to be given again: shown, counted, and taken back."

    override fun helpEpilog(context: Context) = ExitStatus.HELP

    override fun run() = Unit
}

internal const val CACHE = "/api/v1/cache"

/** What a 404 of any of these paths means. */
internal const val ABSENT = "that router has no such endpoint: it is an older one"

/** Of a row of a table, one for each of [fields]; empty where [row] has none. */
internal fun cells(row: JsonNode, fields: List<String>): List<String> =
    fields.map { field ->
        row
            .get(field)
            ?.takeUnless(JsonNode::isNull)
            ?.asText()
            .orEmpty()
    }
