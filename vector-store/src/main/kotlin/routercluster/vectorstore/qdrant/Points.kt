package routercluster.vectorstore.qdrant

import io.qdrant.client.PointIdFactory
import io.qdrant.client.ValueFactory.value
import io.qdrant.client.VectorFactory
import io.qdrant.client.VectorOutputHelper
import io.qdrant.client.grpc.Common.PointId
import io.qdrant.client.grpc.JsonWithInt.Value
import io.qdrant.client.grpc.Points.NamedVectors
import io.qdrant.client.grpc.Points.PayloadExcludeSelector
import io.qdrant.client.grpc.Points.PointStruct
import io.qdrant.client.grpc.Points.Vectors
import io.qdrant.client.grpc.Points.VectorsOutput
import io.qdrant.client.grpc.Points.VectorsSelector
import io.qdrant.client.grpc.Points.WithPayloadSelector
import io.qdrant.client.grpc.Points.WithVectorsSelector
import routercluster.policy.vectors.Entry
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.unit
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.UUID
import kotlin.math.abs

/** Names of a point's vectors. */
internal const val DENSE = "dense"
internal const val WORDS = "words"

/** Qdrant's ids are numbers or UUIDs, so this is a hash of partition and id. */
internal fun pointId(partition: String, id: String): PointId {
    val hash = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest("$partition\u0000$id".toByteArray()))
    return PointIdFactory.id(UUID(hash.getLong(), hash.getLong()))
}

internal fun pointStruct(point: Point): PointStruct {
    val vectors = NamedVectors.newBuilder().putVectors(DENSE, VectorFactory.vector(unit(point.vector).asList()))
    val words = point.text?.let(SparseWords::ofText)
    if (words != null && words.indices.isNotEmpty()) vectors.putVectors(WORDS, VectorFactory.vector(words.values, words.indices))
    val payload = buildMap {
        put(Payload.PARTITION, value(point.partition))
        put(Payload.ID, value(point.id))
        put(Payload.EXPIRES, value(point.expiresAt))
        put(Payload.BODY, value(packed(point.body)))
        point.text?.let { put(Payload.TEXT, value(it)) }
        for ((field, content) in point.fields) put(Payload.OWN + field, written(content))
    }
    return PointStruct
        .newBuilder()
        .setId(pointId(point.partition, point.id))
        .setVectors(Vectors.newBuilder().setVectors(vectors))
        .putAllPayload(payload)
        .build()
}

private fun written(content: FieldValue): Value =
    when (content) {
        is FieldValue.Text -> value(content.value)
        is FieldValue.Number -> written(content.value)
        is FieldValue.Flag -> value(content.value)
    }

/** A whole number goes as one: Qdrant may be off by one in the last of 53 bits of a number that it keeps as a fraction. */
private fun written(number: Double): Value =
    if (abs(number) <= WHOLE_MAX && number.toLong().toDouble().equals(number)) value(number.toLong()) else value(number)

private const val WHOLE_MAX = 1L shl 53

/** @param payload as far as [payloadOf] asked for it */
internal fun entry(payload: Map<String, Value>, vectors: VectorsOutput, parts: Set<Part>): Entry {
    val fields = payload.filterKeys { it.startsWith(Payload.OWN) }.entries.associate { it.key.removePrefix(Payload.OWN) to read(it.value) }
    val numbers = vectors.vectors.vectorsMap[DENSE]?.let { VectorOutputHelper.getDenseVector(it)?.dataList }
    return Entry(
        payload[Payload.PARTITION]?.stringValue ?: throw foreign(),
        payload[Payload.ID]?.stringValue ?: throw foreign(),
        fields,
        payload[Payload.EXPIRES]?.integerValue ?: throw foreign(),
        numbers?.toFloatArray().takeIf { Part.VECTOR in parts },
        payload[Payload.TEXT]?.stringValue,
        payload[Payload.BODY]?.let { body(it.stringValue) },
    )
}

private fun body(text: String): ByteArray =
    try {
        unpacked(text)
    } catch (failure: IllegalArgumentException) {
        throw VectorFailure.Unreadable("a point in Qdrant has a body that this program did not write", failure)
    }

private fun read(value: Value): FieldValue =
    when (value.kindCase) {
        Value.KindCase.STRING_VALUE -> FieldValue.Text(value.stringValue)

        Value.KindCase.DOUBLE_VALUE -> FieldValue.Number(value.doubleValue)

        Value.KindCase.INTEGER_VALUE -> FieldValue.Number(value.integerValue.toDouble())

        Value.KindCase.BOOL_VALUE -> FieldValue.Flag(value.boolValue)

        Value.KindCase.NULL_VALUE,
        Value.KindCase.STRUCT_VALUE,
        Value.KindCase.LIST_VALUE,
        Value.KindCase.KIND_NOT_SET,
        null,
        -> throw foreign()
    }

private fun foreign() = VectorFailure.Unreadable("a point in Qdrant is not one that this program wrote")

internal fun payloadOf(parts: Set<Part>): WithPayloadSelector {
    val left = PayloadExcludeSelector.newBuilder()
    if (Part.TEXT !in parts) left.addFields(Payload.TEXT)
    if (Part.BODY !in parts) left.addFields(Payload.BODY)
    return WithPayloadSelector.newBuilder().run { if (left.fieldsCount == 0) setEnable(true) else setExclude(left) }.build()
}

internal fun vectorsOf(parts: Set<Part>): WithVectorsSelector =
    WithVectorsSelector
        .newBuilder()
        .run { if (Part.VECTOR in parts) setInclude(VectorsSelector.newBuilder().addNames(DENSE)) else setEnable(false) }
        .build()
