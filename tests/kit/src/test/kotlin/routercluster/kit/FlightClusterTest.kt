package routercluster.kit

import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.gateway.cache.CacheParts
import routercluster.grains.flights.GrainFlights
import routercluster.grains.flights.flightKind
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.FlightTrouble
import routercluster.policy.cache.Joined
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit

/** Equal requests at several nodes of a cluster, with messages as bytes over loopback. */
class FlightClusterTest {
    private val flights = ConcurrentHashMap<String, AnswerFlights>()

    private fun cluster(count: Int) =
        ClusterOf(count) { node ->
            val address = checkNotNull(node.address)
            flights[address] = GrainFlights(node.grains.host(flightKind()), address, REPLY_MAX)
        }

    private fun ClusterOf.at(index: Int): AnswerFlights = flights.getValue(checkNotNull(this[index].address))

    /** Before the grains can be reached nobody leads. */
    private fun ClusterOf.awaitLead(index: Int, key: String) =
        await("node $index leads $key") { at(index).join(key, WAIT).told() is Joined.Leads }

    private fun CompletableFuture<Joined>.told(): Joined = get(WAIT.toSeconds(), TimeUnit.SECONDS)

    @Test
    fun `fifty equal requests at two nodes ask one model once`() {
        mockLlm(Script(headersDelay = Duration.ofSeconds(3))).use { model ->
            cluster(2).use { cluster ->
                (0..1).forEach { cluster.awaitLead(it, "ready-$it") }
                val nodes = List(2) { CachingNode(model.port, CacheParts(flights = cluster.at(it))) }
                try {
                    val answers = List(50) { nodes[it % 2].begin("faq") }.map { it.get(WAIT.toSeconds(), TimeUnit.SECONDS) }
                    answers.map { it.statusCode() }.toSet() shouldBe setOf(200)
                    answers.count { it.isHit() } shouldBe 49
                    model.requestCount shouldBe 1
                } finally {
                    nodes.forEach(CachingNode::close)
                }
            }
        }
    }

    @Test
    fun `when the node of the leader dies others lead before those who wait have lost their patience`() {
        cluster(3).use { cluster ->
            val keys = List(20) { "key-$it" }
            keys.forEach { cluster.awaitLead(2, it) }
            val waits = keys.map { cluster.at(0).join(it, WAIT) }
            cluster.kill(2)
            val told = waits.map { it.told() }
            // Flights that the node kept as well are gone with it: who was in one goes on by itself.
            told.filterIsInstance<Joined.Alone>().map { it.trouble }.toSet() - FlightTrouble.AWAY shouldBe emptySet()
            told.filterIsInstance<Joined.Leads>().size shouldBeGreaterThan 0
        }
    }

    private companion object {
        /** Grains of kinds that are new to a busy machine take their time. */
        val REPLY_MAX: Duration = Duration.ofSeconds(10)
        val WAIT: Duration = Duration.ofSeconds(60)
    }
}
