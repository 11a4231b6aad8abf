package routercluster.bench.cache

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.bench.routing.ReadCache
import routercluster.policy.cache.Wording
import java.nio.file.Files
import java.nio.file.Path
import java.util.zip.GZIPInputStream
import kotlin.random.Random

/** A text as the cache sees it. */
internal class Asked(val text: String, val vector: FloatArray, val category: String) {
    val wording: Wording by lazy { Wording.of(text) }

    infix fun like(other: Asked): Double {
        var sum = 0.0
        for (i in vector.indices) sum += vector[i] * other.vector[i]
        return sum
    }
}

/**
 * A request on its way past a cache.
 *
 * @property answer requests with the same have the same answer
 * @property kept the entry that it meets; null where it meets whatever of the requests before it is nearest
 */
internal class Request(val asked: Asked, val answer: String, val kept: Request? = null)

/** A folder of the shared sets, and how its lines become requests. */
internal class TextSet(private val folder: String, private val requests: (Path, ReadCache) -> List<Request>) {
    fun read(data: Path, part: String, texts: ReadCache): List<Request> =
        requests(data.resolve(folder).resolve("$part.jsonl.gz"), texts)
}

internal val PAIRS = TextSet("cache/qqp", ::pairs)
internal val INTENTS = TextSet("intent/clinc150", ::intents)

/** Labelled questions: each request meets the one that it was labelled with. Of pairs that nobody labelled nothing is known. */
private fun pairs(file: Path, texts: ReadCache): List<Request> {
    val rows = lines(file)
    val read = asked(rows.flatMap { listOf(it.path("a").textValue(), it.path("b").textValue()) }, texts)
    return rows.mapIndexed { index, row ->
        val kept = Request(read[2 * index], "$index")
        Request(read[2 * index + 1], if (row.path("same").intValue() == 1) kept.answer else "not $index", kept)
    }
}

/** Utterances with an intent: two of one intent have the same answer. Those out of scope have each its own. */
private fun intents(file: Path, texts: ReadCache): List<Request> {
    val rows = lines(file)
    val read = texts.read(rows.map { it.path("text").textValue() })
    return rows.mapIndexed { index, row ->
        val intent = row.path("intent").textValue()
        val asked = Asked(row.path("text").textValue(), checkNotNull(read[index].embedding), row.path("domain").textValue() ?: OUTSIDE)
        Request(asked, if (intent == OUTSIDE) "$index" else intent)
    }
}

/** Half-way the requests become others: of those whose entry is right two of three stay away. */
internal fun List<Request>.shifted(random: Random): List<Request> =
    filterIndexed { index, request -> index < size / 2 || request.answer != request.kept?.answer || random.nextInt(THIRD) == 0 }

private fun asked(all: List<String>, texts: ReadCache): List<Asked> =
    all.zip(texts.read(all)) { text, read ->
        val domain = read.traits.domains
            .orEmpty()
            .maxByOrNull { it.value }
            ?.key
        Asked(text, checkNotNull(read.embedding), domain ?: "other")
    }

private fun lines(file: Path): List<JsonNode> =
    GZIPInputStream(Files.newInputStream(file)).bufferedReader().useLines { lines -> lines.map(mapper::readTree).toList() }

private val mapper = ObjectMapper()
private const val THIRD = 3
private const val OUTSIDE = "oos"
