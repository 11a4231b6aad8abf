package routercluster.bench.vectors

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import org.apache.lucene.index.DirectoryReader
import org.apache.lucene.store.FSDirectory
import routercluster.bench.cluster.Answers
import routercluster.bench.cluster.closedLoop
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorLimits
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import java.lang.management.ManagementFactory
import java.nio.file.Files
import java.nio.file.Path
import java.time.Clock
import java.time.Duration
import java.util.Locale
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

fun main(arguments: Array<String>) = VectorBench().main(arguments)

/** See `bench/vectors`. */
private class VectorBench : CoreCliktCommand("bench/vectors") {
    private val sizes by option("--entries", help = "in the store, one size after the other").default("100000")
    private val dimension by option("--dimension").int().default(384)
    private val seconds by option("--seconds", help = "of each load").double().default(10.0)
    private val inserts by option("--inserts", help = "a second, beside lookups").int().default(2_000)
    private val questions by option("--questions", help = "that recall is measured with").int().default(200)
    private val texts by option("--texts").flag().help("entries are embeddings of the shared sets' questions, not made-up ones")
    private val data by option("--data").path().help("folder of the shared sets").default(Path.of("../shared/data"))
    private val cache by option("--cache").path().help("folder in which embeddings are kept").default(Path.of("bench/target/routing"))
    private val folder by option("--folder", help = "for the stores; an empty one for the time is made by default").path()

    override fun run() {
        val root = folder ?: Files.createTempDirectory("vectors")
        try {
            val vectors = if (texts) TextVectors.of(data, cache) { System.err.append(it).append('\n') } else MadeVectors(dimension)
            for (size in sizes.split(',').map { it.trim().toInt() }) measure(root.resolve("$size"), size, vectors)
        } finally {
            if (folder == null) root.toFile().deleteRecursively()
        }
    }

    private fun measure(place: Path, size: Int, made: Vectors) {
        echo("\n### $size entries of ${made.dimension} numbers, bodies of $BODY_BYTES bytes\n")
        val limits = VectorLimits(storeBytesMax = 1L shl 36)
        val settings = EmbeddedSettings(place, limits, pointsWaitingMax = 50_000, sweepInterval = Duration.ofSeconds(SWEEP_SECONDS))
        EmbeddedVectorStore.open(settings, Clock.systemUTC()).use { store ->
            val points =
                get(store.open(CollectionSpec(CollectionId("bench", "made", "1"), made.dimension, mapOf("tenant" to FieldKind.TEXT))))
            fill(points, made, size)
            get(store.commit())
            echo("| measurement | figure | p50 ms | p99 ms |\n|---|---:|---:|---:|")
            lookups(points, made, size, "right after filling")
            val began = System.nanoTime()
            while (largestShare(place) < GATHERED) TimeUnit.SECONDS.sleep(1)
            TimeUnit.SECONDS.sleep(SWEEP_SECONDS)
            row("left alone until one segment has nine tenths", "${(System.nanoTime() - began) / 1_000_000_000} s")
            lookups(points, made, size, "left alone")
            recall(points, made, size)
            beside(points, made, size)
            val stats = get(points.stats())
            row("on disk", "${stats.bytes / MIB} MiB of ${stats.entries} entries")
            row("heap used after a collection", "${heapBytes() / MIB} MiB")
        }
    }

    private fun fill(points: VectorCollection, made: Vectors, size: Int) {
        val began = System.nanoTime()
        val rest = (0 until size).chunked(FILL_BATCH)
        for (some in rest.chunked(FILL_AHEAD)) some.map { batch -> points.upsert(batch.map { point(made, it, size) }) }.forEach { get(it) }
        echo("filled in ${(System.nanoTime() - began) / 1_000_000_000} s\n")
    }

    /** Of the entries in the last commit, how many the largest segment has. */
    private fun largestShare(place: Path): Double {
        val index = Files.list(place).use { all -> all.map { it.resolve("index") }.filter(Files::isDirectory).toList() }.single()
        val segments = FSDirectory.open(index).use {
            DirectoryReader.open(it).use { on ->
                on.leaves().map { at -> at.reader().numDocs() }
            }
        }
        return segments.max().toDouble() / segments.sum()
    }

    private fun lookups(points: VectorCollection, made: Vectors, size: Int, state: String) {
        for ((what, filter) in listOf("all entries" to null, "one tenant of $TENANTS" to "t7")) {
            closedLoop(1, seconds / 2) { points.search(query(made, it, size, filter)) }
            val before = readersNanos()
            val answers = closedLoop(1, seconds) { points.search(query(made, it + WARM, size, filter)) }
            val each = (readersNanos() - before) / (answers.perSecond * seconds) / 1e6
            row("lookups $state, $what", answers)
            row("processor time of one of them", String.format(Locale.ROOT, "%.2f ms", each))
        }
    }

    private fun recall(points: VectorCollection, made: Vectors, size: Int) {
        val brute = BruteForce(made, size)
        for ((what, filter) in listOf("all entries" to null, "one tenant of $TENANTS" to "t7")) {
            val meant = { number: Int -> filter == null || tenant(number) == filter }
            val recalls = (0 until questions).map { number ->
                val query = query(made, number, size, filter)
                val found = get(points.search(query)).map { it.entry.id.toInt() }
                brute.nearest(query.vector, LIMIT, meant).count { it in found } / LIMIT.toDouble()
            }
            row("recall of the best $LIMIT, $what", String.format(Locale.ROOT, "%.4f", recalls.average()))
        }
        val times = (0 until BRUTE_LOOKUPS).map { number ->
            val question = made.question(number, size)
            System.nanoTime().let { began ->
                brute.nearest(question, LIMIT) { true }
                System.nanoTime() - began
            }
        }
        row("brute force in memory, all entries", Answers(0.0, times.sorted(), 0))
    }

    /** Lookups while entries come at a steady rate. */
    private fun beside(points: VectorCollection, made: Vectors, size: Int) {
        val next = AtomicInteger(size)
        val acknowledged = ConcurrentLinkedQueue<Long>()
        val failed = AtomicInteger()
        val ready =
            ConcurrentLinkedQueue((0 until (inserts * seconds).toInt() + INSERT_BATCH).map { point(made, next.getAndIncrement(), size) })
        val pace = Executors.newSingleThreadScheduledExecutor()
        val interval = TimeUnit.SECONDS.toNanos(1) * INSERT_BATCH / inserts
        val insert = Runnable {
            val batch = List(INSERT_BATCH) { ready.poll() }.filterNotNull()
            val began = System.nanoTime()
            points.upsert(batch).whenComplete { _, failure ->
                if (failure == null) acknowledged += System.nanoTime() - began else failed.incrementAndGet()
            }
        }
        pace.scheduleAtFixedRate(insert, 0, interval, TimeUnit.NANOSECONDS)
        val answers = closedLoop(1, seconds) { points.search(query(made, it + 2 * WARM, size, null)) }
        pace.shutdown()
        pace.awaitTermination(1, TimeUnit.MINUTES)
        val took = acknowledged.toList().sorted()
        row("lookups beside $inserts inserts/s", answers)
        row("inserts beside them, ${failed.get()} batches refused", Answers(took.size * INSERT_BATCH / seconds, took, failed.get()))
    }

    private fun query(made: Vectors, number: Int, size: Int, tenant: String?): NearQuery {
        val filter = if (tenant == null) Filter.All else Filter.Equals("tenant", FieldValue.Text(tenant))
        return NearQuery(made.question(number, size), Scope(setOf("shared"), filter), LIMIT)
    }

    private fun point(made: Vectors, number: Int, size: Int): Point {
        val text = "An answer to question $number of $size, as a model writes it, with numbers of its own: ${number * 7919}. "
        val body = text.repeat(BODY_BYTES / text.length + 1).toByteArray().copyOf(BODY_BYTES)
        return Point("shared", "$number", made.entry(number), mapOf("tenant" to FieldValue.Text(tenant(number))), body = body)
    }

    private fun row(what: String, answers: Answers) {
        val rate = if (answers.perSecond == 0.0) "" else String.format(Locale.ROOT, "%,.0f /s", answers.perSecond)
        echo("| $what | $rate | ${answers.quantile(0.5)} | ${answers.quantile(0.99)} |")
    }

    private fun row(what: String, figure: String) = echo("| $what | $figure | | |")

    /** Processor time of all threads that search, which tells what a lookup takes also where others use the machine. */
    private fun readersNanos(): Long {
        val threads = ManagementFactory.getThreadMXBean()
        return threads.getThreadInfo(threads.allThreadIds).filterNotNull().filter { it.threadName == "vectors-read" }.sumOf {
            threads.getThreadCpuTime(it.threadId)
        }
    }

    private fun heapBytes(): Long {
        val memory = ManagementFactory.getMemoryMXBean()
        memory.gc()
        return memory.heapMemoryUsage.used
    }

    private companion object {
        const val TENANTS = 1_000
        const val LIMIT = 10
        const val BODY_BYTES = 1_000
        const val FILL_BATCH = 1_000
        const val FILL_AHEAD = 20
        const val INSERT_BATCH = 20
        const val BRUTE_LOOKUPS = 20
        const val GATHERED = 0.9

        /** Segments are brought together then, and what was merged before is long seen. */
        const val SWEEP_SECONDS = 30L
        const val WARM = 1_000_000
        const val MIB = 1024 * 1024L

        fun tenant(number: Int) = "t${number % TENANTS}"

        fun <T> get(stage: CompletionStage<T>): T = stage.toCompletableFuture().get(10, TimeUnit.MINUTES)
    }
}
