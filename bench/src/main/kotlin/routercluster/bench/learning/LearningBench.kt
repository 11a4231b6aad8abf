package routercluster.bench.learning

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.long
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.bench.ENCODER_POLICY
import routercluster.bench.routing.Pool
import routercluster.bench.routing.Prices
import routercluster.bench.routing.ReadCache
import routercluster.bench.routing.RoutingSets
import routercluster.cli.loadWithFiles
import routercluster.cli.train.TextReading
import routercluster.policy.models.Pricing
import java.nio.file.Path
import kotlin.random.Random

fun main(arguments: Array<String>) = LearningBench().main(arguments)

/** See `bench/learning`. */
private class LearningBench : CoreCliktCommand("bench/learning") {
    private val data by option("--data").path().help("folder of the routing sets").default(Path.of("../shared/data/routing"))
    private val split by option("--split").help("part of the set that requests are drawn from").default("dev")
    private val cache by option("--cache").path().help("folder in which embeddings are kept").default(Path.of("bench/target/routing"))
    private val seed by option("--seed", help = "of the first stream").long().default(1)
    private val seeds by option("--seeds", help = "streams, each with its own seed").int().restrictTo(2..SEEDS_MAX).default(5)
    private val requests by option("--requests", help = "of each stream").int().restrictTo(4_000..1_000_000).default(50_000)
    private val only by option("--only").help("contenders whose name holds this, and routing_sampling").default("")
    private val json by option("--json").flag().help("print JSON, not a table")

    override fun run() {
        val pool = RoutingSets(data, split).pool("MMLU-Pro", "mmlu-pro") { TOKEN_MILLIS.keys.toList() }
        val arms = pool.models.map(::arm)
        val change = Change(requests, arms.place(LEAVING), arms.place(DEGRADING), arms.place(COMING))
        val policy = loadWithFiles(ENCODER_POLICY, "bench.yaml") { null }
        val outcomes = TextReading.open(policy.catalog).use { reading ->
            val questions = questions(pool, ReadCache(cache, reading, ::progress))
            outcomes(questions, arms, reading.domains, change)
        }
        echo(if (json) outcomes.asJson().toPrettyString() else outcomes.asTable())
    }

    private fun arm(name: String): Arm {
        val price = checkNotNull(Prices.read().of(name)) { "no price of $name" }
        return Arm(name, Pricing("USD", price.prompt, price.completion), TOKEN_MILLIS.getValue(name))
    }

    private fun List<Arm>.place(name: String) = indexOfFirst { it.name == name }

    private fun questions(pool: Pool, texts: ReadCache): List<Question> {
        val unit = pool.models.maxOf { model -> pool.test.map { it.outcomes.getValue(model).cost ?: 0.0 }.average() }
        return pool.test.zip(texts.read(pool.test.map { it.text })) { row, read ->
            val worths = pool.models.map { row.outcomes.getValue(it) }
            val costs = worths.map { (it.cost ?: 0.0) / unit }
            Question(read, row.text.length / CHARACTERS_A_TOKEN, worths.map { it.quality }.toDoubleArray(), costs.toDoubleArray())
        }
    }

    private fun outcomes(questions: List<Question>, arms: List<Arm>, domains: List<String>, change: Change): List<Outcome> {
        val streams = (0 until seeds).associate { (seed + it) to stream(questions, requests, seed + it) }
        val first = streams.getValue(seed)
        val stays = arms.indices - setOf(change.leaving, change.coming)
        val fixed = stays.maxBy { model -> first.sumOf { reward(it, model, change) } }
        return contenders(arms, domains, fixed).filter { only in it.name || it.name == SAMPLING }.map { contender ->
            val trials = streams.entries.toList().parallelStream().map { (seed, requests) ->
                trial(contender.learner(Random(seed)), requests, arms.size, change)
            }
            Outcome(contender.name, trials.toList()).also { progress(it.contender) }
        }
    }

    /** Clikt's core puts what is echoed as an error on standard output. */
    private fun progress(what: String) {
        System.err.append(what).append('\n')
    }

    private companion object {
        const val CHARACTERS_A_TOKEN = 4L
        const val LEAVING = "Meta-Llama-3-70B"
        const val DEGRADING = "gemini-1.5-flash-002"
        const val COMING = "gemini-1.5-pro-002"

        /** The pool, with mean times per token that are made up: some 5 ms and a quarter for each billion of active parameters. */
        val TOKEN_MILLIS = linkedMapOf(
            "Phi-3-mini-4k-instruct" to 6.0,
            "mathstral-7B" to 7.0,
            "Meta-Llama-3_1-8B-Instruct" to 7.0,
            "Mixtral-8x7B-Instruct-v0.1" to 8.0,
            "Qwen1.5-72B-Chat" to 23.0,
            LEAVING to 22.5,
            "Meta-Llama-3_1-70B-Instruct" to 22.5,
            DEGRADING to 8.0,
            COMING to 20.0,
        )
    }
}
