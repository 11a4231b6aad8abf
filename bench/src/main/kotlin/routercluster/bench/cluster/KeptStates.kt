package routercluster.bench.cluster

import routercluster.kit.ClusterOf
import routercluster.kit.process.RedisProcess
import routercluster.policy.conversations.Conversations
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Measures conversations that are kept in [redis], in a cluster of [nodes], [seconds] for each figure. */
class KeptStates(
    private val nodes: Int,
    private val seconds: Double,
    private val redis: RedisProcess,
    private val cluster: ClusterOf,
    conversations: Conversations,
) {
    private val turns = Turns(conversations)

    fun figures(): List<Figure> = listOf(kept(1), kept(Asks.IN_FLIGHT)) + idle() + listOfNotNull(recovery())

    private fun kept(inFlight: Int): Figure {
        // What one measurement kept, the next would find kept already.
        val first = inFlight * SPREAD
        inBatches(WARM_UP) { turns.keep(first + it) }
        val answers = closedLoop(inFlight, seconds) { turns.keep(first + WARM_UP + it) }
        check(answers.failed == 0) { "${answers.failed} turns were not kept" }
        return Figure("turn kept in Redis, two writes each synced, $inFlight at a time", nodes, answers)
    }

    /** Memory for conversations that sleep, and how long one takes to wake up. */
    private fun idle(): List<Figure> {
        awaitSleep()
        val heapBefore = usedHeap()
        val redisBefore = redis.usedMemory()
        val first = IDLE_FIRST
        inBatches(IDLE) { turns.keepAlone(first + it) }
        awaitSleep()
        val heap = (usedHeap() - heapBefore).toDouble() / IDLE
        val stored = (redis.usedMemory() - redisBefore).toDouble() / IDLE
        val woken = closedLoop(1, minOf(seconds, WAKE_SECONDS_MAX)) { turns.load(first + it % IDLE) }
        return listOf(
            Figure("heap of all nodes for a conversation that sleeps", nodes, maxOf(heap, 0.0), "bytes", aim = "0"),
            Figure("memory of Redis for a conversation of one turn of 1 KB", nodes, stored, "bytes"),
            Figure("a conversation that sleeps wakes up and answers, one at a time", nodes, woken),
        )
    }

    /** From the end of a node until every conversation that was awake has answered again. */
    private fun recovery(): Figure? {
        if (nodes == 1) return null
        inBatches(AWAKE) { turns.load(IDLE_FIRST + it) }
        val started = System.nanoTime()
        cluster.kill(nodes - 1)
        inBatches(AWAKE) { turns.load(IDLE_FIRST + it) }
        return Figure(
            "from the end of a node until all of $AWAKE conversations answer",
            nodes,
            (System.nanoTime() - started) / 1e9,
            "s",
            aim = "< 5 s",
        )
    }

    private fun awaitSleep() = cluster.await("all conversations sleep") {
        cluster.alive.all { node ->
            node.grains
                .count()
                .toCompletableFuture()
                .get()
                .filter { it.kind == "conversation" }
                .sumOf { it.grains } == 0
        }
    }

    /** What is left is what is needed, so it is collected first. */
    @Suppress("ExplicitGarbageCollectionCall")
    private fun usedHeap(): Long {
        System.gc()
        val runtime = Runtime.getRuntime()
        return runtime.totalMemory() - runtime.freeMemory()
    }

    private fun inBatches(count: Int, ask: (Int) -> CompletionStage<*>) =
        (0 until count).chunked(BATCH).forEach { batch ->
            CompletableFuture.allOf(*batch.map { ask(it).toCompletableFuture() }.toTypedArray()).get()
        }

    private companion object {
        const val SPREAD = 1_000_000
        const val WARM_UP = 2_000
        const val IDLE = 5_000
        const val IDLE_FIRST = 10_000_000
        const val AWAKE = 500
        const val BATCH = 200

        /** Shorter than a conversation takes to go to sleep. */
        const val WAKE_SECONDS_MAX = 1.0
    }
}
