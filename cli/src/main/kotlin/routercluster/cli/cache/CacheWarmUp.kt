package routercluster.cli.cache

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.RunningRouter
import routercluster.cli.json
import routercluster.cli.newObject
import routercluster.cli.parseJson
import routercluster.cli.pretty
import routercluster.cli.readText

/** `router cache warm-up`: takes over an export. */
internal class CacheWarmUp :
    Command(
        "warm-up",
        "Have the running router keep the answers of an export again, those that it would keep now. Without --yes it says which, and keeps none.",
        listOf("router cache warm-up kept.jsonl", "router cache warm-up kept.jsonl --yes"),
    ) {
    private val file by argument("FILE").path()
    private val yes by option("--yes").flag().help("do it")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        val lines = readText(file).lineSequence().filter(String::isNotBlank).toList()
        var fit = 0
        val refused = sortedMapOf<String, Int>()
        for (batch in batches(lines)) {
            val told = sent(batch)
            fit += told.path("fit").asInt()
            told.path("refused").forEach { refused.merge(it.path("reason").asText(), 1, Int::plus) }
        }
        echo(if (json) asJson(fit, refused) else told(fit, refused))
    }

    /** As many lines as one call takes. */
    private fun batches(lines: List<String>): List<List<String>> {
        val batches = mutableListOf<MutableList<String>>()
        var bytes = 0
        lines.forEachIndexed { index, line ->
            val more = line.encodeToByteArray().size + 1
            if (more > BATCH_BYTES_MAX) throw Failure("$file:${index + 1}: longer than $BATCH_BYTES_MAX bytes")
            if (batches.isEmpty() || batches.last().size == BATCH_LINES_MAX || bytes + more > BATCH_BYTES_MAX) {
                batches += mutableListOf<String>()
                bytes = 0
            }
            batches.last() += line
            bytes += more
        }
        return batches
    }

    private fun sent(batch: List<String>): JsonNode {
        val body = newObject().put("dry_run", !yes)
        val entries = body.putArray("entries")
        batch.forEach { line -> entries.add(parseJson(line) ?: throw Failure("$file: a line is not JSON, the file is no export")) }
        return running.post("$CACHE/warm-up", "$body", ABSENT).json()
    }

    private fun asJson(fit: Int, refused: Map<String, Int>): String {
        val body = newObject().put("dry_run", !yes).put("fit", fit)
        val reasons = body.putObject("refused")
        refused.forEach { (reason, count) -> reasons.put(reason, count) }
        return pretty(body)
    }

    private fun told(fit: Int, refused: Map<String, Int>): String {
        val reasons = refused.map { (reason, count) -> "  $count left out: ${reason.replace('_', ' ')}" }
        val done = if (yes) "$fit answers are kept." else "$fit answers would be kept. Nothing was changed; --yes does it."
        return (listOf(done) + reasons).joinToString("\n")
    }

    private companion object {
        const val BATCH_LINES_MAX = 200

        /** Less than one call may have, with room for what is around the lines. */
        const val BATCH_BYTES_MAX = 2_000_000
    }
}
