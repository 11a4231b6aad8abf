package routercluster.policy.config

/** The name of [known] nearest to [written] by edit distance, or null where none is near enough to be a likely slip. */
fun nearestName(written: String, known: Collection<String>): String? =
    known
        .map { it to editDistance(written.lowercase(), it.lowercase()) }
        .filter { (name, distance) -> distance <= maxOf(1, minOf(written.length, name.length) / 3) }
        .minByOrNull { it.second }
        ?.first

/** Levenshtein distance in UTF-16 units: insertions, deletions and substitutions cost one each. */
fun editDistance(a: String, b: String): Int {
    var previous = IntArray(b.length + 1) { it }
    for (i in 1..a.length) {
        val current = IntArray(b.length + 1)
        current[0] = i
        for (j in 1..b.length) {
            val substitution = previous[j - 1] + if (a[i - 1] == b[j - 1]) 0 else 1
            current[j] = minOf(previous[j] + 1, current[j - 1] + 1, substitution)
        }
        previous = current
    }
    return previous[b.length]
}
