package routercluster.policy.learnt

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

/** An artifact that cannot be used. [message] says what is wrong with which part, and is safe to show. */
class BadArtifact(message: String) : Exception(message)

/** A part of an artifact while it is read. Every getter throws [BadArtifact] for what is missing or wrong. */
class ArtifactPart(private val json: JsonNode, private val path: String) {
    fun has(key: String): Boolean = json.hasNonNull(key)

    fun part(key: String): ArtifactPart = ArtifactPart(child(key) { it.isObject }, "$path$key.")

    fun parts(key: String): List<ArtifactPart> =
        child(key) { it.isArray }.mapIndexed { index, item -> ArtifactPart(item, "$path$key[$index].") }

    fun text(key: String): String = child(key) { it.isTextual }.textValue()

    fun texts(key: String): List<String> =
        child(key) { list -> list.isArray && list.all { it.isTextual } }.map { it.textValue() }

    fun int(key: String, range: IntRange): Int {
        val value = child(key) { it.isInt }.intValue()
        if (value !in range) throw BadArtifact("$path$key is $value, not ${range.first} to ${range.last}")
        return value
    }

    /** Exactly [size] whole numbers, none negative. */
    fun ints(key: String, size: Int): IntArray {
        val list = child(key) { list -> list.isArray && list.all { it.isInt && it.intValue() >= 0 } }
        if (list.size() != size) throw BadArtifact("$path$key has ${list.size()} numbers, expected $size")
        return IntArray(size) { list.get(it).intValue() }
    }

    fun number(key: String): Double {
        val value = child(key) { it.isNumber }.doubleValue()
        if (!value.isFinite()) throw BadArtifact("$path$key is not a finite number")
        return value
    }

    /** Null where the artifact says nothing. */
    fun numberOrNull(key: String): Double? = if (has(key)) number(key) else null

    /** A matrix of [columns] columns, and of [rows] rows where that is given. */
    fun matrix(key: String, columns: Int, rows: Int? = null): Matrix {
        val part = part(key)
        val shape = part.int("rows", 0..ROWS_MAX) to part.int("columns", 1..COLUMNS_MAX)
        if (shape.second != columns || (rows != null && shape.first != rows)) {
            throw BadArtifact("$path$key is ${shape.first} x ${shape.second}, expected ${rows ?: "any"} x $columns")
        }
        val bytes = part.bytes("f32", shape.first.toLong() * columns * Float.SIZE_BYTES)
        val values = FloatArray(shape.first * columns)
        ByteBuffer
            .wrap(bytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer()
            .get(values)
        if (values.any { !it.isFinite() }) throw BadArtifact("$path$key has numbers that are not finite")
        return Matrix(shape.first, columns, values)
    }

    fun vector(key: String, size: Int): FloatArray = matrix(key, size, rows = 1).values

    /** Bytes in base64, exactly [size] of them. */
    fun bytes(key: String, size: Long): ByteArray {
        val bytes =
            try {
                Base64.getDecoder().decode(text(key))
            } catch (_: IllegalArgumentException) {
                throw BadArtifact("$path$key is not base64")
            }
        if (bytes.size.toLong() != size) throw BadArtifact("$path$key has ${bytes.size} bytes, expected $size")
        return bytes
    }

    private fun child(key: String, fits: (JsonNode) -> Boolean): JsonNode =
        json.get(key)?.takeIf(fits) ?: throw BadArtifact("$path$key is ${if (json.hasNonNull(key)) "of the wrong type" else "missing"}")

    companion object {
        /** Stored requests of one artifact. */
        const val ROWS_MAX = 1_000_000

        /** Numbers of a point or of an embedding. */
        const val COLUMNS_MAX = 8_192
    }
}

/** [matrix] as [ArtifactPart.matrix] reads it: little-endian 32-bit numbers in base64. */
internal fun ObjectNode.putMatrix(key: String, matrix: Matrix) {
    val buffer = ByteBuffer.allocate(matrix.values.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
    buffer.asFloatBuffer().put(matrix.values)
    putObject(key).put("rows", matrix.rows).put("columns", matrix.columns).put("f32", base64(buffer.array()))
}

internal fun ObjectNode.putVector(key: String, vector: FloatArray) = putMatrix(key, Matrix(1, vector.size, vector))

internal fun base64(bytes: ByteArray): String = Base64.getEncoder().encodeToString(bytes)
