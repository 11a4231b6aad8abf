package routercluster.bench.cluster

import routercluster.grains.directory.GrainDirectory
import routercluster.kit.ClusterOf

/** Measures a cluster of [nodes] in this JVM, [seconds] for each figure. What is asked is always asked of node 0. */
class BenchedCluster(private val nodes: Int, private val seconds: Double) {
    fun figures(): List<Figure> {
        val echoes = mutableListOf<GrainDirectory<EchoCommand>>()
        return ClusterOf(nodes, overrides = QUIET) { node -> echoes += node.grains.host(echoKind(checkNotNull(node.address))) }.use { cluster ->
            cluster.await("all $nodes nodes see each other") { (0 until nodes).all { cluster.status(it).members.size == nodes } }
            Asks(nodes, echoes.first(), checkNotNull(cluster[0].address), seconds).figures()
        }
    }

    private companion object {
        /** Nodes that go away tell of it at length. */
        const val QUIET = "pekko.loglevel = OFF\npekko.stdout-loglevel = OFF"
    }
}
