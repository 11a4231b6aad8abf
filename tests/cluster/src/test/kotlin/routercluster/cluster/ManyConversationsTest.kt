package routercluster.cluster

import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledIfSystemProperty
import routercluster.cluster.fleet.Fleet
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.Executors

/** More conversations than anybody speaks to at a time. */
@EnabledIfSystemProperty(named = "cluster.long", matches = "true", disabledReason = "takes minutes: ./router test -Dcluster.long=true")
class ManyConversationsTest {
    @Test
    fun `every conversation of many is there, and nodes give back the memory of those that sleep`() {
        Fleet(NODES, idle = Duration.ofSeconds(2)).use { fleet ->
            fleet.start()
            keepAll(fleet, "first", WARM_UP)
            awaitSleep(fleet)
            val before = heap(fleet)
            keepAll(fleet, "many", COUNT)
            awaitSleep(fleet)
            val grown = heap(fleet) - before
            // What else a node needs grows too: classes, what was compiled, what it knows of its peers.
            withClue("bytes of heap that all nodes grew by") { grown shouldBeLessThan HEAP_GROWTH_MAX }
            fleet.redis.keyCount() shouldBe (COUNT + WARM_UP).toLong()
            for (index in 0 until COUNT step COUNT / SAMPLES) fleet.turns("many-$index", door = index) shouldBe listOf("t")
        }
    }

    @Test
    fun `a conversation of a megabyte is told through every door`() {
        Fleet(2).use { fleet ->
            fleet.start()
            repeat(TURNS_OF_LONG) { fleet.keepTurn("long", "t$it", door = it, characters = CHARACTERS).status shouldBe 200 }
            for (door in 0..1) fleet.turns("long", door).size shouldBe TURNS_OF_LONG
        }
    }

    private fun keepAll(fleet: Fleet, name: String, count: Int) {
        val clients = Executors.newFixedThreadPool(CLIENTS)
        val all = List(count) { Callable { fleet.keepTurn("$name-$it", "t", door = it) } }
        val failed = clients.invokeAll(all).map { it.get() }.filterNot { it.isAcknowledged }
        clients.shutdown()
        failed.map { "${it.status} ${it.body}" } shouldBe emptyList()
    }

    private fun awaitSleep(fleet: Fleet) = fleet.nodes[0].await("sleep of all conversations", Duration.ofSeconds(60)) {
        Unit.takeIf { (0 until NODES).sumOf { fleet.figure(it, "/grains") } == 0L }
    }

    private fun heap(fleet: Fleet): Long = (0 until NODES).sumOf { fleet.figure(it, "/heap") }

    private companion object {
        const val NODES = 3
        const val CLIENTS = 8
        val COUNT = if (long) 100_000 else 5_000

        /** What a node's doors and compiler keep for as many requests a second as come is no conversation's. */
        val WARM_UP = COUNT / 10
        const val SAMPLES = 50

        /** Of all nodes together: 2 KB for each conversation of the short variant, which one turn takes more than. */
        const val HEAP_GROWTH_MAX = 10L * 1024 * 1024
        const val TURNS_OF_LONG = 20
        const val CHARACTERS = 50_000
    }
}
