package routercluster.vectorstore.qdrant

import io.grpc.Status
import io.grpc.stub.StreamObserver
import io.qdrant.client.grpc.Collections.CollectionConfig
import io.qdrant.client.grpc.Collections.CollectionDescription
import io.qdrant.client.grpc.Collections.CollectionInfo
import io.qdrant.client.grpc.Collections.CollectionOperationResponse
import io.qdrant.client.grpc.Collections.CollectionParams
import io.qdrant.client.grpc.Collections.CreateCollection
import io.qdrant.client.grpc.Collections.DeleteCollection
import io.qdrant.client.grpc.Collections.Distance
import io.qdrant.client.grpc.Collections.GetCollectionInfoRequest
import io.qdrant.client.grpc.Collections.GetCollectionInfoResponse
import io.qdrant.client.grpc.Collections.ListCollectionsRequest
import io.qdrant.client.grpc.Collections.ListCollectionsResponse
import io.qdrant.client.grpc.Collections.PayloadSchemaInfo
import io.qdrant.client.grpc.Collections.PayloadSchemaType
import io.qdrant.client.grpc.CollectionsGrpc.CollectionsImplBase
import io.qdrant.client.grpc.Points.PointStruct
import java.util.TreeMap

internal class FakeCollection(val creation: CreateCollection) {
    val indexes = TreeMap<String, PayloadSchemaType>()

    /** By their ids as texts, which is the order of a scroll. */
    val points = TreeMap<String, PointStruct>()

    val dimension: Int = creation.vectorsConfig.paramsMap.mapMap
        .getValue(DENSE)
        .size
        .toInt()

    init {
        if (creation.vectorsConfig.paramsMap.mapMap
                .getValue(DENSE)
                .distance != Distance.Cosine
        ) {
            refuse(Status.UNIMPLEMENTED, "cosine only")
        }
    }

    val info: CollectionInfo
        get() = CollectionInfo
            .newBuilder()
            .setConfig(
                CollectionConfig
                    .newBuilder()
                    .setParams(CollectionParams.newBuilder().setVectorsConfig(creation.vectorsConfig))
                    .putAllMetadata(creation.metadataMap),
            ).putAllPayloadSchema(indexes.mapValues { PayloadSchemaInfo.newBuilder().setDataType(it.value).build() })
            .build()
}

internal class FakeCollections(private val fake: FakeQdrant) : CollectionsImplBase() {
    private val all = TreeMap<String, FakeCollection>()

    fun of(name: String): FakeCollection = all[name] ?: refuse(Status.NOT_FOUND, "Not found: Collection `$name` doesn't exist!")

    fun make(creation: CreateCollection) {
        if (creation.collectionName in all) refuse(Status.ALREADY_EXISTS, "Collection `${creation.collectionName}` already exists!")
        all[creation.collectionName] = FakeCollection(creation)
    }

    override fun get(request: GetCollectionInfoRequest, observer: StreamObserver<GetCollectionInfoResponse>) =
        fake.reply(request, observer) { GetCollectionInfoResponse.newBuilder().setResult(of(request.collectionName).info).build() }

    override fun create(request: CreateCollection, observer: StreamObserver<CollectionOperationResponse>) =
        fake.reply(request, observer) {
            make(request)
            CollectionOperationResponse.newBuilder().setResult(true).build()
        }

    override fun list(request: ListCollectionsRequest, observer: StreamObserver<ListCollectionsResponse>) =
        fake.reply(request, observer) {
            val names = all.keys.map { CollectionDescription.newBuilder().setName(it).build() }
            ListCollectionsResponse.newBuilder().addAllCollections(names).build()
        }

    override fun delete(request: DeleteCollection, observer: StreamObserver<CollectionOperationResponse>) =
        fake.reply(request, observer) {
            CollectionOperationResponse.newBuilder().setResult(all.remove(request.collectionName) != null).build()
        }
}
