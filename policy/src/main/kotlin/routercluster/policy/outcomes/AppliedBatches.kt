package routercluster.policy.outcomes

/** Whoever sends batches: one run of one node. */
data class Producer(val node: String, val incarnation: Long)

/** What became of a batch, or would become of it. */
enum class Arrival {
    /** It was not here yet. */
    NEW,

    /** It was counted before. */
    REPEATED,

    /** So far ahead of what is here that an older one must be sent first. */
    EARLY,
}

/**
 * Which batches of a producer were counted: all up to [through], and those of [ahead], which came early.
 *
 * @property ahead above [through] + 1, at most [AppliedBatches.AHEAD_MAX] beyond it
 */
data class Progress(val through: Long = 0, val ahead: Set<Long> = emptySet()) {
    internal fun arrival(sequence: Long): Arrival =
        when {
            sequence <= through || sequence in ahead -> Arrival.REPEATED
            sequence - through > AppliedBatches.AHEAD_MAX -> Arrival.EARLY
            else -> Arrival.NEW
        }

    internal fun plus(sequence: Long): Progress {
        var last = through
        val waiting = HashSet(ahead)
        waiting += sequence
        while (waiting.remove(last + 1)) last++
        return Progress(last, waiting)
    }
}

/**
 * Which batches were counted, so that one that is sent again counts once, in whatever order they come. Producers number their
 * batches from 1 without gaps. The producer that was silent for longest is forgotten where there are more than [PRODUCERS_MAX]; a
 * producer that goes on after that is one whose batches are all early, so it starts anew under another incarnation.
 *
 * @property byProducer the one heard last comes last
 */
data class AppliedBatches(val byProducer: Map<Producer, Progress> = emptyMap()) {
    fun arrival(producer: Producer, sequence: Long): Arrival = (byProducer[producer] ?: Progress()).arrival(sequence)

    /** With the batch that is [Arrival.NEW]. */
    fun plus(producer: Producer, sequence: Long): AppliedBatches {
        val order = LinkedHashMap(byProducer)
        val progress = order.remove(producer) ?: Progress()
        order[producer] = progress.plus(sequence)
        while (order.size > PRODUCERS_MAX) order.remove(order.keys.first())
        return AppliedBatches(order)
    }

    companion object {
        const val PRODUCERS_MAX = 512
        const val AHEAD_MAX = 64L
    }
}
