package routercluster.policy.vectors

import java.util.concurrent.CompletionStage

/**
 * Keeps vectors with what belongs to them, and finds those that are near to another: the port that the semantic cache stands on, be the
 * store in this process or a server. Thread-safe; calls return at once. Every stage that fails, fails with a [VectorFailure].
 */
interface VectorStore : AutoCloseable {
    /**
     * Opens the collection of [spec], made now where it is not there. A collection is found again by name and encoder; vectors of another
     * encoder lie in another collection and are never compared with these.
     *
     * @return fails as [Refusal.COLLECTION_DIFFERS] where it is there with another dimension, or with a field of another kind. Fields that
     *   it lacks are added
     */
    fun open(spec: CollectionSpec): CompletionStage<VectorCollection>

    /** Every collection there is, opened or not: so that those of former encoders can be found and dropped. */
    fun collections(): CompletionStage<List<CollectionId>>

    /** Deletes a collection with all that is in it, and answers whether it was there. Its [VectorCollection] is closed by that. */
    fun drop(id: CollectionId): CompletionStage<Boolean>

    /** Keeps what was acknowledged. Later calls fail as [VectorFailure.Closed]. */
    override fun close()
}

/**
 * One collection of a [VectorStore]. Entries whose time is over are neither found, got, scanned nor counted, from that moment on; [sweep]
 * takes them away.
 *
 * An entry belongs to a partition, as that of a tenant, and its id is one within that. Whoever reads names the partitions that may be read; a
 * search looks at no others, not even on its way.
 */
interface VectorCollection {
    val spec: CollectionSpec

    /** Puts [points], each in place of the one with the same partition and id. Found by searches once the stage is complete. */
    fun upsert(points: List<Point>): CompletionStage<Unit>

    /** Those of [ids] that are there, with [parts] of them. In no order. */
    fun get(partition: String, ids: Collection<String>, parts: Set<Part> = emptySet()): CompletionStage<List<Entry>>

    /** Deletes those of [ids] that are there. */
    fun delete(partition: String, ids: Collection<String>): CompletionStage<Unit>

    /**
     * How many entries [selection] has: what [delete] of it would take away.
     */
    fun count(selection: Selection): CompletionStage<Long>

    /** Deletes what [selection] has, and answers how many that were. */
    fun delete(selection: Selection): CompletionStage<Long>

    /** The entries nearest to a vector, best first. */
    fun search(query: NearQuery): CompletionStage<List<Hit>>

    /** The best entries by vector and by words, see [HybridQuery]; best first. */
    fun search(query: HybridQuery): CompletionStage<List<Hit>>

    /**
     * Entries of [selection], page by page, in an order of the store's own. Each entry that is there from the first page to the last is in
     * one of them; one that comes or goes meanwhile may be.
     *
     * @param after [Page.next] of the page before; null for the first
     * @param limit at most [VectorLimits.resultsMax]
     */
    fun scan(selection: Selection, limit: Int, after: String? = null, parts: Set<Part> = emptySet()): CompletionStage<Page>

    fun stats(): CompletionStage<CollectionStats>

    /** Takes away the entries whose time is over, and answers how many that were. */
    fun sweep(): CompletionStage<Long>
}

/**
 * Names a collection.
 *
 * @property name lower-case letters, digits and dashes, at most [VectorLimits.NAME_LENGTH_MAX]
 * @property encoder what made the vectors
 * @property encoderVersion of its files, as a hash
 */
data class CollectionId(val name: String, val encoder: String, val encoderVersion: String) {
    override fun toString(): String = "$name of $encoder ($encoderVersion)"
}

/**
 * What a collection holds. Its vectors are compared by their cosine.
 *
 * @property dimension length of every vector
 * @property fields what entries may carry to be filtered by, and what kind of values each has
 */
data class CollectionSpec(val id: CollectionId, val dimension: Int, val fields: Map<String, FieldKind> = emptyMap())

enum class FieldKind { TEXT, NUMBER, FLAG }

sealed interface FieldValue {
    data class Text(val value: String) : FieldValue

    /** Finite. Whole numbers are exact up to 2^53; of others a store may lose the last bit. */
    data class Number(val value: Double) : FieldValue

    data class Flag(val value: Boolean) : FieldValue
}

val FieldValue.kind: FieldKind
    get() = when (this) {
        is FieldValue.Text -> FieldKind.TEXT
        is FieldValue.Number -> FieldKind.NUMBER
        is FieldValue.Flag -> FieldKind.FLAG
    }

/**
 * What is put into a collection.
 *
 * @property vector of any length but zero; stores keep its direction only
 * @property fields to filter by; each is one of [CollectionSpec.fields], of its kind
 * @property expiresAt the first instant at which it is no longer there, in milliseconds since 1970
 * @property text what [HybridQuery]s look for words in
 * @property body whatever the caller likes; stores do not look into it
 */
class Point(
    val partition: String,
    val id: String,
    val vector: FloatArray,
    val fields: Map<String, FieldValue> = emptyMap(),
    val expiresAt: Long = NEVER,
    val text: String? = null,
    val body: ByteArray = ByteArray(0),
) {
    companion object {
        const val NEVER: Long = Long.MAX_VALUE
    }
}

/** What of an entry is read only where it is asked for. */
enum class Part { VECTOR, TEXT, BODY }

/**
 * A [Point] as it is read again.
 *
 * @property vector of unit length; may be rounded where the store keeps it so. Null where it was not asked for
 * @property text null also where there is none
 * @property body null where it was not asked for
 */
class Entry(
    val partition: String,
    val id: String,
    val fields: Map<String, FieldValue>,
    val expiresAt: Long,
    val vector: FloatArray?,
    val text: String?,
    val body: ByteArray?,
)

/** @property score of a [NearQuery] the cosine, -1..1; of a [HybridQuery] what [fused] gives. Higher is better */
class Hit(val entry: Entry, val score: Float)

/** @property next where the following page begins; null where this was the last */
class Page(val entries: List<Entry>, val next: String?)

/**
 * @property entries there are, those included whose time is over but which were not swept
 * @property bytes that the collection takes, on disk where it has one; an estimate for stores that cannot tell
 * @property unreclaimed entries that were deleted or replaced and still take room
 */
data class CollectionStats(val entries: Long, val bytes: Long, val unreclaimed: Long)
