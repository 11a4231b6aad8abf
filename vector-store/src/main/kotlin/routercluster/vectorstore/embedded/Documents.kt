package routercluster.vectorstore.embedded

import org.apache.lucene.document.BinaryDocValuesField
import org.apache.lucene.document.Document
import org.apache.lucene.document.DoublePoint
import org.apache.lucene.document.Field
import org.apache.lucene.document.KnnFloatVectorField
import org.apache.lucene.document.LongPoint
import org.apache.lucene.document.NumericDocValuesField
import org.apache.lucene.document.SortedDocValuesField
import org.apache.lucene.document.StoredField
import org.apache.lucene.document.StringField
import org.apache.lucene.document.TextField
import org.apache.lucene.index.LeafReaderContext
import org.apache.lucene.index.Term
import org.apache.lucene.index.VectorSimilarityFunction
import org.apache.lucene.util.BytesRef
import routercluster.policy.vectors.Entry
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.unit
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream

/** Names of fields in Lucene. Those of entries begin with [OWN]. */
internal object Named {
    const val KEY = "key"
    const val PARTITION = "partition"
    const val EXPIRES = "expires"
    const val VECTOR = "vector"
    const val TEXT = "text"
    const val BODY = "body"
    const val ENTRY = "entry"
    const val OWN = "own."
}

/** A NUL stands in neither part. */
internal fun keyTerm(partition: String, id: String) = Term(Named.KEY, "$partition\u0000$id")

internal fun document(point: Point): Document {
    val document = Document()
    val key = keyTerm(point.partition, point.id).bytes()
    document.add(StringField(Named.KEY, key, Field.Store.NO))
    document.add(SortedDocValuesField(Named.KEY, key))
    document.add(StringField(Named.PARTITION, point.partition, Field.Store.NO))
    document.add(LongPoint(Named.EXPIRES, point.expiresAt))
    document.add(NumericDocValuesField(Named.EXPIRES, point.expiresAt))
    document.add(KnnFloatVectorField(Named.VECTOR, unit(point.vector), VectorSimilarityFunction.DOT_PRODUCT))
    for ((field, value) in point.fields) {
        val name = Named.OWN + field
        when (value) {
            is FieldValue.Text -> document.add(StringField(name, value.value, Field.Store.NO))
            is FieldValue.Number -> document.add(DoublePoint(name, value.value + 0.0))
            is FieldValue.Flag -> document.add(StringField(name, value.value.toString(), Field.Store.NO))
        }
    }
    document.add(BinaryDocValuesField(Named.ENTRY, BytesRef(written(point))))
    point.text?.let { document.add(TextField(Named.TEXT, it, Field.Store.YES)) }
    document.add(StoredField(Named.BODY, point.body))
    return document
}

/** The entry that document [at] of [leaf] is. */
internal fun entry(leaf: LeafReaderContext, at: Int, parts: Set<Part>): Entry {
    val reader = leaf.reader()
    val bytes = reader.getBinaryDocValues(Named.ENTRY).also { it.advance(at) }.binaryValue()
    val read = DataInputStream(ByteArrayInputStream(bytes.bytes, bytes.offset, bytes.length))
    val stored = setOfNotNull(Named.TEXT.takeIf { Part.TEXT in parts }, Named.BODY.takeIf { Part.BODY in parts })
    val document = if (stored.isEmpty()) null else reader.storedFields().document(at, stored)
    val vector = if (Part.VECTOR !in
        parts
    ) {
        null
    } else {
        reader
            .getFloatVectorValues(Named.VECTOR)
            .also { it.advance(at) }
            .vectorValue()
            .clone()
    }
    val body = document?.getBinaryValue(Named.BODY)?.let { it.bytes.copyOfRange(it.offset, it.offset + it.length) }
    return Entry(string(read), string(read), fields(read), read.readLong(), vector, document?.get(Named.TEXT), body)
}

/** Partition, id, fields, expiry: what every answer has. */
private fun written(point: Point): ByteArray {
    val bytes = ByteArrayOutputStream()
    val write = DataOutputStream(bytes)
    write.string(point.partition)
    write.string(point.id)
    write.writeShort(point.fields.size)
    for ((field, value) in point.fields) {
        write.string(field)
        write.writeByte(value.code)
        when (value) {
            is FieldValue.Text -> write.string(value.value)
            is FieldValue.Number -> write.writeDouble(value.value)
            is FieldValue.Flag -> write.writeBoolean(value.value)
        }
    }
    write.writeLong(point.expiresAt)
    return bytes.toByteArray()
}

private fun fields(read: DataInputStream): Map<String, FieldValue> = buildMap {
    repeat(read.readShort().toInt()) {
        val field = string(read)
        val value = when (kinds.getValue(read.readByte().toInt())) {
            FieldKind.TEXT -> FieldValue.Text(string(read))
            FieldKind.NUMBER -> FieldValue.Number(read.readDouble())
            FieldKind.FLAG -> FieldValue.Flag(read.readBoolean())
        }
        put(field, value)
    }
}

/** How the kinds are written; none is ever given another number. */
private val kinds = mapOf(0 to FieldKind.TEXT, 1 to FieldKind.NUMBER, 2 to FieldKind.FLAG)

private val FieldValue.code: Int
    get() = when (this) {
        is FieldValue.Text -> 0
        is FieldValue.Number -> 1
        is FieldValue.Flag -> 2
    }

private fun DataOutputStream.string(text: String) {
    val bytes = text.toByteArray()
    writeInt(bytes.size)
    write(bytes)
}

private fun string(read: DataInputStream): String = String(read.readNBytes(read.readInt()))
