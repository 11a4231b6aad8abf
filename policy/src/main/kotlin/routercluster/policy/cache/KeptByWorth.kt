package routercluster.policy.cache

import java.util.TreeSet

/**
 * What is kept under a bound on bytes: where room is needed, what is over goes first, then what is worth least for its bytes. Worth is what an
 * entry saves each time, times how often it was given; what was not given for long loses against what is given now (GreedyDual-Size-Frequency,
 * Cherkasova 1998). Safe for use by many threads.
 */
class KeptByWorth<V : Any>(private val bytesMax: Long) {
    /** What is kept, as whoever lists it sees it. */
    class Seen<V>(val key: String, val value: V, val bytes: Long, val endsAt: Long)

    private class Entry<V>(
        val key: String,
        val value: V,
        val bytes: Long,
        val group: Group<V>,
        val worth: Double,
        val endsAt: Long,
        val number: Long,
    ) {
        var times = 1
        var rank = 0.0
    }

    private class Group<V>(val name: String) {
        val byRank = TreeSet<Entry<V>>(compareBy({ it.rank }, { it.number }))
        var bytes = 0L
    }

    private val entries = HashMap<String, Entry<V>>()
    private val groups = HashMap<String, Group<V>>()
    private val byEnd = TreeSet<Entry<V>>(compareBy({ it.endsAt }, { it.number }))
    private var numbers = 0L
    private var bytes = 0L
    private var worthSum = 0.0
    private var worthCount = 0L
    private var evicted = 0L

    /** The rank of what went last: whoever comes now starts from there. */
    private var level = 0.0

    val count: Int @Synchronized get() = entries.size

    /** Bytes of all entries; at most [bytesMax]. */
    val bytesKept: Long @Synchronized get() = bytes

    /** Entries that had to go for others. */
    val evictedCount: Long @Synchronized get() = evicted

    /** Those whose end is after [now], a copy. */
    @Synchronized
    fun all(now: Long): List<Seen<V>> = entries.values.filter { it.endsAt > now }.map { Seen(it.key, it.value, it.bytes, it.endsAt) }

    @Synchronized
    fun removeIf(isMeant: (key: String, value: V) -> Boolean) = entries.values.filter { isMeant(it.key, it.value) }.forEach(::take)

    /** @param now in the unit of the entries' ends */
    @Synchronized
    fun of(key: String, now: Long): V? {
        val entry = entries[key] ?: return null
        if (entry.endsAt <= now) {
            take(entry)
            return null
        }
        entry.group.byRank.remove(entry)
        entry.times++
        rank(entry)
        return entry.value
    }

    /**
     * Keeps [value] by [key] until [endsAt], in place of what was there.
     *
     * @param group those that share a bound, [groupBytesMax]
     * @param worth what is saved each time that it is given, above 0; null for what nobody knows, which counts as the mean of the others
     * @return false where it is longer than its bound, and nothing was changed but that what was there is gone
     */
    @Synchronized
    fun keep(key: String, value: V, bytes: Long, endsAt: Long, now: Long, group: String, groupBytesMax: Long, worth: Double?): Boolean {
        entries[key]?.let(::take)
        if (bytes > minOf(groupBytesMax, bytesMax)) return false
        while (byEnd.isNotEmpty() && byEnd.first().endsAt <= now) take(byEnd.first())
        groups[group]?.let { own -> while (own.bytes + bytes > groupBytesMax) evict(own.byRank.first()) }
        while (this.bytes + bytes > bytesMax) evict(groups.values.map { it.byRank.first() }.minBy { it.rank })
        if (worth != null) {
            worthSum += worth
            worthCount++
        }
        val mean = if (worthCount == 0L) 1.0 else worthSum / worthCount
        val entry = Entry(key, value, bytes, groups.getOrPut(group) { Group(group) }, worth ?: mean, endsAt, numbers++)
        entries[key] = entry
        byEnd.add(entry)
        entry.group.bytes += bytes
        this.bytes += bytes
        rank(entry)
        return true
    }

    /** Takes the entry of [key] away where [isIt] says so of what is kept. */
    @Synchronized
    fun remove(key: String, isIt: (V) -> Boolean) {
        entries[key]?.takeIf { isIt(it.value) }?.let(::take)
    }

    private fun rank(entry: Entry<V>) {
        entry.rank = level + entry.worth * entry.times / entry.bytes
        entry.group.byRank.add(entry)
    }

    private fun evict(entry: Entry<V>) {
        level = maxOf(level, entry.rank)
        evicted++
        take(entry)
    }

    private fun take(entry: Entry<V>) {
        entries.remove(entry.key)
        byEnd.remove(entry)
        entry.group.byRank.remove(entry)
        entry.group.bytes -= entry.bytes
        bytes -= entry.bytes
        if (entry.group.byRank.isEmpty()) groups.remove(entry.group.name)
    }
}
