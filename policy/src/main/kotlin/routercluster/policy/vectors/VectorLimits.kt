package routercluster.policy.vectors

import kotlin.math.sqrt

/**
 * Bounds that every store keeps to. Beyond one a call fails as [VectorFailure.Refused], beyond [storeBytesMax] as [VectorFailure.Full].
 *
 * @property fieldsBytesMax of the fields of a point, names and texts in UTF-8, 8 bytes for a number, 1 for a flag
 * @property batchPointsMax points of one upsert, and ids of one get or delete
 * @property batchBytesMax bodies and texts of one upsert
 * @property resultsMax of a search, and of a page
 * @property filterNodesMax conditions and values of a filter
 * @property storeBytesMax of the whole store
 */
data class VectorLimits(
    val collectionsMax: Int = 64,
    val dimensionMax: Int = 4_096,
    val fieldsMax: Int = 32,
    val fieldsBytesMax: Int = 8 * KIB,
    val textLengthMax: Int = 64 * KIB,
    val bodyBytesMax: Int = 4 * MIB,
    val batchPointsMax: Int = 1_000,
    val batchBytesMax: Int = 16 * MIB,
    val partitionsMax: Int = 16,
    val resultsMax: Int = 1_000,
    val filterNodesMax: Int = 256,
    val storeBytesMax: Long = 8L * 1024 * MIB,
) {
    companion object {
        const val NAME_LENGTH_MAX: Int = 48

        /** Of the name and version of an encoder. */
        const val ENCODER_LENGTH_MAX: Int = 200

        /** Of a partition, and of an id within it. */
        const val KEY_LENGTH_MAX: Int = 256
    }
}

private const val KIB = 1024
private const val MIB = 1024 * KIB

private val collectionName = Regex("[a-z0-9][a-z0-9-]*")
private val fieldName = Regex("[a-z][a-z0-9_]*")

/** Throws [VectorFailure.Refused] for what no store takes. */
fun VectorLimits.check(spec: CollectionSpec) {
    val (name, encoder, version) = spec.id
    allow(collectionName.matches(name) && name.length <= VectorLimits.NAME_LENGTH_MAX, Refusal.NAME) {
        "collection \"$name\": a name has lower-case letters, digits and dashes, at most ${VectorLimits.NAME_LENGTH_MAX}"
    }
    for (part in listOf(encoder, version)) {
        allow(part.isNotBlank() && part.length <= VectorLimits.ENCODER_LENGTH_MAX, Refusal.NAME) {
            "collection \"$name\": encoder and version have 1..${VectorLimits.ENCODER_LENGTH_MAX} characters"
        }
    }
    allow(spec.dimension in 1..dimensionMax, Refusal.DIMENSION) {
        "collection \"$name\": dimension ${spec.dimension}, must be 1..$dimensionMax"
    }
    allow(spec.fields.size <= fieldsMax && spec.fields.keys.all(fieldName::matches), Refusal.FIELD) {
        "collection \"$name\": at most $fieldsMax fields, their names of lower-case letters, digits and underscores"
    }
}

/** As [check] of a specification, for [points] of one upsert. */
fun VectorLimits.check(points: List<Point>, spec: CollectionSpec) {
    allow(points.size <= batchPointsMax, Refusal.BATCH_TOO_LARGE) { "${points.size} points, at most $batchPointsMax" }
    val bytes = points.sumOf { it.body.size.toLong() + (it.text?.length ?: 0) }
    allow(bytes <= batchBytesMax, Refusal.BATCH_TOO_LARGE) { "$bytes bytes of bodies and texts, at most $batchBytesMax" }
    for (point in points) check(point, spec)
}

private fun VectorLimits.check(point: Point, spec: CollectionSpec) {
    checkKey(point.partition, "partition")
    checkKey(point.id, "id")
    checkVector(point.vector, spec)
    for ((field, value) in point.fields) checkField(field, value, spec, Refusal.FIELD)
    val fieldsBytes = point.fields.entries.sumOf { (field, value) -> field.length + value.byteCount }
    allow(fieldsBytes <= fieldsBytesMax, Refusal.FIELDS_TOO_LARGE) { "fields of $fieldsBytes bytes, at most $fieldsBytesMax" }
    val length = point.text?.length ?: 0
    allow(length <= textLengthMax, Refusal.TEXT_TOO_LONG) { "a text of $length characters, at most $textLengthMax" }
    allow(point.body.size <= bodyBytesMax, Refusal.BODY_TOO_LARGE) { "a body of ${point.body.size} bytes, at most $bodyBytesMax" }
}

fun VectorLimits.checkIds(partition: String, ids: Collection<String>) {
    checkKey(partition, "partition")
    allow(ids.size <= batchPointsMax, Refusal.BATCH_TOO_LARGE) { "${ids.size} ids, at most $batchPointsMax" }
    for (id in ids) checkKey(id, "id")
}

fun VectorLimits.check(query: NearQuery, spec: CollectionSpec) {
    checkVector(query.vector, spec)
    check(query.scope, spec)
    checkResults(query.limit)
    allow(!query.minimumScore.isNaN(), Refusal.RESULTS) { "the minimum score is not a number" }
}

fun VectorLimits.check(query: HybridQuery, spec: CollectionSpec) {
    checkVector(query.vector, spec)
    check(query.scope, spec)
    checkResults(query.limit)
    allow(query.text.length <= textLengthMax, Refusal.TEXT_TOO_LONG) { "a text of ${query.text.length} characters, at most $textLengthMax" }
}

fun VectorLimits.check(selection: Selection, spec: CollectionSpec) {
    selection.partitions?.let(::checkPartitions)
    checkFilter(selection.filter, spec)
}

fun VectorLimits.checkResults(limit: Int) = allow(limit in 1..resultsMax, Refusal.RESULTS) { "limit $limit, must be 1..$resultsMax" }

private fun VectorLimits.check(scope: Scope, spec: CollectionSpec) {
    checkPartitions(scope.partitions)
    checkFilter(scope.filter, spec)
}

private fun VectorLimits.checkPartitions(partitions: Set<String>) {
    allow(partitions.size in 1..partitionsMax, Refusal.PARTITIONS) { "${partitions.size} partitions, must be 1..$partitionsMax" }
    for (partition in partitions) checkKey(partition, "partition")
}

private fun checkKey(key: String, what: String) {
    val allowed = key.isNotEmpty() && key.length <= VectorLimits.KEY_LENGTH_MAX && key.none(Char::isISOControl) && key.isWellFormed
    allow(allowed, Refusal.NAME) { "a $what has 1..${VectorLimits.KEY_LENGTH_MAX} characters, none of them a control or half a pair" }
}

private val String.isWellFormed: Boolean get() = Charsets.UTF_8.newEncoder().canEncode(this)

private fun checkVector(vector: FloatArray, spec: CollectionSpec) {
    allow(vector.size == spec.dimension, Refusal.DIMENSION) { "a vector of ${vector.size} numbers for a collection of ${spec.dimension}" }
    val norm = norm(vector)
    allow(norm.isFinite() && norm > 0, Refusal.VECTOR) { "a vector that is zero or not finite has no direction" }
}

private fun checkField(field: String, value: FieldValue, spec: CollectionSpec, refusal: Refusal) {
    val kind = spec.fields[field]
    allow(value.kind == kind, refusal) { "field \"$field\" is ${kind ?: "not one of the collection"}, the value is ${value.kind}" }
    allow(value !is FieldValue.Number || value.value.isFinite(), refusal) { "field \"$field\": not a finite number" }
}

private fun VectorLimits.checkFilter(filter: Filter, spec: CollectionSpec) {
    val nodes = filter.nodes
    allow(nodes <= filterNodesMax, Refusal.FILTER) { "a filter of $nodes conditions and values, at most $filterNodesMax" }
    checkFields(filter, spec)
}

private fun checkFields(filter: Filter, spec: CollectionSpec) {
    when (filter) {
        Filter.All -> {}

        is Filter.Equals -> {
            checkField(filter.field, filter.value, spec, Refusal.FILTER)
        }

        is Filter.In -> {
            for (value in filter.values) checkField(filter.field, value, spec, Refusal.FILTER)
        }

        is Filter.Range -> {
            val bounds = listOfNotNull(filter.from, filter.until)
            allow(bounds.isNotEmpty(), Refusal.FILTER) { "field \"${filter.field}\": a range without bounds" }
            for (bound in bounds) checkField(filter.field, FieldValue.Number(bound), spec, Refusal.FILTER)
        }

        is Filter.And -> {
            for (part in filter.all) checkFields(part, spec)
        }

        is Filter.Not -> {
            checkFields(filter.filter, spec)
        }
    }
}

private val Filter.nodes: Int
    get() = when (this) {
        Filter.All, is Filter.Equals, is Filter.Range -> 1
        is Filter.In -> 1 + values.size
        is Filter.And -> 1 + all.sumOf { it.nodes }
        is Filter.Not -> 1 + filter.nodes
    }

private val FieldValue.byteCount: Int
    get() = when (this) {
        is FieldValue.Text -> value.encodeToByteArray().size
        is FieldValue.Number -> Double.SIZE_BYTES
        is FieldValue.Flag -> 1
    }

/** [vector] at unit length. */
fun unit(vector: FloatArray): FloatArray {
    val norm = norm(vector)
    return FloatArray(vector.size) { (vector[it] / norm).toFloat() }
}

private fun norm(vector: FloatArray): Double = sqrt(vector.sumOf { it.toDouble() * it })

private inline fun allow(condition: Boolean, refusal: Refusal, message: () -> String) {
    if (!condition) throw VectorFailure.Refused(refusal, message())
}
