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
import com.github.ajalt.clikt.parameters.types.restrictTo
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
    private val seeds by option("--seeds", help = "from --seed on, whose means are told").int().restrictTo(1..SEEDS_MAX).default(1)
    private val maxRisk by option("--max-risk", help = "the highest risk of a single hit, with max_error").double().default(1.0)
    private val write by option("--write").flag().help("put the tables into docs/benchmarks.md")

    private val orders get() = seed until seed + seeds

    override fun run() {
        val policy = loadWithFiles(ENCODER_POLICY, "bench.yaml") { null }
        val tables = TextReading.open(policy.catalog).use { reading ->
            val texts = ReadCache(cache, reading, ::progress)
            listOf(
                quality("Questions in labelled pairs", PAIRS, texts),
                quality("Utterances with an intent, each beside all before it", INTENTS, texts),
                shift(texts),
            ).joinToString("\n")
        }
        echo(tables)
        if (write) keepTables("cache", tables)
    }

    private fun read(set: TextSet, part: String, texts: ReadCache, order: Int): List<Request> =
        set.read(data, part, texts).shuffled(Random(order))

    /** Everything but what hindsight tells is chosen and learnt on the train part; what is measured comes after it, and the learner goes on learning. */
    private fun quality(title: String, set: TextSet, texts: ReadCache): String {
        val figures = LinkedHashMap<String, MutableList<Figures>>()
        val kept = LinkedHashMap<String, Kept>()
        var sizes = ""
        for (order in orders) {
            val train = read(set, "train", texts, order)
            val test = read(set, split, texts, order)
            for (contender in contenders(train, test, order)) {
                progress("  ${contender.name}")
                val entries = Entries()
                val before = run(train, contender, entries)
                val measured = run(test, contender, entries)
                figures.getOrPut(contender.name, ::mutableListOf) += Figures(measured)
                if (contender is Bounded) {
                    kept.getOrPut(contender.name) { Kept(contender.maxError) }.shares +=
                        wrongShares(before + measured)
                }
            }
            sizes = "${train.size} requests before, ${test.size} measured"
        }
        val rows =
            figures.map { (name, all) -> row(name, all) } + "" + kept.map { (name, of) -> "- $name, both parts in a row: ${told(of)}" }
        return "$title: $sizes.\n\n$HEAD\n${rows.joinToString("\n")}\n"
    }

    /** The shares of requests that got a wrong hit, by category and order, under a [bound]. */
    private class Kept(val bound: Double) {
        val shares = mutableListOf<Double>()
    }

    private fun told(kept: Kept): String {
        val over = kept.shares.count { it > kept.bound }
        return "the bound is passed in $over of ${kept.shares.size} categories and orders; ${percent(kept.shares.max())} in the worst"
    }

    private fun contenders(train: List<Request>, test: List<Request>, order: Int): List<Contender> =
        listOf(SEED_RULE, 0.7, 0.9).map { Static("static $it", it) } +
            ERRORS.flatMap { error ->
                listOf(
                    Static("static, best for ${percent(error)} in every category of train", bestStatic(train, error)),
                    Static("static, best for ${percent(error)} in every category in hindsight", bestStatic(test, error)),
                    Bounded("max_error ${percent(error)}", error, order, maxRisk),
                )
            }

    /** What came of requests: shares of all, and of hits. */
    private class Figures(outcomes: List<Outcome>) {
        val hits = share(outcomes) { it.isHit }
        val wrong = share(outcomes) { it.isWrong }
        val worst = worst(outcomes)
        val right = outcomes.filter { it.isHit }.let { hits -> if (hits.isEmpty()) null else share(hits) { !it.isWrong } }
    }

    /** The mean of [all], and from where to where they go. */
    private fun row(name: String, all: List<Figures>): String {
        fun cell(of: (Figures) -> Double?): String {
            val values = all.mapNotNull(of)
            if (values.isEmpty()) return "-"
            val range = if (values.size > 1 && values.min() < values.max()) " (${number(values.min())} to ${number(values.max())})" else ""
            return percent(values.average()) + range
        }
        return "| $name | ${cell { it.hits }} | ${cell { it.wrong }} | ${cell { it.worst }} | ${cell { it.right }} |"
    }

    private fun shift(texts: ReadCache): String {
        val runs = orders.map { order ->
            run(read(PAIRS, "train", texts, order).shifted(Random(order)), Bounded("", SHIFT_ERROR, order, maxRisk))
        }
        val parts = runs.map { it.chunked((it.size + SHIFT_PARTS - 1) / SHIFT_PARTS) }
        val rows = List(SHIFT_PARTS) { part -> row("part ${part + 1} of $SHIFT_PARTS", parts.map { Figures(it[part]) }) } +
            row("all", runs.map(::Figures))
        val said = "${runs.last().size} requests in a row with max_error ${percent(SHIFT_ERROR)}, nothing learnt before; " +
            "from half-way on two thirds of those whose entry is right stay away."
        return "$said\n\n$HEAD\n${rows.joinToString("\n")}\n"
    }

    private fun percent(share: Double): String = "${number(share)} %"

    private fun number(share: Double): String = String.format(Locale.ROOT, "%.2f", 100 * share)

    /** Clikt's core puts what is echoed as an error on standard output. */
    private fun progress(what: String) {
        System.err.append(what).append('\n')
    }

    private companion object {
        val ERRORS = listOf(0.005, 0.01, 0.02)
        const val SEED_RULE = 0.8
        const val SEEDS_MAX = 100
        const val SHIFT_ERROR = 0.01
        const val SHIFT_PARTS = 8
        const val HEAD = "| | hits | wrong, of all requests | wrong, in the worst category | right, of hits |\n|---|---:|---:|---:|---:|"
    }
}
