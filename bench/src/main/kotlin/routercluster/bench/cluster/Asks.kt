package routercluster.bench.cluster

import routercluster.grains.directory.GrainDirectory
import java.time.Duration

private val askMax = Duration.ofSeconds(20)

/** How many grains are asked in turn: more than caches of the processor hold, fewer than shards would hide. */
private const val GRAINS = 2_000

/** Short, since every ask leaves a grain awake. */
private const val ACTIVATION_SECONDS_MAX = 0.5

/** Asks grains that only answer; [seconds] for each measurement. */
class Asks(private val nodes: Int, private val grains: GrainDirectory<EchoCommand>, private val self: String, private val seconds: Double) {
    fun figures(): List<Figure> {
        val homes = (0 until GRAINS).associate { "echo-$it" to ask("echo-$it").toCompletableFuture().get().node }
        val (local, remote) = homes.keys.partition { homes[it] == self }
        return listOfNotNull(
            measured("sharded ask, grain on the same node", local, IN_FLIGHT, null),
            measured("sharded ask, grain on another node", remote, IN_FLIGHT, "≥ 30,000/s"),
            measured("sharded ask, grain on another node, one at a time", remote, 1, null),
            activation(),
        )
    }

    private fun measured(what: String, ids: List<String>, inFlight: Int, aim: String?): Figure? {
        if (ids.isEmpty()) return null
        closedLoop(inFlight, seconds) { ask(ids[it % ids.size]) }
        return Figure(what, nodes, closedLoop(inFlight, seconds) { ask(ids[it % ids.size]) }, aim)
    }

    /** Each ask wakes a grain of its own that has nothing to load. */
    private fun activation(): Figure {
        val answers = closedLoop(IN_FLIGHT, minOf(seconds, ACTIVATION_SECONDS_MAX)) { ask("new-$it") }
        return Figure("activation of a grain without state, by its first ask", nodes, answers)
    }

    private fun ask(id: String) = grains.ask<EchoReply>(id, askMax) { EchoCommand.Ask(TEXT, it) }

    companion object {
        const val IN_FLIGHT = 64
        private const val TEXT = "a question between nodes of some fifty characters"
    }
}
