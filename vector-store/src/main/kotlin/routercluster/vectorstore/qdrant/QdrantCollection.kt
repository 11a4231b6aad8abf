package routercluster.vectorstore.qdrant

import io.qdrant.client.PointIdFactory
import io.qdrant.client.QueryFactory.nearest
import io.qdrant.client.grpc.Common.PointId
import io.qdrant.client.grpc.Points.CountPoints
import io.qdrant.client.grpc.Points.DeletePoints
import io.qdrant.client.grpc.Points.GetPoints
import io.qdrant.client.grpc.Points.PointsIdsList
import io.qdrant.client.grpc.Points.PointsSelector
import io.qdrant.client.grpc.Points.QuantizationSearchParams
import io.qdrant.client.grpc.Points.QueryBatchPoints
import io.qdrant.client.grpc.Points.QueryPoints
import io.qdrant.client.grpc.Points.ReadConsistency
import io.qdrant.client.grpc.Points.ReadConsistencyType
import io.qdrant.client.grpc.Points.ScrollPoints
import io.qdrant.client.grpc.Points.SearchParams
import io.qdrant.client.grpc.Points.UpsertPoints
import io.qdrant.client.grpc.PointsGrpc.PointsFutureStub
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
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.check
import routercluster.policy.vectors.checkIds
import routercluster.policy.vectors.checkResults
import routercluster.policy.vectors.fused
import routercluster.policy.vectors.unit
import routercluster.vectorstore.begun
import java.time.Clock
import java.time.Duration
import java.util.UUID
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit

/**
 * @param name of the collection on the server
 * @param stubs for calls that end within a time
 */
internal class QdrantCollection(
    @Volatile override var spec: CollectionSpec,
    private val name: String,
    private val settings: QdrantSettings,
    private val clock: Clock,
    private val calls: Calls,
    private val stubs: () -> PointsFutureStub,
) : VectorCollection {
    private val limits = settings.limits

    @Volatile private var isClosed = false

    fun close() {
        isClosed = true
    }

    override fun upsert(points: List<Point>): CompletionStage<Unit> = begun {
        refuseClosed()
        limits.check(points, spec)
        // Of points with one id the last stays, which the server does not promise.
        val structs = points.associateBy { it.partition to it.id }.values.map(::pointStruct)
        structs.chunked(UPSERT_POINTS_MAX).fold(done) { before, some ->
            before.thenCompose {
                val request = UpsertPoints
                    .newBuilder()
                    .setCollectionName(name)
                    .setWait(true)
                    .addAllPoints(some)
                    .build()
                calls.ask { within(it).upsert(request) }.thenApply { }
            }
        }
    }

    override fun get(partition: String, ids: Collection<String>, parts: Set<Part>): CompletionStage<List<Entry>> = begun {
        refuseClosed()
        limits.checkIds(partition, ids)
        entries(ids.map { pointId(partition, it) }, parts).thenApply { it.values.toList() }
    }

    override fun delete(partition: String, ids: Collection<String>): CompletionStage<Unit> = begun {
        refuseClosed()
        limits.checkIds(partition, ids)
        val those = PointsIdsList.newBuilder().addAllIds(ids.map { pointId(partition, it) })
        if (ids.isEmpty()) done else delete(PointsSelector.newBuilder().setPoints(those))
    }

    override fun count(selection: Selection): CompletionStage<Long> = begun {
        refuseClosed()
        limits.check(selection, spec)
        count(CountPoints.newBuilder().setFilter(conditions(selection, clock.millis())))
    }

    override fun delete(selection: Selection): CompletionStage<Long> = begun {
        refuseClosed()
        limits.check(selection, spec)
        val conditions = conditions(selection, clock.millis())
        count(CountPoints.newBuilder().setFilter(conditions)).thenCompose { count ->
            delete(PointsSelector.newBuilder().setFilter(conditions)).thenApply { count }
        }
    }

    override fun search(query: NearQuery): CompletionStage<List<Hit>> = begun {
        refuseClosed()
        limits.check(query, spec)
        val request = near(query.vector, query.scope, query.limit)
            .setScoreThreshold(query.minimumScore)
            .setWithPayload(payloadOf(query.parts))
            .setWithVectors(vectorsOf(query.parts))
            .build()
        calls.ask { within(it).query(request) }.thenApply { reply ->
            reply.resultList.map { Hit(entry(it.payloadMap, it.vectors, query.parts), it.score) }
        }
    }

    override fun search(query: HybridQuery): CompletionStage<List<Hit>> = begun {
        refuseClosed()
        limits.check(query, spec)
        val words = SparseWords.ofQuery(query.text)
        val spoken = asked(query.scope, query.depth).setQuery(nearest(words.values, words.indices)).setUsing(WORDS)
        val searches = listOfNotNull(near(query.vector, query.scope, query.depth), spoken.takeIf { words.indices.isNotEmpty() })
        val request = QueryBatchPoints.newBuilder().setCollectionName(name).addAllQueryPoints(searches.map { it.build() })
        readConsistency?.let(request::setReadConsistency)
        calls.ask { within(it).queryBatch(request.build()) }.thenCompose { reply ->
            val best = fused(reply.resultList.map { ranking -> ranking.resultList.map { it.id } }).take(query.limit)
            entries(best.map { it.first }, query.parts).thenApply { found ->
                best.mapNotNull { (id, score) -> found[id]?.let { Hit(it, score) } }
            }
        }
    }

    override fun scan(selection: Selection, limit: Int, after: String?, parts: Set<Part>): CompletionStage<Page> = begun {
        refuseClosed()
        limits.check(selection, spec)
        limits.checkResults(limit)
        val request = ScrollPoints
            .newBuilder()
            .setCollectionName(name)
            .setFilter(conditions(selection, clock.millis()))
            .setLimit(limit)
            .setWithPayload(payloadOf(parts))
            .setWithVectors(vectorsOf(parts))
        after?.let { request.setOffset(cursor(it)) }
        readConsistency?.let(request::setReadConsistency)
        calls.ask { within(it).scroll(request.build()) }.thenApply { reply ->
            val next = if (reply.hasNextPageOffset()) reply.nextPageOffset.uuid else null
            Page(reply.resultList.map { entry(it.payloadMap, it.vectors, parts) }, next)
        }
    }

    override fun stats(): CompletionStage<CollectionStats> = begun {
        refuseClosed()
        count(
            CountPoints.newBuilder(),
        ).thenApply { CollectionStats(it, it * (spec.dimension * VECTOR_BYTES + ENTRY_BYTES), unreclaimed = 0) }
    }

    override fun sweep(): CompletionStage<Long> = begun {
        refuseClosed()
        val over = expired(clock.millis())
        count(CountPoints.newBuilder().setFilter(over)).thenCompose { count ->
            if (count ==
                0L
            ) {
                CompletableFuture.completedFuture(0L)
            } else {
                delete(PointsSelector.newBuilder().setFilter(over)).thenApply { count }
            }
        }
    }

    private fun near(vector: FloatArray, scope: Scope, limit: Int): QueryPoints.Builder {
        // Without a second look scores would be those of the quantised vectors.
        val exactly = QuantizationSearchParams.newBuilder().setRescore(true).setOversampling(OVERSAMPLING)
        return asked(scope, limit)
            .setQuery(nearest(unit(vector).asList()))
            .setUsing(DENSE)
            .setParams(SearchParams.newBuilder().setHnswEf(maxOf(limit, settings.depth).toLong()).setQuantization(exactly))
    }

    private fun asked(scope: Scope, limit: Int): QueryPoints.Builder {
        val query = QueryPoints
            .newBuilder()
            .setCollectionName(name)
            .setFilter(conditions(Selection(scope.partitions, scope.filter), clock.millis()))
            .setLimit(limit.toLong())
        readConsistency?.let(query::setReadConsistency)
        return query
    }

    private fun entries(ids: List<PointId>, parts: Set<Part>): CompletionStage<Map<PointId, Entry>> {
        if (ids.isEmpty()) return CompletableFuture.completedFuture(emptyMap())
        val request = GetPoints
            .newBuilder()
            .setCollectionName(name)
            .addAllIds(ids)
            .setWithPayload(payloadOf(parts))
            .setWithVectors(vectorsOf(parts))
        readConsistency?.let(request::setReadConsistency)
        return calls.ask { within(it).get(request.build()) }.thenApply { reply ->
            val now = clock.millis()
            reply.resultList.associate { it.id to entry(it.payloadMap, it.vectors, parts) }.filterValues { it.expiresAt > now }
        }
    }

    private fun count(request: CountPoints.Builder): CompletionStage<Long> {
        readConsistency?.let(request::setReadConsistency)
        val exactly = request.setCollectionName(name).setExact(true).build()
        return calls.ask { within(it).count(exactly) }.thenApply { it.result.count }
    }

    private fun delete(those: PointsSelector.Builder): CompletionStage<Unit> {
        val request = DeletePoints
            .newBuilder()
            .setCollectionName(name)
            .setWait(true)
            .setPoints(those)
            .build()
        return calls.ask { within(it).delete(request) }.thenApply { }
    }

    private fun within(time: Duration): PointsFutureStub = stubs().withDeadlineAfter(time.toNanos(), TimeUnit.NANOSECONDS)

    private val readConsistency: ReadConsistency? = settings.copies.read?.let {
        val type = when (it) {
            QdrantAgreement.MAJORITY -> ReadConsistencyType.Majority
            QdrantAgreement.QUORUM -> ReadConsistencyType.Quorum
            QdrantAgreement.ALL -> ReadConsistencyType.All
        }
        ReadConsistency.newBuilder().setType(type).build()
    }

    private fun refuseClosed() {
        if (isClosed) throw VectorFailure.Closed("collection ${spec.id} is closed")
    }

    private companion object {
        val done: CompletionStage<Unit> = CompletableFuture.completedFuture(Unit)

        /** Of one request; more are sent in several, one after another. */
        const val UPSERT_POINTS_MAX = 256
        const val OVERSAMPLING = 2.0

        /** The number itself, and quantised. */
        const val VECTOR_BYTES = 5L
        const val ENTRY_BYTES = 500L

        fun cursor(text: String): PointId =
            try {
                PointIdFactory.id(UUID.fromString(text))
            } catch (failure: IllegalArgumentException) {
                throw VectorFailure.Refused(Refusal.CURSOR, "the cursor is not one of this store: ${failure.message}")
            }
    }
}
