package routercluster.policy.decisions

import routercluster.policy.projections.InputValue
import routercluster.policy.projections.PartitionOutcome
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading
import kotlin.math.max
import kotlin.math.min

/** What a node may still come out as: a set of these bits. A single bit is a settled truth. */
internal const val MAY_BE_FALSE = 1
internal const val MAY_BE_TRUE = 2
internal const val MAY_BE_BLOCKED = 4

/**
 * Where every node of a recipe's rules stands in one request: which truths are still possible, and between which bounds its
 * confidence lies if it comes out true. Bounds only ever narrow, and each is computed by the very operations that compute the
 * final confidence, in the same order, so that rounding cannot carry the final value past them.
 *
 * The working state of one request, confined to the thread that decides it.
 */
internal class Standing private constructor(
    private val nodes: RuleNodes,
    private val may: IntArray,
    private val low: DoubleArray,
    private val high: DoubleArray,
    private val readings: Array<Reading?>,
    private val derived: DerivedStanding,
) {
    private val order = IntArray(nodes.signalCount)

    /** How many signals were read. */
    var readCount = 0
        private set

    val evidence: Evidence get() = Evidence(readings)

    /** The signal read as number [place], from 0. */
    fun readAt(place: Int): Int = order[place]

    fun readingOf(signal: Int): Reading? = readings[signal]

    /** A copy to go on from. */
    fun fork(): Standing {
        val copy = Standing(nodes, may.copyOf(), low.copyOf(), high.copyOf(), readings.copyOf(), derived.fork())
        order.copyInto(copy.order, endIndex = readCount)
        copy.readCount = readCount
        return copy
    }

    /** Notes [reading] and settles anew what rests on [signal]: partitions, then scores, then decisions. */
    fun take(signal: Int, reading: Reading) {
        readings[signal] = reading
        order[readCount++] = signal
        for (partition in nodes.partitionReaders[signal]) derived.settlePartition(partition, readings)
        for (score in nodes.scoreReaders[signal]) settleScore(score)
        for (decision in nodes.readers[signal]) {
            for (node in nodes.starts[decision]..nodes.roots[decision]) settle(node)
        }
    }

    /** How a partition came out; null while a member was not read. */
    fun outcomeOf(partition: Int): PartitionOutcome? = derived.outcomeOf(partition)

    /** The bounds of a score's value, and of an input's to it. */
    fun rangeOf(score: Int): ValueRange = derived.rangeOf(score)

    fun rangeOf(score: Int, input: Int): ValueRange {
        val value = nodes.projections.scores[score]
            .inputs[input]
            .value
        val at = nodes.inputNodes[score][input]
        return when (value) {
            is InputValue.Flag -> {
                val (least, most) = minOf(value.match, value.miss) to maxOf(value.match, value.miss)
                when (val mask = may[at.last]) {
                    MAY_BE_TRUE -> ValueRange(value.match, value.match, isFinal = true)
                    MAY_BE_FALSE -> ValueRange(value.miss, value.miss, isFinal = true)
                    else -> ValueRange(least, most, isSingle(mask))
                }
            }

            is InputValue.Confidence -> {
                val mask = may[at.last]
                when {
                    mask == MAY_BE_FALSE -> ValueRange(0.0, 0.0, isFinal = true)
                    mask == MAY_BE_TRUE -> ValueRange(low[at.last], high[at.last], low[at.last] == high[at.last])
                    mask and MAY_BE_BLOCKED != 0 -> ValueRange(0.0, 1.0, isSingle(mask))
                    else -> ValueRange(0.0, high[at.last], isFinal = false)
                }
            }

            is InputValue.Number -> {
                rangeOf(readings[value.signal], value)
            }

            is InputValue.OfScore -> {
                derived.rangeOf(value.score)
            }
        }
    }

    private fun rangeOf(reading: Reading?, number: InputValue.Number): ValueRange =
        when (reading) {
            null -> {
                ValueRange.UNKNOWN
            }

            is Reading.Seen -> {
                val value = reading.part(number.label).value?.takeIf { it.isFinite() } ?: 0.0
                ValueRange(value, value, isFinal = true)
            }

            is Reading.Failed -> {
                if (number.onError == OnError.BLOCK) ValueRange.NEVER_KNOWN else ValueRange(0.0, 0.0, isFinal = true)
            }
        }

    private fun settleScore(score: Int) {
        val inputs = nodes.inputNodes[score]
        for (input in inputs) for (node in input) settle(node)
        derived.settleScore(score) { rangeOf(score, it) }
    }

    /** Whether [decision] can still match; a blocked one ranks as matched. */
    fun mayMatch(decision: Int): Boolean = may[nodes.roots[decision]] != MAY_BE_FALSE

    fun mustMatch(decision: Int): Boolean = may[nodes.roots[decision]] and MAY_BE_FALSE == 0

    fun isSettled(decision: Int): Boolean = isSingle(may[nodes.roots[decision]])

    /** Least confidence with which [decision] can match; blocked counts as 1.0. */
    fun lowest(decision: Int): Double {
        val root = nodes.roots[decision]
        return if (may[root] and MAY_BE_TRUE == 0) 1.0 else low[root]
    }

    fun highest(decision: Int): Double {
        val root = nodes.roots[decision]
        return if (may[root] and MAY_BE_BLOCKED != 0) 1.0 else high[root]
    }

    fun truth(decision: Int): Truth = truthOf(nodes.roots[decision])

    fun truthOf(node: Int): Truth =
        when (may[node]) {
            MAY_BE_FALSE -> Truth.FALSE
            MAY_BE_TRUE -> Truth.TRUE
            MAY_BE_BLOCKED -> Truth.BLOCKED
            else -> Truth.OPEN
        }

    /** The least confidence that is certain: final once everything is read, 0 where [decision] does not match or is open. */
    fun confidence(decision: Int): Double = if (mustMatch(decision)) lowest(decision) else 0.0

    /**
     * The cheapest unread signal under [node] that can still move it, if cheaper than [best], else [best].
     *
     * @param weighed whether confidence matters too, not truth alone
     * @param cost per signal
     * @param passedOver signals to leave out, or null
     */
    fun cheapest(node: Int, weighed: Boolean, best: Int, cost: IntArray, passedOver: BooleanArray?): Int {
        val mask = may[node]
        if (isSingle(mask) && !(weighed && mask == MAY_BE_TRUE && low[node] < high[node])) return best
        val kind = nodes.kinds[node]
        when (kind) {
            NodeKind.LEAF -> return cheaper(nodes.signals[node], best, cost, passedOver)
            NodeKind.MEMBER -> return cheapestOfPartition(nodes.sources[node], best, cost, passedOver)
            NodeKind.OUTPUT -> return cheapestOfScore(nodes.scoreOf(node), best, cost, passedOver)
            NodeKind.AND, NodeKind.OR, NodeKind.NOT -> Unit
        }
        val weighBelow = weighed && kind != NodeKind.NOT && mask and MAY_BE_TRUE != 0
        val floor = if (kind == NodeKind.OR && mask == MAY_BE_TRUE) low[node] else -1.0
        var found = best
        var child = nodes.firstChild[node]
        while (child >= 0) {
            // A true OR is moved only by a child that can exceed what is certain.
            if (high[child] > floor) found = cheapest(child, weighBelow, found, cost, passedOver)
            child = nodes.nextSibling[child]
        }
        return found
    }

    /** [signal] where it was not read and costs less than [best], else [best]. */
    private fun cheaper(signal: Int, best: Int, cost: IntArray, passedOver: BooleanArray?): Int {
        if (readings[signal] != null || passedOver?.get(signal) == true) return best
        return if (best < 0 || cost[signal] < cost[best]) signal else best
    }

    private fun cheapestOfPartition(partition: Int, best: Int, cost: IntArray, passedOver: BooleanArray?): Int =
        nodes.projections.partitions[partition]
            .members
            .fold(best) { found, member -> cheaper(member, found, cost, passedOver) }

    private fun cheapestOfScore(score: Int, best: Int, cost: IntArray, passedOver: BooleanArray?): Int {
        var found = best
        nodes.projections.scores[score].inputs.forEachIndexed { place, input ->
            if (input.weight == 0.0) return@forEachIndexed
            val root = nodes.inputNodes[score][place].last
            found =
                when (val value = input.value) {
                    is InputValue.Flag -> cheapest(root, weighed = false, found, cost, passedOver)
                    is InputValue.Confidence -> cheapest(root, weighed = true, found, cost, passedOver)
                    is InputValue.Number -> cheaper(value.signal, found, cost, passedOver)
                    is InputValue.OfScore -> cheapestOfScore(value.score, found, cost, passedOver)
                }
        }
        return found
    }

    private fun settle(node: Int) =
        when (nodes.kinds[node]) {
            NodeKind.LEAF -> settleLeaf(node)
            NodeKind.OUTPUT -> settleOutput(node)
            NodeKind.MEMBER -> settleMember(node)
            NodeKind.AND -> settleAnd(node)
            NodeKind.OR -> settleOr(node)
            NodeKind.NOT -> settleNot(node)
        }

    private fun settleLeaf(node: Int) {
        val predicate = nodes.predicates[node]
        when (val reading = readings[nodes.signals[node]]) {
            null -> {
                val whenFailed = if (nodes.onErrors[node] == OnError.BLOCK) MAY_BE_BLOCKED else 0
                val isSure = predicate != null || nodes.flat[node]
                put(node, MAY_BE_FALSE or MAY_BE_TRUE or whenFailed, if (isSure) 1.0 else 0.0, 1.0)
            }

            is Reading.Seen -> {
                val part = reading.part(nodes.labels[node])
                val holds = predicate?.holds(part.value ?: part.confidence) ?: part.matched
                val confidence = if (predicate == null && !nodes.flat[node]) unit(part.confidence) else 1.0
                if (holds) put(node, MAY_BE_TRUE, confidence, confidence) else put(node, MAY_BE_FALSE, 0.0, 0.0)
            }

            is Reading.Failed -> {
                settleFailed(node)
            }
        }
    }

    private fun settleFailed(node: Int) =
        when (nodes.onErrors[node]) {
            OnError.MATCH -> put(node, MAY_BE_TRUE, 1.0, 1.0)
            OnError.NO_MATCH -> put(node, MAY_BE_FALSE, 0.0, 0.0)
            OnError.BLOCK -> put(node, MAY_BE_BLOCKED, 0.0, 0.0)
        }

    private fun settleOutput(node: Int) {
        val mapping = nodes.projections.mappings[nodes.sources[node]]
        val output = nodes.places[node]
        val range = derived.rangeOf(mapping.score)
        val must = mapping.mustHold(output, range.low, range.high)
        if (!must && !mapping.mayHold(output, range.low, range.high)) return put(node, MAY_BE_FALSE, 0.0, 0.0)
        // What was read cannot tell, and nothing else is to be read: an input failed that the score cannot do without.
        if (!must && range.isFinal) return settleFailed(node)
        val least = mapping.leastConfidence(output, range.low, range.high)
        val most = if (range.isFinal) least else 1.0
        val whenFailed = if (nodes.canBlock[mapping.score] && nodes.onErrors[node] == OnError.BLOCK) MAY_BE_BLOCKED else 0
        put(node, if (must) MAY_BE_TRUE else MAY_BE_FALSE or MAY_BE_TRUE or whenFailed, least, most)
    }

    private fun settleMember(node: Int) {
        when (val outcome = derived.outcomeOf(nodes.sources[node])) {
            null -> {
                val whenFailed = if (nodes.onErrors[node] == OnError.BLOCK) MAY_BE_BLOCKED else 0
                put(node, MAY_BE_FALSE or MAY_BE_TRUE or whenFailed, 0.0, 1.0)
            }

            is PartitionOutcome.Won -> {
                val hasWon = outcome.winner == nodes.places[node]
                if (hasWon) put(node, MAY_BE_TRUE, outcome.confidence, outcome.confidence) else put(node, MAY_BE_FALSE, 0.0, 0.0)
            }

            is PartitionOutcome.Failed -> {
                settleFailed(node)
            }
        }
    }

    private fun settleAnd(node: Int) {
        var any = 0
        var all = MAY_BE_FALSE or MAY_BE_TRUE or MAY_BE_BLOCKED
        var lows = 0.0
        var highs = 0.0
        var count = 0
        var child = nodes.firstChild[node]
        while (child >= 0) {
            if (may[child] == MAY_BE_FALSE) return put(node, MAY_BE_FALSE, 0.0, 0.0)
            any = any or may[child]
            all = all and may[child]
            if (nodes.weighs[child]) {
                lows += low[child]
                highs += high[child]
                count++
            }
            child = nodes.nextSibling[child]
        }
        // False needs one child, blocked needs one and no false one, true needs all.
        val mask = any and (MAY_BE_FALSE or MAY_BE_BLOCKED) or (all and MAY_BE_TRUE)
        if (mask and MAY_BE_TRUE == 0 || count == 0) put(node, mask, 0.0, 0.0) else put(node, mask, lows / count, highs / count)
    }

    private fun settleOr(node: Int) {
        var any = 0
        var all = MAY_BE_FALSE or MAY_BE_TRUE or MAY_BE_BLOCKED
        var leastIfOne = 1.0
        var leastCertain = -1.0
        var most = 0.0
        var child = nodes.firstChild[node]
        while (child >= 0) {
            val mask = may[child]
            any = any or mask
            all = all and mask
            if (mask and MAY_BE_TRUE != 0) {
                leastIfOne = min(leastIfOne, low[child])
                most = max(most, high[child])
                if (mask == MAY_BE_TRUE) leastCertain = max(leastCertain, low[child])
            }
            child = nodes.nextSibling[child]
        }
        // True needs one child, blocked needs one and no true one, false needs all.
        when {
            leastCertain >= 0.0 -> put(node, MAY_BE_TRUE, leastCertain, most)
            any and MAY_BE_TRUE == 0 -> put(node, any and MAY_BE_BLOCKED or (all and MAY_BE_FALSE), 0.0, 0.0)
            else -> put(node, any and (MAY_BE_TRUE or MAY_BE_BLOCKED) or (all and MAY_BE_FALSE), leastIfOne, most)
        }
    }

    private fun settleNot(node: Int) {
        val mask = may[nodes.firstChild[node]]
        val blocked = mask and MAY_BE_BLOCKED
        val turned = (mask and MAY_BE_FALSE shl 1) or (mask and MAY_BE_TRUE shr 1)
        val confidence = if (turned and MAY_BE_TRUE == 0) 0.0 else nodes.notConfidence
        put(node, blocked or turned, confidence, confidence)
    }

    private fun put(node: Int, mask: Int, lowest: Double, highest: Double) {
        may[node] = mask
        low[node] = lowest
        high[node] = highest
    }

    /** A confidence that a signal got wrong must not upset the order of decisions: clamped, and 0 where it is no number. */
    private fun unit(confidence: Double): Double = if (confidence >= 0.0) min(confidence, 1.0) else 0.0

    companion object {
        /** Nothing read yet. */
        fun initial(nodes: RuleNodes): Standing {
            val size = nodes.size
            val readings = arrayOfNulls<Reading>(nodes.signalCount)
            val derived = DerivedStanding.initial(nodes.projections)
            val standing = Standing(nodes, IntArray(size), DoubleArray(size), DoubleArray(size), readings, derived)
            for (score in nodes.inputNodes.indices) standing.settleScore(score)
            for (decision in nodes.roots.indices) for (node in nodes.starts[decision]..nodes.roots[decision]) standing.settle(node)
            return standing
        }

        private fun isSingle(mask: Int): Boolean = mask and (mask - 1) == 0
    }
}
