package routercluster.bench.routing

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.bench.ENCODER_POLICY
import routercluster.bench.keepTables
import routercluster.cli.loadWithFiles
import routercluster.cli.newObject
import routercluster.cli.train.TextReading
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.fit.Fixed
import routercluster.policy.learnt.fit.JudgedRequest
import routercluster.policy.learnt.fit.TrainingTask
import routercluster.policy.learnt.fit.train
import java.nio.file.Path

fun main(arguments: Array<String>) = RoutingBench().main(arguments)

/** See `bench/routing`. */
private class RoutingBench : CoreCliktCommand("bench/routing") {
    private val data by option("--data").path().help("folder of the routing sets").default(Path.of("../shared/data/routing"))
    private val split by option("--split").help("part of the sets that is measured on").default("dev")
    private val only by option("--only").help("pools whose name holds this").default("")
    private val cache by option("--cache").path().help("folder in which embeddings are kept").default(Path.of("bench/target/routing"))
    private val write by option("--write").flag().help("put the tables into docs/benchmarks.md")

    override fun run() {
        val policy = loadWithFiles(ENCODER_POLICY, "bench.yaml") { null }
        val tables =
            TextReading.open(policy.catalog).use { reading ->
                val texts = ReadCache(cache, reading, ::progress)
                RoutingSets(data, split).pools().filter { only in it.name }.joinToString("\n") { Match(read(it, texts)).table() }
            }
        echo(tables)
        if (write) keepTables("routing", tables)
    }

    private fun read(pool: Pool, texts: ReadCache): ReadPool {
        val train = pool.train.zip(texts.read(pool.train.map { it.text }), ::ReadRow)
        val test = pool.test.zip(texts.read(pool.test.map { it.text }), ::ReadRow)
        val domains = train
            .first()
            .read.traits.domains
            .orEmpty()
            .keys
            .toList()
        return ReadPool(pool, train, test) { kind, rows -> artifact(kind, rows, domains) }
    }

    private fun artifact(kind: LearntKind, rows: List<ReadRow>, domains: List<String>): Artifact {
        val requests = rows.mapNotNull { row -> row.read.embedding?.let { JudgedRequest(it, row.read, row.row.outcomes) } }
        val task = TrainingTask(kind, requests, domains, Fixed(), SEED, newObject())
        return train(task) { progress("  $it") }.also { progress("  ${kind.key}: ${it.card}") }
    }

    /** Clikt's core puts what is echoed as an error on standard output. */
    private fun progress(what: String) {
        System.err.append(what).append('\n')
    }

    private companion object {
        const val SEED = 1
    }
}
