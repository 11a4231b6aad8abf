package routercluster.bench.routing

import routercluster.cli.train.OutcomeRow
import routercluster.cli.train.readOutcomes
import routercluster.policy.learnt.fit.Worth
import java.nio.file.Path

/**
 * A set of requests and the models that may answer them.
 *
 * @property models in the order of all tables; of a pair the strong one first
 * @property train rows that contenders may learn from
 * @property test rows that they are measured on
 */
internal class Pool(val name: String, val models: List<String>, val train: List<OutcomeRow>, val test: List<OutcomeRow>) {
    val isPair: Boolean get() = models.size == 2
}

/** Of [rows], those that every one of [models] was asked, with what these answered. */
private fun answeredBy(rows: List<OutcomeRow>, models: List<String>): List<OutcomeRow> =
    rows
        .filter { row -> models.all { it in row.outcomes } }
        .map { row -> OutcomeRow(row.text, row.category, models.associateWith { row.outcomes.getValue(it) }) }

/** The sets in [data], which have a part `train` and the part [split]. */
internal class RoutingSets(private val data: Path, private val split: String) {
    private val prices = Prices.read()

    fun pools(): List<Pool> =
        listOf(
            pool("RouteLLM MMLU pair", "routellm-mmlu"),
            pool("RouteLLM GSM8K pair", "routellm-gsm8k"),
            pool("MMLU-Pro, 28 models", "mmlu-pro") { it - PARTLY_ASKED },
            pool("MMLU-Pro, 7 mid models", "mmlu-pro") { MID },
            pool("RouterArena, 2 models", "routerarena"),
        )

    /** Of the set in [folder], the models that [choose] takes of all. */
    fun pool(name: String, folder: String, choose: (List<String>) -> List<String> = { it }): Pool {
        val train = rows(folder, "train")
        val models = choose(train.flatMapTo(LinkedHashSet()) { it.outcomes.keys }.toList())
        return Pool(name, models, answeredBy(train, models), answeredBy(rows(folder, split), models))
    }

    private fun rows(folder: String, part: String): List<OutcomeRow> =
        readOutcomes(data.resolve(folder).resolve("$part.jsonl.gz")).map(prices::perAnswer)
}

/** It has answers to 10,351 questions only. */
private const val PARTLY_ASKED = "DeepSeek-Coder-V2"

private val MID =
    listOf(
        "mathstral-7B",
        "Phi-3-mini-4k-instruct",
        "Meta-Llama-3_1-8B-Instruct",
        "c4ai-command-r-v01",
        "Yi-34B",
        "Qwen1.5-72B-Chat",
        "Mixtral-8x7B-Instruct-v0.1",
    )

/**
 * What an answer costs where the set does not say: the price of its model for the tokens of the question, four characters each, and of a short answer.
 * All answers count as equally long, since what the sets have of lengths is that of raw outputs, of which base models write whatever they
 * like; the cost of a model is then in proportion to its price.
 */
internal class Prices(private val perMillion: Map<String, Price>) {
    class Price(val prompt: Double, val completion: Double)

    /** Null where none is known of [model]. */
    fun of(model: String): Price? = perMillion[model]

    fun perAnswer(row: OutcomeRow): OutcomeRow =
        OutcomeRow(
            row.text,
            row.category,
            row.outcomes.mapValues { (model, worth) ->
                Worth(worth.quality, worth.cost ?: of(model)?.let { cost(it, row) })
            },
        )

    private fun cost(price: Price, row: OutcomeRow) =
        (price.prompt * row.text.length / CHARACTERS_A_TOKEN + price.completion * COMPLETION_TOKENS) / TOKENS_OF_A_PRICE

    companion object {
        private const val CHARACTERS_A_TOKEN = 4.0
        private const val COMPLETION_TOKENS = 100.0
        private const val TOKENS_OF_A_PRICE = 1e6

        /** `prices.tsv` among the bench's resources, which says where each comes from. */
        fun read(): Prices {
            val table = checkNotNull(
                Prices::class.java.getResource("/routing/prices.tsv"),
            ) { "prices.tsv is not among the resources" }.readText()
            val rows = table.lines().filter { it.isNotBlank() && !it.startsWith('#') }.map { it.split('\t') }
            return Prices(rows.associate { it[0] to Price(it[1].toDouble(), it[2].toDouble()) })
        }
    }
}
