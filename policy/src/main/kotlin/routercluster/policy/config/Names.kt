package routercluster.policy.config

import kotlin.math.abs

/** The name of [known] nearest to [written] by edit distance, or null where none is near enough to be a likely slip. */
fun nearestName(written: String, known: Collection<String>): String? =
    known
        .filter { abs(it.length - written.length) <= maxOf(1, it.length / 3) }
        .map { it to editDistance(written.lowercase(), it.lowercase()) }
        .filter { (name, distance) -> distance <= maxOf(1, minOf(written.length, name.length) / 3) }
        .minByOrNull { it.second }
        ?.first

/**
 * Edit distance in UTF-16 units: an insertion, a deletion, a substitution or a swap of neighbours costs one (optimal string
 * alignment). Time is the product of the lengths.
 */
fun editDistance(a: String, b: String): Int {
    var beforePrevious = IntArray(b.length + 1)
    var previous = IntArray(b.length + 1) { it }
    for (i in 1..a.length) {
        val current = IntArray(b.length + 1)
        current[0] = i
        for (j in 1..b.length) {
            val substitution = previous[j - 1] + if (a[i - 1] == b[j - 1]) 0 else 1
            current[j] = minOf(previous[j] + 1, current[j - 1] + 1, substitution)
            val swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]
            if (swapped) current[j] = minOf(current[j], beforePrevious[j - 2] + 1)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[b.length]
}
