package routercluster.vectorstore.qdrant

import io.qdrant.client.ValueFactory.value
import io.qdrant.client.grpc.Collections.BoolIndexParams
import io.qdrant.client.grpc.Collections.CollectionInfo
import io.qdrant.client.grpc.Collections.CreateCollection
import io.qdrant.client.grpc.Collections.Distance
import io.qdrant.client.grpc.Collections.FloatIndexParams
import io.qdrant.client.grpc.Collections.HnswConfigDiff
import io.qdrant.client.grpc.Collections.IntegerIndexParams
import io.qdrant.client.grpc.Collections.KeywordIndexParams
import io.qdrant.client.grpc.Collections.Modifier
import io.qdrant.client.grpc.Collections.PayloadIndexParams
import io.qdrant.client.grpc.Collections.PayloadSchemaType
import io.qdrant.client.grpc.Collections.QuantizationConfig
import io.qdrant.client.grpc.Collections.QuantizationType
import io.qdrant.client.grpc.Collections.ScalarQuantization
import io.qdrant.client.grpc.Collections.SparseVectorConfig
import io.qdrant.client.grpc.Collections.SparseVectorParams
import io.qdrant.client.grpc.Collections.VectorParams
import io.qdrant.client.grpc.Collections.VectorParamsMap
import io.qdrant.client.grpc.Collections.VectorsConfig
import io.qdrant.client.grpc.Points.CreateFieldIndexCollection
import io.qdrant.client.grpc.Points.FieldType
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.VectorFailure

/**
 * How a collection is laid out on the server. Every search names its partitions, so there is a graph for each partition (`payload_m`) and none over all
 * (`m` = 0). Raw vectors and payloads are on disk, quantised vectors in memory.
 */
internal fun creation(name: String, spec: CollectionSpec, copies: QdrantCopies): CreateCollection {
    val dense = VectorParams
        .newBuilder()
        .setSize(spec.dimension.toLong())
        .setDistance(Distance.Cosine)
        .setOnDisk(true)
        .setHnswConfig(HnswConfigDiff.newBuilder().setM(0).setPayloadM(GRAPH_DEGREE))
    val quantised = ScalarQuantization
        .newBuilder()
        .setType(QuantizationType.Int8)
        .setQuantile(QUANTILE)
        .setAlwaysRam(true)
    val creation = CreateCollection
        .newBuilder()
        .setCollectionName(name)
        .setVectorsConfig(VectorsConfig.newBuilder().setParamsMap(VectorParamsMap.newBuilder().putMap(DENSE, dense.build())))
        .setSparseVectorsConfig(
            SparseVectorConfig.newBuilder().putMap(WORDS, SparseVectorParams.newBuilder().setModifier(Modifier.Idf).build()),
        ).setQuantizationConfig(QuantizationConfig.newBuilder().setScalar(quantised))
        .setOnDiskPayload(true)
        .setReplicationFactor(copies.replicas)
        .setWriteConsistencyFactor(copies.writeConsistency)
        .putMetadata(SCHEMA, value(SCHEMA_VERSION))
        .putMetadata(NAME, value(spec.id.name))
        .putMetadata(ENCODER, value(spec.id.encoder))
        .putMetadata(ENCODER_VERSION, value(spec.id.encoderVersion))
    copies.shards?.let(creation::setShardNumber)
    return creation.build()
}

/** The indexes over payloads that [spec] needs and that [info], where the collection is there already, does not have. */
internal fun indexes(name: String, spec: CollectionSpec, info: CollectionInfo?): List<CreateFieldIndexCollection> {
    val own = spec.fields.entries.associate { (field, kind) -> Payload.OWN + field to kind.index }
    val all = own + (Payload.PARTITION to Index.TENANT) + (Payload.EXPIRES to Index.INSTANT)
    return all.filterKeys { info?.payloadSchemaMap?.containsKey(it) != true }.map { (field, index) ->
        CreateFieldIndexCollection
            .newBuilder()
            .setCollectionName(name)
            .setFieldName(field)
            .setFieldType(index.type)
            .setFieldIndexParams(index.params)
            .setWait(true)
            .build()
    }
}

/** What the server's [info] says of a collection. */
internal fun described(name: String, info: CollectionInfo): CollectionSpec {
    val metadata = info.config.metadataMap
    val version = metadata[SCHEMA]?.integerValue
    if (version != SCHEMA_VERSION) {
        throw VectorFailure.Unreadable(
            "collection $name in Qdrant has schema ${version ?: "of another program, or is of a server before 1.16"}, this release reads $SCHEMA_VERSION",
        )
    }

    fun text(key: String) = metadata[key]?.stringValue.orEmpty()
    val dimension = info.config.params.vectorsConfig.paramsMap.mapMap[DENSE]
        ?.size ?: 0
    val fields = info.payloadSchemaMap.entries
        .filter { it.key.startsWith(Payload.OWN) }
        .associate { (field, schema) -> field.removePrefix(Payload.OWN) to kind(name, schema.dataType) }
    return CollectionSpec(CollectionId(text(NAME), text(ENCODER), text(ENCODER_VERSION)), dimension.toInt(), fields)
}

private enum class Index(val type: FieldType, val params: PayloadIndexParams) {
    TENANT(FieldType.FieldTypeKeyword, keywords(isTenant = true)),
    TEXT(FieldType.FieldTypeKeyword, keywords(isTenant = false)),
    NUMBER(FieldType.FieldTypeFloat, PayloadIndexParams.newBuilder().setFloatIndexParams(FloatIndexParams.getDefaultInstance()).build()),
    FLAG(FieldType.FieldTypeBool, PayloadIndexParams.newBuilder().setBoolIndexParams(BoolIndexParams.getDefaultInstance()).build()),
    INSTANT(
        FieldType.FieldTypeInteger,
        PayloadIndexParams.newBuilder().setIntegerIndexParams(IntegerIndexParams.newBuilder().setLookup(false).setRange(true)).build(),
    ),
}

private fun keywords(isTenant: Boolean): PayloadIndexParams =
    PayloadIndexParams.newBuilder().setKeywordIndexParams(KeywordIndexParams.newBuilder().setIsTenant(isTenant)).build()

private val FieldKind.index: Index
    get() = when (this) {
        FieldKind.TEXT -> Index.TEXT
        FieldKind.NUMBER -> Index.NUMBER
        FieldKind.FLAG -> Index.FLAG
    }

private fun kind(name: String, type: PayloadSchemaType): FieldKind =
    mapOf(
        PayloadSchemaType.Keyword to FieldKind.TEXT,
        PayloadSchemaType.Float to FieldKind.NUMBER,
        PayloadSchemaType.Bool to FieldKind.FLAG,
    )[type] ?: throw VectorFailure.Unreadable("collection $name in Qdrant has an index of kind $type that this program did not make")

/** Goes up whenever entries would be read otherwise. */
private const val SCHEMA_VERSION = 1L
private const val SCHEMA = "schema"
private const val NAME = "name"
private const val ENCODER = "encoder"
private const val ENCODER_VERSION = "encoder_version"
private const val GRAPH_DEGREE = 16L
private const val QUANTILE = 0.99f
