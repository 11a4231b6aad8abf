package routercluster.policy.signals

import routercluster.policy.catalog.PrototypeScoring
import java.util.BitSet
import kotlin.math.min

/** How the similarities to a bank's prototypes become one score. */
internal enum class Aggregation {
    /** Near the best, and a little of the next best: see [PrototypeScoring]. */
    MAX,

    /** The plain mean over all prototypes. */
    MEAN,

    /** The best alone. */
    ANY,
}

/**
 * Stands for a set of exemplars: near-duplicates are grouped and each group is stood for by its medoid, the member that is most
 * like all others, so that saying one thing in ten ways does not weigh ten times.
 *
 * Groups are found greedily: the exemplar with the most neighbours at cosine [PrototypeScoring.clusterSimilarity] or more takes
 * them all, then the same among the rest. Among equals the first in the file is taken.
 */
internal class PrototypeBank private constructor(private val prototypes: List<FloatArray>, private val scoring: PrototypeScoring) {
    val size: Int get() = prototypes.size

    /** How like the exemplars [query] is, -1..1; a unit vector like theirs. 0 for an empty bank. */
    fun score(query: FloatArray, by: Aggregation = Aggregation.MAX): Double {
        if (prototypes.isEmpty()) return 0.0
        val similarities = DoubleArray(prototypes.size) { cosine(query, prototypes[it]) }
        return when (by) {
            Aggregation.MEAN -> {
                similarities.average()
            }

            Aggregation.ANY -> {
                similarities.max()
            }

            Aggregation.MAX -> {
                similarities.sortDescending()
                val top = similarities.take(scoring.topM)
                scoring.bestWeight * similarities[0] + (1 - scoring.bestWeight) * top.average()
            }
        }
    }

    /** How well either bank's prototypes are met by the nearest of the other's, on average: the worse of the two ways, -1..1. */
    fun likeness(other: PrototypeBank): Double = min(meeting(other), other.meeting(this))

    private fun meeting(other: PrototypeBank): Double =
        prototypes.map { own -> other.prototypes.maxOfOrNull { cosine(own, it) } ?: 0.0 }.ifEmpty { listOf(0.0) }.average()

    companion object {
        /** @param exemplars unit vectors of one length */
        fun of(exemplars: List<FloatArray>, scoring: PrototypeScoring): PrototypeBank {
            if (!scoring.enabled) return PrototypeBank(exemplars, scoring)
            val largest = clusters(exemplars, scoring.clusterSimilarity).sortedByDescending { it.cardinality() }
            return PrototypeBank(largest.take(scoring.prototypesMax).map { medoid(it, exemplars) }, scoring)
        }

        private fun clusters(exemplars: List<FloatArray>, similarity: Double): List<BitSet> {
            val near = exemplars.indices.map { i -> neighbours(i, exemplars, similarity) }
            val left = BitSet(exemplars.size).apply { set(0, exemplars.size) }
            val clusters = mutableListOf<BitSet>()
            while (!left.isEmpty) {
                var best = BitSet()
                var i = left.nextSetBit(0)
                while (i >= 0) {
                    val cluster = (near[i].clone() as BitSet).apply { and(left) }
                    if (cluster.cardinality() > best.cardinality()) best = cluster
                    i = left.nextSetBit(i + 1)
                }
                clusters += best
                left.andNot(best)
            }
            return clusters
        }

        /** Itself is one of them, whatever rounding makes of its length. */
        private fun neighbours(i: Int, exemplars: List<FloatArray>, similarity: Double): BitSet {
            val near = BitSet(exemplars.size)
            exemplars.forEachIndexed { j, other -> if (i == j || cosine(exemplars[i], other) >= similarity) near.set(j) }
            return near
        }

        private fun medoid(cluster: BitSet, exemplars: List<FloatArray>): FloatArray {
            val members = cluster.stream().toArray().map(exemplars::get)
            return members.maxBy { member -> members.sumOf { cosine(member, it) } }
        }
    }
}

/** Cosine of two unit vectors of one length, -1..1; 0 where either holds what is no number. */
fun cosine(a: FloatArray, b: FloatArray): Double {
    var sum = 0.0
    for (i in 0 until min(a.size, b.size)) sum += a[i].toDouble() * b[i]
    return if (sum.isFinite()) sum.coerceIn(-1.0, 1.0) else 0.0
}

/** One bank after the other from [vectors], each of the next [sizes] of them. */
internal fun banksOf(sizes: List<Int>, vectors: List<FloatArray>, scoring: PrototypeScoring): List<PrototypeBank> {
    val starts = sizes.runningFold(0, Int::plus)
    return sizes.mapIndexed { index, size -> PrototypeBank.of(vectors.subList(starts[index], starts[index] + size), scoring) }
}
