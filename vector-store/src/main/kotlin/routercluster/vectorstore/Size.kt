package routercluster.vectorstore

import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Point

/** About how many bytes a point takes: its vector at 4 bytes a number, a fifth more for indexes, and the rest as it is. */
internal val Point.sizeEstimate: Long
    get() = vector.size * VECTOR_BYTES + body.size + (text?.length ?: 0) + fields.entries.sumOf { it.key.length + valueSize(it.value) } +
        ENTRY_BYTES

private fun valueSize(value: FieldValue): Int = if (value is FieldValue.Text) value.value.length else Double.SIZE_BYTES

private const val VECTOR_BYTES = 5L
private const val ENTRY_BYTES = 200
