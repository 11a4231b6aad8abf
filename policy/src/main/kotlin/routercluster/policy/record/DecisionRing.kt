package routercluster.policy.record

import routercluster.policy.outcomes.VerdictSums

/**
 * The newest decision records by id: at most [sizeMax], the oldest dropped first. Safe for use by many threads.
 */
class DecisionRing(private val sizeMax: Int) {
    private val records = LinkedHashMap<String, DecisionRecord>()
    private val listeners = LinkedHashMap<String, (VerdictSums) -> Unit>()

    init {
        require(sizeMax >= 0) { "sizeMax is $sizeMax; expected 0 or more" }
    }

    val size: Int get() = synchronized(records) { records.size }

    /** Adds [record] as the newest, in place of an older one of the same id. */
    fun add(record: DecisionRecord) {
        synchronized(records) {
            records.remove(record.id)
            records[record.id] = record
            while (records.size > sizeMax) records.remove(records.keys.first())
        }
    }

    operator fun get(id: String): DecisionRecord? = synchronized(records) { records[id] }

    /**
     * Whatever is said of the answer to the request [id] is told to [told], which returns at once: as long as the request is one of the newest
     * [LISTENERS_MAX] that somebody listens to. One listens to a request at a time.
     */
    fun whenJudged(id: String, told: (VerdictSums) -> Unit) {
        synchronized(listeners) {
            listeners.remove(id)
            listeners[id] = told
            if (listeners.size > LISTENERS_MAX) listeners.remove(listeners.keys.first())
        }
    }

    /** Somebody said [sums] of the answer to the request [id]. False where nothing is known of it here. */
    fun judged(id: String, sums: VerdictSums): Boolean {
        val record = this[id]
        val told = synchronized(listeners) { listeners[id] }
        record?.judged(sums)
        told?.invoke(sums)
        return record != null || told != null
    }

    /** Up to [count] records that came after that of [id], the oldest first; from the oldest on where [id] is null or not kept any more. */
    fun after(id: String?, count: Int): List<DecisionRecord> {
        val all = synchronized(records) { records.values.toList() }
        val place = if (id == null) -1 else all.indexOfFirst { it.id == id }
        return all.subList(place + 1, minOf(all.size, place + 1 + count))
    }

    /** Up to [count] records, the newest first. */
    fun newest(count: Int): List<DecisionRecord> = synchronized(records) { records.values.toList() }.takeLast(count).asReversed()

    companion object {
        /** At some half a kilobyte each. */
        const val LISTENERS_MAX = 50_000
    }
}
