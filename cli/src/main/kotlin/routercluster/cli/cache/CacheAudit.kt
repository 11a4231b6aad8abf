package routercluster.cli.cache

import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.RunningRouter
import routercluster.cli.counted
import routercluster.cli.json
import routercluster.cli.newObject
import routercluster.cli.pretty
import routercluster.cli.table
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.toJson

/** `router cache audit`: who did what to the cache. */
internal class CacheAudit :
    Command(
        "audit",
        "Show who invalidated, flushed or read what of the cache, the oldest first. With --verify, check that each line follows from the one before.",
        listOf("router cache audit", "router cache audit --verify --known 5f0c…"),
    ) {
    private val verify by option("--verify").flag().help("check the chain; a broken one is the command's failure")
    private val known by option("--known", metavar = "HASH").help("with --verify: a hash that was written down before and has to be in it")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        val (lines, cut) = read()
        if (verify) check(lines, cut)
        if (json) {
            val body = newObject().put("cut", cut)
            val list = body.putArray("lines")
            lines.forEach { list.add(it.toJson()) }
            echo(pretty(body))
        } else {
            echo(told(lines))
            if (verify) {
                echo(
                    "${counted(lines.size, "line")}, each follows from the one before; the last hash is ${lines.lastOrNull()?.hash ?: cut}",
                )
            }
        }
    }

    /** All lines that are kept, and the hash before them. */
    private fun read(): Pair<List<AuditLine>, String> {
        val lines = mutableListOf<AuditLine>()
        while (true) {
            val after = lines.lastOrNull()?.let { "&after=${it.number}" }.orEmpty()
            val page = running.get("$CACHE/audit?limit=$PAGE$after", ABSENT).json()
            val told = page.path("lines").map { AuditLine.of(it) ?: throw Failure("a line of the audit cannot be read") }
            lines += told
            if (told.size < PAGE) return lines to page.path("cut").asText()
        }
    }

    private fun check(lines: List<AuditLine>, cut: String) {
        // What was cut meanwhile is before the first that was read.
        val before = lines.firstOrNull()?.previous ?: cut
        AuditLine.firstBroken(lines, before)?.let {
            throw Failure("line $it of the audit does not follow from the one before: it was changed")
        }
        if (lines.firstOrNull()?.number == 1L && before != AuditLine.BEGINNING) {
            throw Failure("line 1 of the audit is not the first: lines are missing")
        }
        val wanted = known ?: return
        if (wanted != before && lines.none { it.hash == wanted }) throw Failure("no line of the audit has the hash $wanted")
    }

    private fun told(lines: List<AuditLine>): String {
        if (lines.isEmpty()) return "nothing was done yet"
        val rows = lines.map { line ->
            val filter = line.filter
                .toJson()
                .properties()
                .joinToString(" ") { (name, value) -> "$name=${value.asText()}" }
            listOf(
                "${line.number}",
                "${line.at}",
                line.who,
                line.action.label,
                filter.ifEmpty { "all" },
                line.entries?.toString().orEmpty(),
            )
        }
        return table(listOf("LINE", "AT", "WHO", "ACTION", "MEANT", "ENTRIES"), rows)
    }

    private companion object {
        const val PAGE = 1_000
    }
}
