package routercluster.cluster

import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.condition.EnabledIfSystemProperty
import org.junit.jupiter.api.extension.RegisterExtension
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import org.slf4j.LoggerFactory
import routercluster.cluster.fleet.Fleet
import routercluster.cluster.fleet.TurnLoad
import routercluster.kit.LogsOnFailure
import routercluster.kit.load.Exchange
import routercluster.kit.load.failureWindow
import routercluster.kit.load.report
import java.time.Duration

/**
 * Three nodes under a load of turns, and what may befall them. After each fault every turn that was acknowledged is there, and none is
 * there twice; requests fail only where and when the test says so.
 */
@EnabledIfSystemProperty(named = "cluster.long", matches = "true", disabledReason = "takes minutes: ./router test -Dcluster.long=true")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultsTest {
    private val fleet = Fleet(NODES, idle = Duration.ofSeconds(5))
    private var loads = 0

    @RegisterExtension
    val logs = LogsOnFailure("the fleet", fleet::logs)

    @BeforeEach
    fun whole() {
        fleet.heal()
        fleet.start()
    }

    @AfterAll
    fun close() = fleet.close()

    @ParameterizedTest(name = "node {0}")
    @ValueSource(ints = [0, 2])
    fun `a node that is killed takes only the requests at its door with it`(index: Int) {
        var killed = 0L
        val all = underLoad {
            killed = System.nanoTime()
            fleet.nodes[index].kill()
            it.await(AFTER)
            fleet.start()
        }
        all.failedAtMost(CLIENTS / NODES)
        all.failureWindow(killed) shouldBeLessThan Duration.ofSeconds(5)
    }

    @Test
    fun `every node is restarted, one after the other, and no request fails`() {
        val all = underLoad { load ->
            repeat(NODES) {
                fleet.restart(it)
                load.await(FEW)
            }
        }
        all.failedAtMost(0)
    }

    @Test
    fun `a node joins, and no request fails`() {
        fleet.nodes[2].stop()
        val all = underLoad { fleet.start() }
        all.failedAtMost(0)
    }

    @Test
    fun `a node that was held for long is put out, and writes over nothing once it goes on`() {
        var held = 0L
        val all = underLoad { load ->
            fleet.hold(1)
            held = System.nanoTime()
            load.await(AFTER)
            pause(Duration.ofSeconds(30))
            fleet.letGo(1)
            check(fleet.nodes[1].endsWithin(PUT_OUT_MAX)) { "the node that was held is still there" }
            fleet.start()
        }
        all.failedAtMost(CLIENTS / NODES)
        withClue(all.report()) { all.filterNot { it.isAcknowledged }.forEach { it.sentNanos shouldBeLessThan held } }
    }

    @Test
    fun `a node that is cut off ends, and the others go on`() {
        val all = underLoad { load ->
            fleet.isolate(2)
            load.await(AFTER)
            check(fleet.nodes[2].endsWithin(PUT_OUT_MAX)) { "the node that was cut off is still there" }
            fleet.heal()
            fleet.start()
        }
        all.failedAtMost(CLIENTS / NODES)
    }

    @Test
    fun `a break in the network that is shorter than a node's patience costs nothing`() {
        val all = underLoad {
            fleet.isolate(2)
            pause(Duration.ofSeconds(1))
            fleet.heal()
        }
        all.failedAtMost(0)
    }

    @Test
    fun `Redis is killed and comes back, and what it acknowledged is there`() {
        val all = underLoad {
            fleet.redis.kill()
            pause(Duration.ofSeconds(2))
            fleet.redis.restart()
        }
        all.failedAtMost(0)
    }

    @Test
    fun `a slow Redis makes slow answers`() {
        val all = underLoad {
            fleet.redisWay.slowDown(SLOW_MILLIS)
            it.await(AFTER)
            fleet.redisWay.slowDown(0)
        }
        all.failedAtMost(0)
    }

    @Test
    fun `a full Redis refuses in words, and nothing more is lost once there is room again`() {
        val all = underLoad { load ->
            fleet.redis.limitMemory(1)
            awaitFailures(load, CLIENTS)
            fleet.redis.limitMemory(0)
        }
        all.filterNot { it.isAcknowledged }.forEach { it.body shouldContain "no memory left" }
    }

    @Test
    fun `a node whose clock is an hour ahead, and then one behind, changes nothing`() {
        val all = underLoad { load ->
            for (shift in listOf(3_600, -3_600)) {
                fleet.restart(1, listOf("-Dtest.clock.shift.seconds=$shift"))
                load.await(FEW)
            }
            fleet.restart(1)
        }
        all.failedAtMost(0)
    }

    /** Load before, during and after [fault]; what came of each request. */
    private fun underLoad(fault: (TurnLoad) -> Unit): List<Exchange> =
        TurnLoad(fleet, "load${loads++}", CLIENTS)
            .use { load ->
                load.await(FEW)
                fault(load)
                load.await(AFTER)
                load.stopAndCheck()
            }.also { log.info("{}", it.report()) }

    private fun awaitFailures(load: TurnLoad, count: Int) {
        val before = load.exchanges.count { !it.isAcknowledged }
        fleet.nodes[0].await("$count failures", REFUSED_MAX) {
            Unit.takeIf { load.exchanges.count { !it.isAcknowledged } >= before + count }
        }
    }

    private fun List<Exchange>.failedAtMost(count: Int) = withClue(report()) { count { !it.isAcknowledged } shouldBeLessThanOrEqual count }

    private companion object {
        const val NODES = 3
        const val CLIENTS = 6
        const val FEW = 60
        const val AFTER = 150
        const val SLOW_MILLIS = 150L

        /** A door tries for 25 s before it says so. */
        val REFUSED_MAX: Duration = Duration.ofSeconds(60)
        val PUT_OUT_MAX: Duration = Duration.ofSeconds(60)
        val log = LoggerFactory.getLogger(FaultsTest::class.java)
    }
}
