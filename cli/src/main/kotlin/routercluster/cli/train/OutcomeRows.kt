package routercluster.cli.train

import com.fasterxml.jackson.databind.JsonNode
import routercluster.cli.Failure
import routercluster.cli.isParquet
import routercluster.cli.parseJson
import routercluster.cli.readText
import routercluster.policy.learnt.fit.Worth
import java.io.BufferedReader
import java.io.IOException
import java.io.InputStream
import java.nio.file.Files
import java.nio.file.Path
import java.util.zip.GZIPInputStream

/**
 * A request and what models' answers to it were worth.
 *
 * @property category as the data names it; null where it does not
 */
class OutcomeRow(val text: String, val category: String?, val outcomes: Map<String, Worth>)

/** Most rows that are read of one file. */
const val ROWS_MAX = 200_000

/**
 * Reads JSON lines, gzipped where the name ends so: one object a request, `{"text": "…", "outcomes": {"model": {"quality": 0..1, "cost": …}}}`,
 * cost being optional, or in the form of one of the shared routing sets (docs/operating.md).
 *
 * @throws Failure that names the file and the line
 */
fun readOutcomes(file: Path): List<OutcomeRow> {
    if (isParquet(file)) throw Failure("$file: is Parquet; give JSON lines of texts and outcomes (records of requests hold no text)")
    val models = modelsBeside(file)
    val rows = mutableListOf<OutcomeRow>()
    try {
        opened(file).bufferedReader().use { reader ->
            forEachLine(reader) { number, line ->
                if (rows.size == ROWS_MAX) throw Failure("$file: has more than $ROWS_MAX rows")
                rows += rowIn(line, models) { throw Failure("$file:$number: $it") }
            }
        }
    } catch (e: IOException) {
        throw Failure("$file: cannot be read: ${e.message}")
    }
    return rows
}

private fun opened(file: Path): InputStream {
    val stream = Files.newInputStream(file)
    return if (file.toString().endsWith(".gz")) GZIPInputStream(stream) else stream
}

private fun forEachLine(reader: BufferedReader, read: (Int, String) -> Unit) =
    reader.lineSequence().forEachIndexed { index, line -> if (line.isNotBlank()) read(index + 1, line) }

/** Names of the models in the order of MMLU-Pro's outcomes, from `models.json` beside [file]; none where there is no such file. */
private fun modelsBeside(file: Path): List<String> {
    val list = file.resolveSibling("models.json")
    return if (Files.isRegularFile(list)) parseJson(readText(list))?.map { it.path("name").asText() }.orEmpty() else emptyList()
}

private fun rowIn(line: String, models: List<String>, refuse: (String) -> Nothing): OutcomeRow {
    val json = parseJson(line)?.takeIf { it.isObject } ?: refuse("is not a JSON object")
    val row =
        when {
            json.has("outcomes") -> ours(json, refuse)
            json.has("correct") -> mmluPro(json, models, refuse)
            json.has("strong") && json.has("weak") -> routeLlm(json)
            json.has("scores") -> mtBench(json)
            json.has("models") -> routerArena(json)
            else -> refuse("has no outcomes")
        }
    if (row.text.isBlank()) refuse("has no text")
    if (row.outcomes.isEmpty()) refuse("has no outcomes")
    row.outcomes.forEach { (model, worth) ->
        if (worth.quality !in 0.0..1.0) refuse("quality of $model is ${worth.quality}, not 0 to 1")
        if ((worth.cost ?: 0.0) < 0.0) refuse("cost of $model is ${worth.cost}, below 0")
    }
    return row
}

private fun ours(json: JsonNode, refuse: (String) -> Nothing): OutcomeRow {
    val outcomes = json.path("outcomes").properties().associate { (model, worth) ->
        val quality = worth.get("quality")?.takeIf { it.isNumber } ?: refuse("$model has no quality")
        model to Worth(quality.doubleValue(), worth.get("cost")?.takeIf { it.isNumber }?.doubleValue())
    }
    return OutcomeRow(json.path("text").asText(), json.get("category")?.asText(), outcomes)
}

/** `routing/mmlu-pro`: the question as it was put, with its options; a model without an answer was not asked. */
private fun mmluPro(json: JsonNode, models: List<String>, refuse: (String) -> Nothing): OutcomeRow {
    val correct = json.path("correct")
    if (correct.size() != models.size) refuse("has ${correct.size()} outcomes, and models.json beside it names ${models.size} models")
    val options = json.path("options").mapIndexed { index, option -> "\n${'A' + index}. ${option.asText()}" }
    val outcomes = models.withIndex().filterNot { correct.get(it.index).isNull }.associate {
        it.value to
            Worth(correct.get(it.index).doubleValue())
    }
    return OutcomeRow(json.path("question").asText() + options.joinToString(""), json.path("category").asText(), outcomes)
}

/** `routing/routellm-mmlu` and `routing/routellm-gsm8k`. */
private fun routeLlm(json: JsonNode) =
    OutcomeRow(
        json.path("question").asText(),
        json.get("subject")?.asText(),
        mapOf(
            "gpt-4-1106-preview" to Worth(json.path("strong").asDouble()),
            "mixtral-8x7b-instruct" to Worth(json.path("weak").asDouble()),
        ),
    )

/** `routing/mt-bench`: the first turn, with the mean of the judge's scores of both, 1 to 10. */
private fun mtBench(json: JsonNode): OutcomeRow {
    val outcomes = json.path("scores").properties().associate { (model, turns) ->
        model to Worth(turns.map { it.asDouble() }.average() / 10)
    }
    return OutcomeRow(json.path("turns").path(0).asText(), json.path("category").asText(), outcomes)
}

/** `routing/routerarena`, whose costs are US dollars a call, and a few of whose scores lie a little below 0. */
private fun routerArena(json: JsonNode): OutcomeRow {
    val outcomes = json.path("models").properties().associate { (model, answer) ->
        model to Worth(maxOf(0.0, answer.path("score").asDouble()), answer.get("cost_usd")?.takeIf { it.isNumber }?.doubleValue())
    }
    return OutcomeRow(json.path("question").asText(), json.path("dataset").asText(), outcomes)
}
