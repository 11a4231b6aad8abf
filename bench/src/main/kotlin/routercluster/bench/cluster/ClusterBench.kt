package routercluster.bench.cluster

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.double

fun main(arguments: Array<String>) = ClusterBench().main(arguments)

/** See `bench/cluster`. */
private class ClusterBench : CoreCliktCommand("bench/cluster") {
    private val sizes by option("--nodes", help = "of the clusters that are measured, one after the other").default("1,2,3")
    private val seconds by option("--seconds", help = "of each measurement").double().default(5.0)
    private val quick by option("--quick").flag().help("half a second for each: only whether it runs")
    private val json by option("--json").flag().help("print JSON, not a table")

    override fun run() {
        val each = if (quick) QUICK_SECONDS else seconds
        val figures = sizes.split(',').map { it.trim().toInt() }.flatMap { BenchedCluster(it, each).figures() }
        echo(if (json) figures.asJson() else figures.asTable())
    }

    private companion object {
        const val QUICK_SECONDS = 0.5
    }
}
