package routercluster.policy.record

/**
 * The newest decision records by id: at most [sizeMax], the oldest dropped first. Safe for use by many threads.
 */
class DecisionRing(private val sizeMax: Int) {
    private val records = LinkedHashMap<String, DecisionRecord>()

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

    /** Up to [count] records that came after that of [id], the oldest first; from the oldest on where [id] is null or not kept any more. */
    fun after(id: String?, count: Int): List<DecisionRecord> {
        val all = synchronized(records) { records.values.toList() }
        val place = if (id == null) -1 else all.indexOfFirst { it.id == id }
        return all.subList(place + 1, minOf(all.size, place + 1 + count))
    }

    /** Up to [count] records, the newest first. */
    fun newest(count: Int): List<DecisionRecord> = synchronized(records) { records.values.toList() }.takeLast(count).asReversed()
}
