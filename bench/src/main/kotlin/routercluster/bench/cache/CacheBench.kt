package routercluster.bench.cache

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import routercluster.bench.ENCODER_POLICY
import routercluster.bench.keepTables
import routercluster.bench.routing.ReadCache
import routercluster.cli.loadWithFiles
import routercluster.cli.train.TextReading
import java.nio.file.Path
import java.util.Locale
import kotlin.random.Random

fun main(arguments: Array<String>) = CacheBench().main(arguments)

/** See `bench/cache`. */
private class CacheBench : CoreCliktCommand("bench/cache") {
    private val data by option("--data").path().help("folder of the shared sets").default(Path.of("../shared/data"))
    private val split by option("--split").help("part of the sets that is measured on").default("dev")
    private val cache by option("--cache").path().help("folder in which embeddings are kept").default(Path.of("bench/target/routing"))
    private val seed by option("--seed", help = "of the order of requests and of looks").int().default(1)
    private val maxRisk by option("--max-risk", help = "the highest risk of a single hit, with max_error").double().default(1.0)
    private val write by option("--write").flag().help("put the tables into docs/benchmarks.md")

    override fun run() {
        val policy = loadWithFiles(ENCODER_POLICY, "bench.yaml") { null }
        val tables = TextReading.open(policy.catalog).use { reading ->
            val texts = ReadCache(cache, reading, ::progress)
            listOf(
                quality("Questions in labelled pairs", PAIRS, texts, ::pairs),
                quality("Utterances with an intent, each beside all before it", INTENTS, texts, ::intents),
                shift(texts),
            ).joinToString("\n")
        }
        echo(tables)
        if (write) keepTables("cache", tables)
    }

    private fun read(set: String, part: String, texts: ReadCache, reader: (Path, ReadCache) -> List<Request>): List<Request> =
        reader(data.resolve(set).resolve("$part.jsonl.gz"), texts).shuffled(Random(seed))

    /** Everything is chosen and learnt on the train part; what is measured comes after it, and the learner goes on learning. */
    private fun quality(title: String, set: String, texts: ReadCache, reader: (Path, ReadCache) -> List<Request>): String {
        val train = read(set, "train", texts, reader)
        val test = read(set, split, texts, reader)
        val rows = ArrayList<String>()
        for (threshold in listOf(SEED_RULE, 0.7, 0.9)) rows += row(Static("static $threshold", threshold), train, test)
        for (error in ERRORS) {
            rows += row(Static("static, best for ${percent(error)} in every category of train", bestStatic(train, error)), train, test)
            rows += row(Bounded("max_error ${percent(error)}", error, seed, maxRisk), train, test)
        }
        return "$title: ${train.size} requests before, ${test.size} measured.\n\n$HEAD\n${rows.joinToString("\n")}\n"
    }

    private fun row(contender: Contender, train: List<Request>, test: List<Request>): String {
        progress("  ${contender.name}")
        val entries = Entries()
        run(train, contender, entries)
        val outcomes = run(test, contender, entries)
        return row(contender.name, outcomes)
    }

    private fun row(name: String, outcomes: List<Outcome>): String {
        val hits = outcomes.filter { it.isHit }
        val right = if (hits.isEmpty()) "-" else percent(share(hits) { !it.isWrong })
        return "| $name | ${percent(
            share(outcomes) { it.isHit },
        )} | ${percent(share(outcomes) { it.isWrong })} | ${percent(worst(outcomes))} | $right |"
    }

    private fun shift(texts: ReadCache): String {
        val requests = read(PAIRS, "train", texts, ::pairs).shifted(Random(seed))
        val outcomes = run(requests, Bounded("", SHIFT_ERROR, seed, maxRisk))
        val parts = outcomes.chunked((outcomes.size + SHIFT_PARTS - 1) / SHIFT_PARTS)
        val rows = parts.mapIndexed { index, part -> row("part ${index + 1} of $SHIFT_PARTS", part) } + row("all", outcomes)
        val said =
            "${requests.size} requests in a row with max_error ${percent(
                SHIFT_ERROR,
            )}, nothing learnt before; from half-way on two thirds of those " +
                "whose entry is right stay away."
        return "$said\n\n$HEAD\n${rows.joinToString("\n")}\n"
    }

    private fun percent(share: Double): String = String.format(Locale.ROOT, "%.2f %%", 100 * share)

    /** Clikt's core puts what is echoed as an error on standard output. */
    private fun progress(what: String) {
        System.err.append(what).append('\n')
    }

    private companion object {
        val ERRORS = listOf(0.005, 0.01, 0.02)
        const val SEED_RULE = 0.8
        const val SHIFT_ERROR = 0.01
        const val SHIFT_PARTS = 8
        const val PAIRS = "cache/qqp"
        const val INTENTS = "intent/clinc150"
        const val HEAD = "| | hits | wrong, of all requests | wrong, in the worst category | right, of hits |\n|---|---:|---:|---:|---:|"
    }
}
