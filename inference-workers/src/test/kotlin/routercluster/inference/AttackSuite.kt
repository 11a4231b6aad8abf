package routercluster.inference

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.zip.GZIPInputStream

/**
 * A row of the attack suite that `training/` generates.
 *
 * @property disguise `plain` for the text itself
 * @property number the same for a text and its disguises
 */
class Attack(val head: String, val disguise: String, val number: Int, val text: String, val label: String)

/** How many of [rows] a disguise turns wrong: of those whose plain text is answered rightly, and of all where it is [PLAIN]. */
class Turned(val rows: Int, val count: Int)

const val PLAIN = "plain"

private val json = ObjectMapper()

fun readAttacks(file: Path): List<Attack> =
    GZIPInputStream(Files.newInputStream(file)).bufferedReader().useLines { lines ->
        lines.map(json::readTree).map(::attack).toList()
    }

private fun attack(row: JsonNode) =
    Attack(
        row["head"].textValue(),
        row["disguise"].textValue(),
        row["number"].intValue(),
        row["text"].textValue(),
        row["label"].textValue(),
    )

/** What a head says of a text: its label, or for a guard whether its threats together reach [alarmFrom]. */
class Judge(private val encoder: Encoder, private val head: HeadRef, private val alarmFrom: Float?) {
    private val known = encoder.heads.getValue(head)

    /** Whether each row is answered with its label. */
    fun right(rows: List<Attack>): List<Boolean> =
        rows.chunked(TOGETHER).flatMap { part ->
            val request = EncodeRequest(part.map { Passage(it.text, setOf(head)) }, TIMEOUT)
            val reply = encoder.encode(request).toCompletableFuture().get(TIMEOUT.toSeconds(), TimeUnit.SECONDS)
            part.zip(reply.results) { row, found -> isRight(row, (found.heads.getValue(head) as HeadResult.Labels).probabilities) }
        }

    private fun isRight(row: Attack, odds: FloatArray): Boolean {
        if (alarmFrom == null) return known.labels[odds.indices.maxBy { odds[it] }] == row.label
        val threat = odds.indices.filter { known.labels[it] in known.positive }.sumOf { odds[it].toDouble() }
        return (threat >= alarmFrom) == (row.label in known.positive)
    }

    private companion object {
        const val TOGETHER = 128

        /** Of one request; far beyond what it takes, since nothing is measured here. */
        val TIMEOUT: Duration = Duration.ofMinutes(5)
    }
}

/** By disguise, in the order of their names. */
fun turned(rows: List<Attack>, right: List<Boolean>): Map<String, Turned> {
    val answers = rows.zip(right)
    val plain = answers.filter { (row, _) -> row.disguise == PLAIN }.associate { (row, isRight) -> row.number to isRight }
    return answers
        .filter { (row, _) -> row.disguise == PLAIN || plain[row.number] ?: true }
        .groupBy { (row, _) -> row.disguise }
        .mapValues { (_, rows) -> Turned(rows.size, rows.count { (_, isRight) -> !isRight }) }
        .toSortedMap()
}
