package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef

/** Which encoder a request is for. [version] is the hash of its files, which tells encoders apart that have the same name. */
data class EncoderId(val name: String, val version: String)

/**
 * How a worker fares, as the dispatcher of one node sees it.
 *
 * @property node its address in the cluster
 * @property device where its encoder runs, in words
 * @property predictedWaitMicros until it would begin with new work, as it last said
 * @property inFlight requests of this node that it has
 * @property isResting whether it gets nothing for a while, since it failed several times in a row
 */
data class WorkerFacts(
    val node: String,
    val encoder: EncoderId,
    val device: String,
    val fellBack: Boolean,
    val isReady: Boolean,
    val queuedTokens: Long,
    val predictedWaitMicros: Long,
    val inFlight: Int,
    val isResting: Boolean,
)

/** What a dispatcher knows of one worker. Times are in nanoseconds. */
internal class Worker(val ref: ActorRef<InferenceCommand>, circuit: CircuitSettings) {
    /** What it offers; null until it has said so. */
    var offer: WireEncoder? = null
        private set
    val id: EncoderId? get() = offer?.let { EncoderId(it.name, it.version) }
    val circuit = Circuit(circuit)
    val latencies = Latencies()
    var inFlight = 0
    private var load = WireLoad(isReady = true, queuedTokens = 0, predictedWaitMicros = 0)
    private var loadAt = 0L
    private var serviceNanos = FIRST_GUESS_NANOS
    private val isLocal = ref.path().address().hasLocalScope()

    val isReady: Boolean get() = load.isReady

    fun describes(offer: WireEncoder) {
        this.offer = offer
    }

    fun reports(load: WireLoad, now: Long) {
        this.load = load
        loadAt = now
    }

    /**
     * When an answer can be expected: what it said of its queue, less the time since, or what this node has sent there if that is more, and
     * its own work; and the way, where that leads to another node.
     */
    fun expectedNanos(now: Long): Double {
        val said = (load.predictedWaitMicros * NANOS_PER_MICRO - (now - loadAt)).coerceAtLeast(0).toDouble()
        val way = if (isLocal) 0.0 else WAY_NANOS
        return maxOf(said, serviceNanos * inFlight) + serviceNanos + way
    }

    /** An answer to a request of [characters] came after [nanos], of which it waited [waitedNanos] in the worker's queue. */
    fun answered(characters: Long, nanos: Long, waitedNanos: Long) {
        latencies.add(characters, nanos)
        weigh((nanos - waitedNanos).coerceAtLeast(0))
    }

    /** Nothing came yet after [nanos], which is unusual. */
    fun isLate(nanos: Long) {
        if (nanos > serviceNanos) weigh(nanos)
    }

    fun facts(now: Long): WorkerFacts? =
        offer?.let {
            WorkerFacts(
                "${ref.path().address()}",
                EncoderId(it.name, it.version),
                it.device,
                it.fellBack,
                load.isReady,
                load.queuedTokens,
                load.predictedWaitMicros,
                inFlight,
                isResting = !circuit.allows(now),
            )
        }

    private fun weigh(nanos: Long) {
        serviceNanos += WEIGHT * (nanos - serviceNanos)
    }

    private companion object {
        /** Less than most answers take, so that a new worker gets work soon. */
        const val FIRST_GUESS_NANOS = 1e6

        /** Of the newest answer in the moving average: some ten answers back count. */
        const val WEIGHT = 0.2

        /** There and back between two nodes, with the messages made and read. */
        const val WAY_NANOS = 1.2e6
    }
}
