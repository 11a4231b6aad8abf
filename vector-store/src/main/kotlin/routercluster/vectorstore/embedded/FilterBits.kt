package routercluster.vectorstore.embedded

import org.apache.lucene.search.DocIdSetIterator
import org.apache.lucene.search.Query
import org.apache.lucene.util.FixedBitSet

/**
 * Which documents of a segment a query has, kept for the queries that were asked last: a large partition is then read once and not for every
 * search. Segments never change; what was deleted from one since is not looked at here.
 */
internal class FilterBits(private val bytesMax: Long) {
    private data class Place(val segment: Any, val query: Query)

    private val kept = LinkedHashMap<Place, FixedBitSet>(16, 0.75f, true)
    private var bytes = 0L

    /** @param found what [query] has in [segment], read where it is not known */
    fun of(segment: Any, query: Query, length: Int, found: () -> DocIdSetIterator): FixedBitSet {
        val place = Place(segment, query)
        synchronized(kept) { kept[place] }?.let { return it }
        val bits = FixedBitSet(length).also { it.or(found()) }
        synchronized(kept) {
            if (kept.put(place, bits) == null) bytes += bits.ramBytesUsed()
            val oldest = kept.entries.iterator()
            while (bytes > bytesMax && oldest.hasNext()) {
                bytes -= oldest.next().value.ramBytesUsed()
                oldest.remove()
            }
        }
        return bits
    }
}
