package routercluster.vectorstore.qdrant

import io.grpc.Status
import io.grpc.stub.StreamObserver
import io.qdrant.client.grpc.Collections.PayloadSchemaType
import io.qdrant.client.grpc.Common.Filter
import io.qdrant.client.grpc.JsonWithInt.Value
import io.qdrant.client.grpc.Points.BatchResult
import io.qdrant.client.grpc.Points.CountPoints
import io.qdrant.client.grpc.Points.CountResponse
import io.qdrant.client.grpc.Points.CountResult
import io.qdrant.client.grpc.Points.CreateFieldIndexCollection
import io.qdrant.client.grpc.Points.DeletePoints
import io.qdrant.client.grpc.Points.DenseVector
import io.qdrant.client.grpc.Points.FieldType
import io.qdrant.client.grpc.Points.GetPoints
import io.qdrant.client.grpc.Points.GetResponse
import io.qdrant.client.grpc.Points.NamedVectorsOutput
import io.qdrant.client.grpc.Points.PointStruct
import io.qdrant.client.grpc.Points.PointsOperationResponse
import io.qdrant.client.grpc.Points.QueryBatchPoints
import io.qdrant.client.grpc.Points.QueryBatchResponse
import io.qdrant.client.grpc.Points.QueryPoints
import io.qdrant.client.grpc.Points.QueryResponse
import io.qdrant.client.grpc.Points.RetrievedPoint
import io.qdrant.client.grpc.Points.ScoredPoint
import io.qdrant.client.grpc.Points.ScrollPoints
import io.qdrant.client.grpc.Points.ScrollResponse
import io.qdrant.client.grpc.Points.SparseVector
import io.qdrant.client.grpc.Points.UpdateResult
import io.qdrant.client.grpc.Points.UpdateStatus
import io.qdrant.client.grpc.Points.UpsertPoints
import io.qdrant.client.grpc.Points.Vector
import io.qdrant.client.grpc.Points.VectorOutput
import io.qdrant.client.grpc.Points.VectorsOutput
import io.qdrant.client.grpc.Points.WithPayloadSelector
import io.qdrant.client.grpc.Points.WithVectorsSelector
import io.qdrant.client.grpc.PointsGrpc.PointsImplBase
import kotlin.math.ln

internal class FakePoints(private val fake: FakeQdrant, private val collections: FakeCollections) : PointsImplBase() {
    override fun upsert(request: UpsertPoints, observer: StreamObserver<PointsOperationResponse>) =
        fake.reply(request, observer) {
            val collection = collections.of(request.collectionName)
            if (!request.wait) refuse(Status.INVALID_ARGUMENT, "the store waits")
            for (point in request.pointsList) {
                val dense = dense(point).dense.dataList
                if (dense.size != collection.dimension) refuse(Status.INVALID_ARGUMENT, "Wrong input: Vector dimension error")
                if (sparse(point)?.let { it.indicesList.toSet().size != it.valuesCount } ==
                    true
                ) {
                    refuse(Status.INVALID_ARGUMENT, "indices must be unique")
                }
            }
            request.pointsList.associateByTo(collection.points) { it.id.uuid }
            done()
        }

    override fun delete(request: DeletePoints, observer: StreamObserver<PointsOperationResponse>) =
        fake.reply(request, observer) {
            val collection = collections.of(request.collectionName)
            if (!request.wait) refuse(Status.INVALID_ARGUMENT, "the store waits")
            if (request.points.hasFilter()) {
                collection.points.values.removeIf { meets(request.points.filter, it.payloadMap) }
            } else {
                collection.points.keys -= request.points.points.idsList
                    .map { it.uuid }
                    .toSet()
            }
            done()
        }

    override fun get(request: GetPoints, observer: StreamObserver<GetResponse>) =
        fake.reply(request, observer) {
            val collection = collections.of(request.collectionName)
            val found = request.idsList.mapNotNull { collection.points[it.uuid] }.distinct()
            GetResponse.newBuilder().addAllResult(found.map { retrieved(it, request.withPayload, request.withVectors) }).build()
        }

    override fun scroll(request: ScrollPoints, observer: StreamObserver<ScrollResponse>) =
        fake.reply(request, observer) {
            val from = if (request.hasOffset()) request.offset.uuid else ""
            val found = those(request.collectionName, request.filter).filter { it.id.uuid >= from }
            val reply = ScrollResponse.newBuilder()
            reply.addAllResult(found.take(request.limit).map { retrieved(it, request.withPayload, request.withVectors) })
            found.getOrNull(request.limit)?.let { reply.setNextPageOffset(it.id) }
            reply.build()
        }

    override fun count(request: CountPoints, observer: StreamObserver<CountResponse>) =
        fake.reply(request, observer) {
            val count = those(request.collectionName, request.filter).size.toLong()
            CountResponse.newBuilder().setResult(CountResult.newBuilder().setCount(count)).build()
        }

    override fun query(request: QueryPoints, observer: StreamObserver<QueryResponse>) =
        fake.reply(request, observer) { QueryResponse.newBuilder().addAllResult(ranked(request)).build() }

    override fun queryBatch(request: QueryBatchPoints, observer: StreamObserver<QueryBatchResponse>) =
        fake.reply(request, observer) {
            val rankings = request.queryPointsList.map { BatchResult.newBuilder().addAllResult(ranked(it)).build() }
            QueryBatchResponse.newBuilder().addAllResult(rankings).build()
        }

    override fun createFieldIndex(request: CreateFieldIndexCollection, observer: StreamObserver<PointsOperationResponse>) =
        fake.reply(request, observer) {
            collections.of(request.collectionName).indexes[request.fieldName] = when (request.fieldType) {
                FieldType.FieldTypeKeyword -> PayloadSchemaType.Keyword
                FieldType.FieldTypeInteger -> PayloadSchemaType.Integer
                FieldType.FieldTypeFloat -> PayloadSchemaType.Float
                FieldType.FieldTypeBool -> PayloadSchemaType.Bool
                else -> refuse(Status.UNIMPLEMENTED, "${request.fieldType}")
            }
            done()
        }

    private fun ranked(request: QueryPoints): List<ScoredPoint> {
        val those = those(request.collectionName, request.filter)
        val scored = when (request.using) {
            DENSE -> those.map { it to dot(request.query.nearest.dense.dataList, dense(it).dense.dataList) }
            WORDS -> worded(request.query.nearest.sparse, those, collections.of(request.collectionName).points.values)
            else -> refuse(Status.INVALID_ARGUMENT, "Not existing vector name error: ${request.using}")
        }
        return scored
            .filter { !request.hasScoreThreshold() || it.second >= request.scoreThreshold }
            .sortedByDescending { it.second }
            .take(request.limit.toInt())
            .map { (point, score) ->
                ScoredPoint
                    .newBuilder()
                    .setId(point.id)
                    .setScore(score)
                    .putAllPayload(payload(point, request.withPayload))
                    .setVectors(vectors(point, request.withVectors))
                    .build()
            }
    }

    /** Sparse vectors times how rare each word is among [all], as the modifier `idf` has it. */
    private fun worded(query: SparseVector, those: List<PointStruct>, all: Collection<PointStruct>): List<Pair<PointStruct, Float>> {
        val rarity = query.indicesList.associateWith { word ->
            val having = all.count { word in sparse(it)?.indicesList.orEmpty() }
            ln(1 + (all.size - having + 0.5) / (having + 0.5))
        }
        return those.mapNotNull { point ->
            val words = sparse(point) ?: return@mapNotNull null
            val shared = words.indicesList.zip(words.valuesList).filter { it.first in rarity }
            if (shared.isEmpty()) null else point to shared.sumOf { (word, weight) -> rarity.getValue(word) * weight }.toFloat()
        }
    }

    private fun those(name: String, filter: Filter): List<PointStruct> = collections.of(name).points.values.filter {
        meets(filter, it.payloadMap)
    }

    private fun retrieved(point: PointStruct, payload: WithPayloadSelector, vectors: WithVectorsSelector) = RetrievedPoint
        .newBuilder()
        .setId(point.id)
        .putAllPayload(payload(point, payload))
        .setVectors(vectors(point, vectors))
        .build()

    private fun payload(point: PointStruct, wanted: WithPayloadSelector): Map<String, Value> =
        when {
            wanted.hasExclude() -> point.payloadMap.filterKeys { it !in wanted.exclude.fieldsList }
            wanted.enable -> point.payloadMap
            else -> emptyMap()
        }

    private fun vectors(point: PointStruct, wanted: WithVectorsSelector): VectorsOutput {
        val named = NamedVectorsOutput.newBuilder()
        if (DENSE in wanted.include.namesList) {
            named.putVectors(
                DENSE,
                VectorOutput.newBuilder().setDense(DenseVector.newBuilder().addAllData(dense(point).dense.dataList)).build(),
            )
        }
        return VectorsOutput.newBuilder().setVectors(named).build()
    }

    private companion object {
        fun dense(point: PointStruct): Vector = point.vectors.vectors.vectorsMap
            .getValue(DENSE)

        fun sparse(point: PointStruct): SparseVector? = point.vectors.vectors.vectorsMap[WORDS]
            ?.sparse

        fun dot(a: List<Float>, b: List<Float>): Float = a.zip(b).sumOf { (x, y) -> x.toDouble() * y }.toFloat()

        fun done(): PointsOperationResponse =
            PointsOperationResponse.newBuilder().setResult(UpdateResult.newBuilder().setStatus(UpdateStatus.Completed)).build()
    }
}
