package routercluster.bench.encoder

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import routercluster.inference.BatchBounds
import routercluster.inference.EncoderConfig
import routercluster.inference.EncoderSource
import routercluster.inference.OnnxEncoder
import routercluster.inference.Provider
import routercluster.inference.openEncoder
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.Locale
import java.util.Random

fun main(arguments: Array<String>) = EncoderBench().main(arguments)

private const val SEED = 1L
private const val NAME = "bench"

/** See `bench/encoder`. */
private class EncoderBench : CoreCliktCommand("bench/encoder") {
    private val folder by option("--folder").path().help("one of our bundles").default(Path.of("models/default"))
    private val seconds by option("--seconds").double().help("of each measurement").default(2.0)
    private val threads by option("--threads").int().help("of the network on CPUs; 0 is one per core").default(0)
    private val providers by option("--providers").help("tried in this order").default("cpu")
    private val batchTokens by option("--batch-tokens").int().help("most tokens of a pass").default(BatchBounds().tokens)
    private val lengths by option("--lengths").help("tokens of the texts").default("16,128,510,4000")
    private val write by option("--write").flag().help("put the table into docs/benchmarks.md")

    override fun run() {
        val asked = providers.split(',')
        val config =
            EncoderConfig(
                NAME,
                EncoderSource.Folder(folder),
                asked.map { Provider.valueOf(it.uppercase()) },
                threads = threads,
                batch = BatchBounds(tokens = batchTokens, queueTokens = 4_000_000, wait = Duration.ofMinutes(2)),
            )
        openEncoder(config).use { encoder ->
            val tokenizer = BareTokenizer(Files.readString(folder.resolve("tokenizer.json")))
            val bare = { spinning: Boolean -> BareNetwork(folder.resolve("model.onnx"), threads, asked, spinning) }
            val tables = Bench(encoder, bare, tokenizer, seconds).tables(lengths.split(',').map(String::toInt))
            echo(tables)
            if (write) keep(tables)
        }
    }

    private fun keep(tables: String) {
        val page = Path.of("docs/benchmarks.md")
        val text = Files.readString(page)
        val (begin, end) = "<!-- encoder: begin -->" to "<!-- encoder: end -->"
        Files.writeString(page, text.substringBefore(begin) + begin + "\n" + tables + end + text.substringAfter(end))
    }
}

/**
 * Runs all measurements with one encoder.
 *
 * @param openBare with spinning threads or without; open only while it is measured, since threads that spin on take the engine's cores
 */
private class Bench(
    private val encoder: OnnxEncoder,
    private val openBare: (spinning: Boolean) -> BareNetwork,
    private val tokenizer: BareTokenizer,
    private val seconds: Double,
) {
    private val random = Random(SEED)
    private val singles = encoder.heads.filter { (_, head) -> !head.task.takesPair && head.task != Task.TOKEN }.keys
    private val embedding = encoder.heads.keys.first { encoder.heads.getValue(it).task == Task.EMBED }

    fun tables(lengths: List<Int>): String {
        warmUp()
        return buildString {
            append("| text | contender | callers | requests/s | p50 ms | p95 ms | rows a pass | of bare | KB allocated |\n")
            append("|---|---|---:|---:|---:|---:|---:|---:|---:|\n")
            lengths.forEach { append(throughput(it)) }
            append("\n| measurement | figure |\n|---|---:|\n")
            append(headsTogether())
            append(overhead(16))
            append(overhead(128))
            append(halfLoad(16))
            append(halfLoad(128))
        }
    }

    private fun warmUp() {
        closedLoop(encoder, passages(128, singles), callers = 8, seconds)
    }

    /** Texts of [tokens] tokens: bare, in the batch that suits it best; then the engine. */
    private fun throughput(tokens: Int): String {
        val one = encode(passages(tokens, singles).first())
        val windows = one.results
            .single()
            .coverage.windows
        val row = minOf(tokens + SPECIALS, WINDOW)
        val bare = openBare(true).use { network -> listOf(1, 2, 4, 8, 16, 32).map { it to texts(network, it, row) / windows } }
        val (rows, best) = bare.maxBy { it.second }
        val lines = StringBuilder("| $tokens tokens | bare ONNX Runtime | | ${round(best)} | | | $rows | | |\n")
        for (callers in listOf(1, 8, 64)) {
            val found = closedLoop(encoder, passages(tokens, singles), callers, seconds)
            lines.append("| $tokens tokens | engine | $callers | ${round(found.perSecond)} ")
            lines.append("| ${ms(found.quantile(0.5))} | ${ms(found.quantile(0.95))} ")
            lines.append("| ${ms(found.batch)} | ${(100 * found.perSecond / best).toInt()} % | ${found.allocated / 1024} |\n")
        }
        return lines.toString()
    }

    /** Texts a second that passes of [rows] rows read. */
    private fun texts(bare: BareNetwork, rows: Int, length: Int): Double {
        bare.pass(rows, length, names(singles))
        val end = System.nanoTime() + (seconds * 1e9 / 6).toLong()
        var nanos = 0L
        var passes = 0
        while (System.nanoTime() < end || passes < 2) {
            nanos += bare.pass(rows, length, names(singles))
            passes++
        }
        return rows * passes * 1e9 / nanos
    }

    /** The trunk alone, all text heads in one request, and as many requests as heads: in turn, so that a busy machine meets all three. */
    private fun headsTogether(): String {
        val text = texts(1, 128, random).single()
        val medians =
            medians(
                { encode(Passage(text, setOf(embedding))) },
                { encode(Passage(text, singles)) },
                { singles.forEach { encode(Passage(text, setOf(it))) } },
            )
        val share = String.format(Locale.ROOT, "%.2f", medians[1] / medians[0])
        return "| 128 tokens, embedding alone | ${ms(medians[0] / 1e6)} ms |\n" +
            "| 128 tokens, all ${singles.size} text heads from one pass | ${ms(medians[1] / 1e6)} ms, ${share}x |\n" +
            "| 128 tokens, ${singles.size} passes with one head each | ${ms(medians[2] / 1e6)} ms |\n"
    }

    /** A request alone, against the network, set as the engine sets it, and the tokenizer alone, in turn. */
    private fun overhead(tokens: Int): String {
        val text = texts(1, tokens, random).single()
        val medians =
            openBare(false).use { bare ->
                medians(
                    { encode(Passage(text, singles)) },
                    { bare.pass(1, tokens + SPECIALS, names(singles)) },
                    { tokenizer.read(text) },
                )
            }
        val rest = (medians[0] - medians[1] - medians[2]) / 1e3
        val parts = medians.joinToString { "${(it / 1e3).toInt()}" }
        return "| $tokens tokens, one caller: request, network, tokenizer, rest | $parts, ${rest.toInt()} µs |\n"
    }

    private fun halfLoad(tokens: Int): String {
        val passages = passages(tokens, singles)
        val alone = closedLoop(encoder, passages, 1, seconds)
        val most = closedLoop(encoder, passages, 64, seconds)
        val rate = most.perSecond / 2
        val half = openLoop(encoder, passages, rate, maxOf(2 * seconds, ARRIVALS_MIN / rate), random)
        val share = half.quantile(0.95) / alone.quantile(0.5)
        val found = "${ms(half.quantile(0.5))}, ${ms(half.quantile(0.95))} ms"
        return "| $tokens tokens at half of the most requests/s, arriving by chance: p50, p95 | $found |\n" +
            "| that p95 against one request alone | ${String.format(Locale.ROOT, "%.1f", share)}x |\n"
    }

    private fun medians(vararg works: () -> Any): List<Double> {
        val times = works.map { ArrayList<Long>() }
        val end = System.nanoTime() + (2 * seconds * 1e9).toLong()
        while (System.nanoTime() < end) {
            works.forEachIndexed { i, work ->
                val started = System.nanoTime()
                work()
                times[i] += System.nanoTime() - started
            }
        }
        return times.map { it.sorted()[it.size / 2].toDouble() }
    }

    private fun encode(passage: Passage) = encoder.encode(EncodeRequest(listOf(passage), Duration.ofMinutes(1))).toCompletableFuture().get()

    private fun passages(tokens: Int, heads: Set<HeadRef>) = texts(TEXTS, tokens, random).map { Passage(it, heads) }

    /** In our bundles an output is named like its head. */
    private fun names(heads: Set<HeadRef>) = heads.mapTo(LinkedHashSet(), HeadRef::head)

    private fun ms(value: Double) = String.format(Locale.ROOT, if (value < 10) "%.2f" else "%.1f", value)

    private fun round(value: Double) = String.format(Locale.ROOT, if (value < 100) "%.1f" else "%.0f", value)

    private companion object {
        const val SPECIALS = 2
        const val WINDOW = 256
        const val TEXTS = 256

        /** A twentieth of fewer is no percentile. */
        const val ARRIVALS_MIN = 400.0
    }
}
