package routercluster.vectorstore.memory

import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.CollectionStats
import routercluster.policy.vectors.Entry
import routercluster.policy.vectors.Hit
import routercluster.policy.vectors.HybridQuery
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Page
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Refusal
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.VectorLimits
import routercluster.policy.vectors.check
import routercluster.policy.vectors.checkIds
import routercluster.policy.vectors.checkResults
import routercluster.policy.vectors.fused
import routercluster.policy.vectors.meets
import routercluster.policy.vectors.terms
import routercluster.policy.vectors.unit
import routercluster.vectorstore.answered
import routercluster.vectorstore.sizeEstimate
import java.time.Clock
import java.util.TreeMap
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicLong

/** @param room bytes that the store has left; never asked with this one locked */
internal class MemoryCollection(
    @Volatile override var spec: CollectionSpec,
    private val clock: Clock,
    private val limits: VectorLimits,
    private val room: () -> Long,
) : VectorCollection,
    AutoCloseable {
    private class Kept(val point: Point, val unit: FloatArray)

    private val kept = TreeMap<String, Kept>()

    @Volatile private var isClosed = false

    val bytes = AtomicLong()

    override fun upsert(points: List<Point>): CompletionStage<Unit> = answered {
        limits.check(points, spec)
        if (points.sumOf { it.sizeEstimate } > room()) throw VectorFailure.Full("the vector store has no room for ${points.size} points")
        locked { for (point in points) put(point) }
    }

    override fun get(partition: String, ids: Collection<String>, parts: Set<Part>): CompletionStage<List<Entry>> = answered {
        limits.checkIds(partition, ids)
        locked {
            ids
                .distinct()
                .mapNotNull { kept[key(partition, it)] }
                .filter(::isThere)
                .map { it.entry(parts) }
        }
    }

    override fun delete(partition: String, ids: Collection<String>): CompletionStage<Unit> = answered {
        limits.checkIds(partition, ids)
        locked { for (id in ids) remove(key(partition, id)) }
    }

    override fun count(selection: Selection): CompletionStage<Long> = answered {
        limits.check(selection, spec)
        locked { those(selection).size.toLong() }
    }

    override fun delete(selection: Selection): CompletionStage<Long> = answered {
        limits.check(selection, spec)
        locked { removed(those(selection)) }
    }

    override fun search(query: NearQuery): CompletionStage<List<Hit>> = answered {
        limits.check(query, spec)
        locked {
            near(query.vector, Selection(query.scope.partitions, query.scope.filter))
                .filter { (_, score) -> score >= query.minimumScore }
                .take(query.limit)
                .map { (one, score) -> Hit(one.entry(query.parts), score) }
        }
    }

    override fun search(query: HybridQuery): CompletionStage<List<Hit>> = answered {
        limits.check(query, spec)
        locked {
            val selection = Selection(query.scope.partitions, query.scope.filter)
            val near = near(query.vector, selection).take(query.depth).map { it.first }
            val worded = those(selection).filter { it.point.text != null }
            val scores = bm25(worded.map { terms(it.point.text.orEmpty()) }, terms(query.text).toSet())
            val spoken = worded
                .zip(scores)
                .filter { it.second > 0 }
                .sortedByDescending { it.second }
                .take(query.depth)
                .map { it.first }
            fused(listOf(near, spoken)).take(query.limit).map { (one, score) -> Hit(one.entry(query.parts), score) }
        }
    }

    override fun scan(selection: Selection, limit: Int, after: String?, parts: Set<Part>): CompletionStage<Page> = answered {
        limits.check(selection, spec)
        limits.checkResults(limit)
        if (after != null && SEPARATOR !in after) throw VectorFailure.Refused(Refusal.CURSOR, "the cursor is not one of this store")
        locked {
            val rest = if (after == null) kept else kept.tailMap(after, false)
            val found = rest.entries
                .asSequence()
                .filter { isMeant(it.value, selection) }
                .take(limit + 1)
                .toList()
            Page(found.take(limit).map { it.value.entry(parts) }, found.getOrNull(limit)?.let { found[limit - 1].key })
        }
    }

    override fun stats(): CompletionStage<CollectionStats> = answered {
        locked { CollectionStats(kept.size.toLong(), bytes.get(), unreclaimed = 0) }
    }

    override fun sweep(): CompletionStage<Long> = answered { locked { removed(kept.values.filterNot(::isThere)) } }

    override fun close() {
        isClosed = true
    }

    private fun put(point: Point) {
        remove(point.key)
        kept[point.key] = Kept(point, unit(point.vector))
        bytes.addAndGet(point.sizeEstimate)
    }

    private fun remove(key: String) {
        kept.remove(key)?.let { bytes.addAndGet(-it.point.sizeEstimate) }
    }

    private fun removed(those: List<Kept>): Long {
        for (one in those) remove(one.point.key)
        return those.size.toLong()
    }

    private fun near(vector: FloatArray, selection: Selection): List<Pair<Kept, Float>> {
        val wanted = unit(vector)
        return those(selection).map { it to cosine(wanted, it.unit) }.sortedByDescending { it.second }
    }

    private fun those(selection: Selection): List<Kept> = kept.values.filter { isMeant(it, selection) }

    private fun isMeant(one: Kept, selection: Selection): Boolean =
        (selection.partitions == null || one.point.partition in selection.partitions.orEmpty()) &&
            isThere(one) &&
            selection.filter.meets(one.point.fields)

    private fun isThere(one: Kept) = one.point.expiresAt > clock.millis()

    private fun Kept.entry(parts: Set<Part>) = Entry(
        point.partition,
        point.id,
        point.fields,
        point.expiresAt,
        unit.takeIf { Part.VECTOR in parts },
        point.text.takeIf { Part.TEXT in parts },
        point.body.takeIf { Part.BODY in parts },
    )

    private inline fun <T> locked(block: () -> T): T {
        if (isClosed) throw VectorFailure.Closed("collection ${spec.id} is closed")
        return synchronized(kept, block)
    }

    private companion object {
        /** Stands in no partition and no id, and before whatever does. */
        const val SEPARATOR = '\u0000'

        val Point.key: String get() = key(partition, id)

        fun key(partition: String, id: String) = "$partition$SEPARATOR$id"

        fun cosine(a: FloatArray, b: FloatArray): Float = a.indices.sumOf { a[it].toDouble() * b[it] }.toFloat()
    }
}
