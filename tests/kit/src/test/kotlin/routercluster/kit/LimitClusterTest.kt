package routercluster.kit

import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.grains.limits.GrainAuthority
import routercluster.grains.limits.limitKind
import routercluster.grains.state.MemoryStateStore
import routercluster.policy.limits.Amounts
import routercluster.policy.limits.LeasedReservations
import routercluster.policy.limits.LimitAlgorithm
import routercluster.policy.limits.LimitCaller
import routercluster.policy.limits.LimitFacts
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.LimitRule
import routercluster.policy.limits.Pace
import routercluster.policy.limits.Reserved
import java.time.InstantSource
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit

/** One budget, several nodes of a cluster, each with messages as bytes over loopback. */
class LimitClusterTest {
    private val store = MemoryStateStore(InstantSource.system())
    private val nodes = ConcurrentHashMap<String, LeasedReservations>()
    private val rule = LimitRule("budget", LimitKind.REQUESTS, Pace(LimitAlgorithm.SLIDING_WINDOW, BUDGET, 3_600_000))
    private val facts = LimitFacts(LimitCaller(user = "ann"))

    private fun cluster(count: Int) =
        ClusterOf(count) { node ->
            val address = checkNotNull(node.address)
            nodes[address] =
                LeasedReservations(address, GrainAuthority(node.grains.host(limitKind(store)))) { System.nanoTime() / 1_000_000 }
        }

    private fun ClusterOf.at(index: Int): LeasedReservations = nodes.getValue(checkNotNull(this[index].address))

    private fun LeasedReservations.ask(): CompletableFuture<Reserved> = reserve(listOf(rule), facts, Amounts())

    /** What limits say, once they can be asked. */
    private fun ClusterOf.answer(node: LeasedReservations): Reserved {
        var answer: Reserved? = null
        await("the budget can be asked") { node.ask().get(WAIT_SECONDS, TimeUnit.SECONDS).also { answer = it } !is Reserved.Unavailable }
        return checkNotNull(answer)
    }

    @Test
    fun `a thousand requests at once to two nodes spend the budget and no more`() {
        cluster(2).use { cluster ->
            val first = (0..1).count { cluster.answer(cluster.at(it)) is Reserved.Granted }
            val asked = (0 until 1_000).map { cluster.at(it % 2).ask() }
            val granted = asked.count { it.get(WAIT_SECONDS, TimeUnit.SECONDS) is Reserved.Granted }
            (first + granted).toLong() shouldBe BUDGET
            // Two nodes that answer a thousand requests ask rarely.
            (0..1).sumOf { cluster.at(it).stats().calls }.toInt() shouldBeLessThanOrEqual 100
        }
    }

    @Test
    fun `a node that dies takes no more than its part, and the budget goes on`() {
        cluster(3).use { cluster ->
            val before = (0 until 100).count { cluster.answer(cluster.at(2)) is Reserved.Granted }
            cluster.kill(2)
            var after = 0
            while (cluster.answer(cluster.at(0)) is Reserved.Granted) after++
            before shouldBe 100
            before + after shouldBeLessThanOrEqual BUDGET.toInt()
            before + after shouldBeGreaterThan BUDGET.toInt() / 2
        }
    }

    private companion object {
        const val BUDGET = 500L
        const val WAIT_SECONDS = 30L
    }
}
