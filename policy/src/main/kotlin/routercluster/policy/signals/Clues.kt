package routercluster.policy.signals

/**
 * Where to look for what: each entry of a list is found by one of its keys, the one that the fewest others have.
 *
 * @param keysOf the keys that each entry could be found by, in their order; an entry without any is not found here
 * @param weight of an entry's key, by its place in that order; among equally rare keys the heaviest is taken
 */
internal class Clues(keysOf: List<IntArray>, weight: (entry: Int, place: Int) -> Int) {
    private val mask = Integer.highestOneBit(maxOf(keysOf.size, 4) * 8) - 1
    private val heads = IntArray(mask + 1) { NOBODY }
    private val next = IntArray(keysOf.size) { NOBODY }
    private val keys = IntArray(keysOf.size)
    private val places = IntArray(keysOf.size)

    /** A bit for each of [heads] that has an entry: it fits into the nearest memory, which [heads] of thousands of entries do not. */
    private val taken = LongArray((mask + Long.SIZE_BITS) / Long.SIZE_BITS)

    val isEmpty: Boolean = keysOf.all { it.isEmpty() }

    init {
        val frequencies = HashMap<Int, Int>()
        for (own in keysOf) for (key in own.distinct()) frequencies.merge(key, 1, Int::plus)
        for ((entry, own) in keysOf.withIndex()) {
            if (own.isEmpty()) continue
            val place = own.indices.minWith(compareBy({ frequencies.getValue(own[it]) }, { -weight(entry, it) }))
            keys[entry] = own[place]
            places[entry] = place
            val slot = slot(own[place])
            next[entry] = heads[slot]
            heads[slot] = entry
            taken[slot / Long.SIZE_BITS] = taken[slot / Long.SIZE_BITS] or (1L shl slot)
        }
    }

    /** Calls [found] with every entry that is found by [key], and the place of that key among its keys. */
    inline fun forEach(key: Int, found: (entry: Int, place: Int) -> Unit) {
        var entry = first(slot(key))
        while (entry >= 0) {
            if (keys[entry] == key) found(entry, places[entry])
            entry = next[entry]
        }
    }

    private fun first(slot: Int): Int = if (taken[slot / Long.SIZE_BITS] and (1L shl slot) == 0L) NOBODY else heads[slot]

    private fun slot(key: Int): Int = (key * MIX ushr 15) and mask

    private companion object {
        const val MIX = -0x61C88647
        const val NOBODY = -1
    }
}
