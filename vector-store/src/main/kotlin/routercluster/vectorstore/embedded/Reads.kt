package routercluster.vectorstore.embedded

import org.apache.lucene.index.LeafReaderContext
import org.apache.lucene.index.ReaderUtil
import org.apache.lucene.index.Term
import org.apache.lucene.search.BooleanClause
import org.apache.lucene.search.BooleanQuery
import org.apache.lucene.search.FieldDoc
import org.apache.lucene.search.IndexSearcher
import org.apache.lucene.search.Query
import org.apache.lucene.search.ScoreDoc
import org.apache.lucene.search.Sort
import org.apache.lucene.search.SortField
import org.apache.lucene.search.TermQuery
import org.apache.lucene.util.BytesRef
import org.apache.lucene.util.VectorUtil
import routercluster.policy.vectors.Entry
import routercluster.policy.vectors.Hit
import routercluster.policy.vectors.HybridQuery
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Page
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Refusal
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.fused
import routercluster.policy.vectors.terms
import routercluster.policy.vectors.unit
import java.util.Base64

/**
 * What is read of one state of an index, as at [now].
 *
 * @property depth see [EmbeddedSettings.depthOf]
 */
internal class Reads(private val searcher: IndexSearcher, private val now: Long, private val bits: FilterBits, private val depth: Int) {
    private val leaves: List<LeafReaderContext> = searcher.indexReader.leaves()

    fun get(partition: String, ids: Collection<String>, parts: Set<Part>): List<Entry> =
        searcher.search(all(keys(partition, ids), alive(now)), ids.size).scoreDocs.map { entry(it.doc, parts) }

    fun count(selection: Selection): Long = searcher.count(all(query(selection), alive(now))).toLong()

    fun near(query: NearQuery): List<Hit> =
        nearest(unit(query.vector), query.scope, query.limit)
            .filter { it.score >= query.minimumScore }
            .map { Hit(entry(it.doc, query.parts), it.score) }

    fun hybrid(query: HybridQuery): List<Hit> {
        val near = nearest(unit(query.vector), query.scope, query.depth).map { it.doc }
        return fused(listOf(near, worded(query))).take(query.limit).map { (document, score) -> Hit(entry(document, query.parts), score) }
    }

    /** Documents with the words of [query], best first. */
    private fun worded(query: HybridQuery): List<Int> {
        val words = terms(query.text).distinct().take(IndexSearcher.getMaxClauseCount() / 2)
        if (words.isEmpty()) return emptyList()
        val spoken = words.fold(BooleanQuery.Builder()) { builder, word ->
            builder.add(TermQuery(Term(Named.TEXT, word)), BooleanClause.Occur.SHOULD)
        }
        val found = BooleanQuery
            .Builder()
            .add(spoken.build(), BooleanClause.Occur.MUST)
            .add(all(query(query.scope), alive(now)), BooleanClause.Occur.FILTER)
        return searcher.search(found.build(), query.depth).scoreDocs.map { it.doc }
    }

    /** With their cosines. */
    private fun nearest(unit: FloatArray, scope: Scope, limit: Int): List<ScoreDoc> {
        val count = maxOf(limit, depth)
        // Whether an entry is over changes all the time, so that it cannot be kept as bits. Few are, for the sweep takes them away.
        val all = NearSearch(searcher, bits).candidates(unit, query(scope), count)
        val there = all.filterNot(::isOver)
        val enough = there.size == all.size || there.size >= limit
        return rescored(
            if (enough) there else NearSearch(searcher, null).candidates(unit, all(query(scope), alive(now)), count),
            unit,
            limit,
        )
    }

    private fun isOver(hit: ScoreDoc): Boolean {
        val (leaf, at) = place(hit.doc)
        val values = leaf.reader().getNumericDocValues(Named.EXPIRES)
        return values.advanceExact(at) && values.longValue() <= now
    }

    /** The best [limit] of [candidates] by their vectors as they are on disk. */
    private fun rescored(candidates: List<ScoreDoc>, unit: FloatArray, limit: Int): List<ScoreDoc> =
        candidates
            .take(limit * 2 + RESCORED_MIN)
            .map { hit ->
                val (leaf, at) = place(hit.doc)
                val vectors = leaf.reader().getFloatVectorValues(Named.VECTOR)
                vectors.advance(at)
                ScoreDoc(hit.doc, dot(unit, vectors.vectorValue()).coerceIn(-1f, 1f))
            }.sortedByDescending { it.score }
            .take(limit)

    fun scan(selection: Selection, limit: Int, after: String?, parts: Set<Part>): Page {
        val found = all(query(selection), alive(now))
        // Keys come once, so which document has the last one does not matter; Lucene wants one that there can be.
        val from = after?.let { FieldDoc(maxOf(0, searcher.indexReader.maxDoc() - 1), Float.NaN, arrayOf(cursor(it))) }
        val sorted = searcher.searchAfter(from, found, limit + 1, Sort(SortField(Named.KEY, SortField.Type.STRING))).scoreDocs
        val last = sorted.getOrNull(limit)?.let { (sorted[limit - 1] as FieldDoc).fields[0] as BytesRef }
        return Page(
            sorted.take(limit).map { entry(it.doc, parts) },
            last?.let { Base64.getUrlEncoder().encodeToString(it.bytes.copyOfRange(it.offset, it.offset + it.length)) },
        )
    }

    private fun cursor(text: String): BytesRef {
        val bytes = try {
            Base64.getUrlDecoder().decode(text)
        } catch (failure: IllegalArgumentException) {
            throw VectorFailure.Refused(Refusal.CURSOR, "the cursor is not one of this store: ${failure.message}")
        }
        return BytesRef(bytes)
    }

    fun expiredCount(): Long = searcher.count(expired(now)).toLong()

    fun queryOf(selection: Selection): Query = all(query(selection), alive(now))

    private fun entry(document: Int, parts: Set<Part>): Entry = place(document).let { (leaf, at) -> entry(leaf, at, parts) }

    private fun place(document: Int): Pair<LeafReaderContext, Int> {
        val leaf = leaves[ReaderUtil.subIndex(document, leaves)]
        return leaf to document - leaf.docBase
    }

    private companion object {
        const val RESCORED_MIN = 16

        fun dot(a: FloatArray, b: FloatArray): Float = VectorUtil.dotProduct(a, b)
    }
}
