package routercluster.cluster

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledIfSystemProperty
import org.junit.jupiter.api.io.TempDir
import routercluster.cluster.fleet.MessageLog
import routercluster.cluster.fleet.ServedCluster
import routercluster.kit.load.Exchange
import routercluster.kit.load.Load
import routercluster.kit.load.report
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/** Requests that belong to no conversation, with the program as it is shipped. */
class StatelessTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a request that belongs to no conversation makes no node ask another one`() {
        ServedCluster(listOf("all", "all")) { MessageLog.javaOptions(folder.resolve("node-$it")) }.use { cluster ->
            cluster.start()
            // The status of a cluster is asked of all its nodes: so the log does work.
            messages().shouldNotBeEmpty()
            folder
                .toFile()
                .listFiles()
                .orEmpty()
                .forEach { it.writeText("") }
            Load(clients = 4, ask = cluster::chat).use { load ->
                load.awaitAcknowledged(REQUESTS, PATIENCE)
                load.stop().failed(atMost = 0)
            }
            // Nodes ask for a new policy now and then, whatever requests there are.
            messages().filterNot { "policy-log" in it } shouldBe emptyList()
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "cluster.long", matches = "true", disabledReason = "takes minutes: ./router test -Dcluster.long=true")
    fun `a node of any role may be killed, and only requests at its own door fail`() {
        ServedCluster(ROLES).use { cluster ->
            cluster.start()
            for ((index, node) in cluster.nodes.withIndex()) {
                underLoad(cluster) { node.kill() }.failed(atMost = if (cluster.isGateway(index)) CLIENTS / 2 else 0)
            }
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "cluster.long", matches = "true", disabledReason = "takes minutes: ./router test -Dcluster.long=true")
    fun `a node of any role may be restarted, and no request fails`() {
        ServedCluster(ROLES).use { cluster ->
            cluster.start()
            for (node in cluster.nodes) underLoad(cluster) { node.stop() }.failed(atMost = 0)
        }
    }

    /** Load before, during and after [fault], from which the cluster is made whole. */
    private fun underLoad(cluster: ServedCluster, fault: () -> Unit): List<Exchange> =
        Load(CLIENTS, cluster::chat).use { load ->
            load.awaitAcknowledged(FEW, PATIENCE)
            fault()
            load.awaitAcknowledged(FEW, PATIENCE)
            cluster.start()
            load.awaitAcknowledged(FEW, PATIENCE)
            load.stop()
        }

    private fun messages(): List<String> = folder
        .toFile()
        .listFiles()
        .orEmpty()
        .flatMap { Files.readAllLines(it.toPath()) }

    private fun List<Exchange>.failed(atMost: Int) = withClue(report()) { count { !it.isAcknowledged } shouldBeLessThanOrEqual atMost }

    private companion object {
        val ROLES = listOf("gateway", "silo", "gateway,worker")
        const val REQUESTS = 400
        const val FEW = 100
        const val CLIENTS = 4
        val PATIENCE: Duration = Duration.ofSeconds(60)
    }
}
