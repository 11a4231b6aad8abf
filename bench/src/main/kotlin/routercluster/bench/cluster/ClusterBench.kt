package routercluster.bench.cluster

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.split
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.enum
import routercluster.kit.process.RedisProcess

fun main(arguments: Array<String>) = ClusterBench().main(arguments)

/** @property isKept whether Redis is needed */
private enum class Part(val isKept: Boolean, val measure: (BenchedCluster) -> List<Figure>) {
    ASKS(false, BenchedCluster::asks),
    CONVERSATIONS(true, BenchedCluster::keptStates),
    LEARNING(true, BenchedCluster::learned),
}

/** See `bench/cluster`. */
private class ClusterBench : CoreCliktCommand("bench/cluster") {
    private val sizes by option("--nodes", help = "of the clusters that are measured, one after the other").default("1,2,3")
    private val parts by option("--parts", help = "of what is measured, one after the other")
        .enum<Part> {
            it.name.lowercase()
        }.split(",")
        .default(Part.entries)
    private val seconds by option("--seconds", help = "of each measurement").double().default(5.0)
    private val quick by option("--quick").flag().help("half a second for each: only whether it runs")
    private val json by option("--json").flag().help("print JSON, not a table")

    override fun run() {
        val each = if (quick) QUICK_SECONDS else seconds
        val clusters = sizes.split(',').map { BenchedCluster(it.trim().toInt(), each) }
        val hasRedis = RedisProcess.binary() != null
        if (!hasRedis) echo("Redis is not installed, so nothing is measured that is kept: sudo apt install redis-server", err = true)
        val figures = parts.filter { hasRedis || !it.isKept }.flatMap { part -> clusters.flatMap(part.measure) }
        echo(if (json) figures.asJson() else figures.asTable())
    }

    private companion object {
        const val QUICK_SECONDS = 0.5
    }
}
