package routercluster.policy.outcomes

/** Two models that were compared, in the order of their names. */
data class ModelPair(val first: String, val second: String) {
    init {
        require(first < second) { "$first and $second are not in the order of their names" }
    }

    operator fun contains(model: String) = model == first || model == second
}

/** Comparisons of one [pair] in one slice of time, as in [Cell]. */
data class PairCell(val slice: Long, val pair: ModelPair)

/** What comparisons of a pair came to, in thousandths of one: how often its [first] and its [second] won. A tie is half of one for either. */
data class PairSums(val first: Long = 0, val second: Long = 0) {
    val weight: Long get() = first + second

    operator fun plus(other: PairSums) = PairSums(first + other.first, second + other.second)
}

internal fun Map<PairCell, PairSums>.byPair(): Map<ModelPair, PairSums> {
    val sums = HashMap<ModelPair, PairSums>()
    forEach { (cell, value) -> sums.merge(cell.pair, value, PairSums::plus) }
    return sums
}
