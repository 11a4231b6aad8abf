package routercluster.cluster

import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.cluster.fleet.ServedCluster
import routercluster.cluster.fleet.servedPolicy
import routercluster.kit.load.Exchange
import routercluster.kit.load.Load
import routercluster.kit.load.failureWindow
import routercluster.kit.load.report
import java.time.Duration

/** Nodes that have the encoder, and a gateway that asks them. */
class WorkersTest {
    @Test
    fun `a worker is killed under a load of learned signals, and the other one goes on`() {
        val home = listOf("-Drouter.home=${System.getProperty("router.home")}")
        ServedCluster(listOf("gateway,silo", "worker", "worker"), policyText = { servedPolicy(it, ROUTING) }) { home }.use { cluster ->
            cluster.start()
            var killed = 0L
            val all =
                Load(CLIENTS) { client, count -> ask(cluster, client, count) }.use { load ->
                    load.awaitAcknowledged(FEW, PATIENCE)
                    killed = System.nanoTime()
                    cluster.nodes[2].kill()
                    load.awaitAcknowledged(AFTER, PATIENCE)
                    load.stop()
                }
            // What asked the worker that died is answered by the other one, or at worst decided without an encoder.
            withClue(all.report()) {
                all.count { !it.isAcknowledged } shouldBe 0
                val undecided = all.filter { it.headers["x-vsr-selected-decision"] != "lawyer" }
                undecided.size shouldBeLessThanOrEqual CLIENTS
                undecided.map { it.failed() }.failureWindow(killed) shouldBeLessThan Duration.ofSeconds(5)
            }
        }
    }

    private fun ask(cluster: ServedCluster, client: Int, count: Int): Exchange {
        // Other words each time, so that nothing is answered from memory.
        val text = "Is the contract number $client-$count between tenant and landlord void under the law of obligations?"
        val body = """{"model":"auto","messages":[{"role":"user","content":"$text"}]}"""
        return cluster.client.send("$client-$count", client, "/v1/chat/completions", body)
    }

    private fun Exchange.failed() = Exchange(label, sentNanos, tookNanos, null, body)

    private companion object {
        const val ROUTING =
            "{signals: {domains: [{name: law}]}, decisions: [{name: lawyer, priority: 1, rules: {type: domain, name: law}, " +
                "modelRefs: [{model: large}]}]}"
        const val CLIENTS = 4
        const val FEW = 60
        const val AFTER = 150
        val PATIENCE: Duration = Duration.ofSeconds(120)
    }
}
