package routercluster.vectorstore.embedded

import org.apache.lucene.index.LeafReaderContext
import org.apache.lucene.search.DocIdSetIterator
import org.apache.lucene.search.IndexSearcher
import org.apache.lucene.search.KnnCollector
import org.apache.lucene.search.Query
import org.apache.lucene.search.ScoreDoc
import org.apache.lucene.search.ScoreMode
import org.apache.lucene.search.ScorerSupplier
import org.apache.lucene.search.TopKnnCollector
import org.apache.lucene.search.knn.MultiLeafKnnCollector
import org.apache.lucene.util.BitSet
import org.apache.lucene.util.BitSetIterator
import org.apache.lucene.util.Bits
import org.apache.lucene.util.hnsw.BlockingFloatHeap

/**
 * The documents of a query that are nearest to a vector. Where the query has few documents every one of them is compared; where it has many,
 * the graph is walked, and only those that the query has are collected on the way.
 *
 * @property bits null where queries do not come again
 */
internal class NearSearch(private val searcher: IndexSearcher, private val bits: FilterBits?) {
    /** At most [count], best first, with the scores of quantised vectors, which are near the true ones. */
    fun candidates(unit: FloatArray, query: Query, count: Int): List<ScoreDoc> {
        val weight = searcher.createWeight(searcher.rewrite(query), ScoreMode.COMPLETE_NO_SCORES, 1f)
        // The largest first: what it finds spares the others most of their way.
        val leaves = searcher.indexReader.leaves().sortedByDescending { it.reader().maxDoc() }
        val shared = if (leaves.size > 1) BlockingFloatHeap(count) else null
        return leaves
            .flatMap { leaf ->
                val found = weight.scorerSupplier(leaf) ?: return@flatMap emptyList()
                LeafSearch(leaf, unit, count, shared).candidates(found, query)
            }.sortedByDescending { it.score }
            .take(count)
    }

    private inner class LeafSearch(
        private val leaf: LeafReaderContext,
        private val unit: FloatArray,
        private val count: Int,
        private val shared: BlockingFloatHeap?,
    ) {
        private val reader = leaf.reader()

        fun candidates(found: ScorerSupplier, query: Query): List<ScoreDoc> {
            val top = if (isSmall(found.cost())) exact(found.get(Long.MAX_VALUE).iterator()) else among(meant(found, query))
            return top.map { ScoreDoc(it.doc + leaf.docBase, it.score) }
        }

        private fun meant(found: ScorerSupplier, query: Query): BitSet {
            val read = { found.get(Long.MAX_VALUE).iterator() }
            val segment = reader.coreCacheHelper
            if (bits == null || segment == null) return BitSet.of(read(), reader.maxDoc())
            return bits.of(segment.key, query, reader.maxDoc(), read)
        }

        private fun among(meant: BitSet): List<ScoreDoc> {
            val size = meant.cardinality()
            if (isSmall(size.toLong())) return exact(BitSetIterator(meant, size.toLong()))
            val top = TopKnnCollector(count, size)
            val collector: KnnCollector = if (shared == null) top else MultiLeafKnnCollector(count, shared, top)
            reader.searchNearestVectors(Named.VECTOR, unit, collector, and(meant, reader.liveDocs))
            // The graph leads through those that are not meant too. With as many steps every one that is meant can be compared.
            return if (top.earlyTerminated()) exact(BitSetIterator(meant, size.toLong())) else top.topDocs().scoreDocs.asList()
        }

        /**
         * A graph finds [count] that are meant among all after some count × all / meant comparisons, while comparing with every one that
         * is meant takes meant of them.
         */
        private fun isSmall(meant: Long): Boolean = meant <= count || meant * meant <= count.toLong() * reader.maxDoc()

        private fun exact(meant: DocIdSetIterator): List<ScoreDoc> {
            val scorer = reader.getFloatVectorValues(Named.VECTOR)?.scorer(unit) ?: return emptyList()
            val vectors = scorer.iterator()
            val live = reader.liveDocs
            val top = TopKnnCollector(count, Int.MAX_VALUE)
            var at = meant.nextDoc()
            while (at != DocIdSetIterator.NO_MORE_DOCS) {
                if ((live == null || live.get(at)) && vectors.advance(at) == at) top.collect(at, scorer.score())
                at = meant.nextDoc()
            }
            return top.topDocs().scoreDocs.asList()
        }
    }

    private companion object {
        fun and(meant: BitSet, live: Bits?): Bits =
            if (live == null) {
                meant
            } else {
                object : Bits {
                    override fun get(index: Int): Boolean = meant.get(index) && live.get(index)

                    override fun length(): Int = meant.length()
                }
            }
    }
}
