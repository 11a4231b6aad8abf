package routercluster.gateway.cache

import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.EarlierTurns
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.Invalidation
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.Veto
import routercluster.policy.cache.Wording
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.Entry
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorStore
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap

/** What makes the vectors of a collection. */
internal data class VectorSource(val encoder: String, val version: String, val dimension: Int)

/**
 * A request as alike ones are looked for.
 *
 * @property namespace whose answers may be given
 * @property around what has to be equal
 * @property text of the last message
 * @property earlier the conversation before it, where a similar one counts as the same; see [EarlierTurns.veto] for [conversationMin]
 */
internal class AlikeRequest(
    val namespace: String,
    val around: String,
    val text: String,
    val vector: FloatArray,
    val source: VectorSource,
    val earlier: EarlierTurns? = null,
    val conversationMin: Double = 1.0,
)

/** An answer to a request that is alike. [veto] is why it must not be given, null where nothing speaks against it. */
internal class Alike(val id: String, val kept: KeptAnswer, val similarity: Double, val wording: Wording, val veto: Veto?)

/**
 * Answers by vectors of their requests. What may be given to whom and what has to be equal is looked at inside the search.
 *
 * @param open opens the store, which takes a while; asked for by the first request that needs it
 * @param ledger of answers that are not to be given again
 * @param room for new ones where the store is full
 */
internal class AlikeAnswers(
    private val open: () -> VectorStore,
    private val ledger: CacheLedger,
    private val room: StoreRoom,
) : AutoCloseable {
    private val opening = lazy { open() }
    private val store: VectorStore by opening
    private val collections = ConcurrentHashMap<VectorSource, CompletableFuture<VectorCollection>>()

    /** What the ledger is known to hold: of what is withheld as long as nobody knows, nothing is deleted. */
    @Volatile private var told: List<Invalidation> = emptyList()

    /** The answers with at least [similarity], nearest first. */
    fun near(request: AlikeRequest, asked: Wording, similarity: Double): CompletableFuture<List<Alike>> {
        val scope = Scope(setOf(request.namespace), Filter.Equals(AROUND, FieldValue.Text(request.around)))
        val count = if (request.earlier == null) LOOKED_AT else CONVERSATIONS_LOOKED_AT
        val query = NearQuery(request.vector, scope, count, similarity.toFloat(), setOf(Part.TEXT, Part.BODY))
        return collection(request.source).thenCompose { it.search(query) }.thenApply { hits ->
            hits.mapNotNull { hit ->
                val kept = hit.entry.body?.let(KeptAnswer::fromBytes) ?: return@mapNotNull null
                if (ledger.invalidations.forbids(hit.entry.id, kept)) return@mapNotNull null
                val wording = Wording.of(hit.entry.text.orEmpty())
                val veto = Veto.between(asked, wording) ?: request.earlier?.veto(kept.conversation, request.conversationMin)
                Alike(hit.entry.id, kept, hit.score.toDouble(), wording, veto)
            }
        }
    }

    /** Answers that had to go for others. */
    val evicted: Long get() = room.evicted

    /**
     * @param id of an equal request, so that it is kept once
     * @param weight how many times as much the answer is worth
     */
    fun keep(request: AlikeRequest, id: String, kept: KeptAnswer, expiresAt: Long, weight: Double): CompletableFuture<Unit> {
        val fields = mapOf(
            AROUND to FieldValue.Text(request.around),
            RECIPE to FieldValue.Text(kept.recipe),
            DECISION to FieldValue.Text(kept.decision),
            MODEL to FieldValue.Text(kept.model),
            ENTRY to FieldValue.Text(id),
            KEPT_AT to FieldValue.Number(kept.keptAt.toEpochMilli().toDouble()),
            StoreRoom.TURN to room.turn(kept, expiresAt, weight),
        )
        val body = if (request.earlier == null) kept else kept.after(request.earlier.text)
        val point = Point(request.namespace, id, request.vector, fields, expiresAt, request.text, body.toBytes())
        return collection(request.source).thenCompose { room.put(it, point) }
    }

    /** Takes the answer of [id] away, where it is still the one that was kept at [keptAt]. Nobody waits for it. */
    fun remove(namespace: String, id: String, keptAt: Instant) {
        val isIt = listOf(
            Filter.Equals(ENTRY, FieldValue.Text(id)),
            Filter.Equals(KEPT_AT, FieldValue.Number(keptAt.toEpochMilli().toDouble())),
        )
        for (opened in collections.values) opened.thenCompose { it.delete(Selection(setOf(namespace), Filter.And(isIt))) }
    }

    /** One that could not be opened is tried again by the next request. */
    private fun collection(source: VectorSource): CompletableFuture<VectorCollection> {
        val opened = collections.computeIfAbsent(source) {
            val id = CollectionId(COLLECTION, source.encoder, source.version)
            CompletableFuture
                .supplyAsync { store }
                .thenCompose { it.open(CollectionSpec(id, source.dimension, FIELDS)) }
                .thenApply { collection -> collection.also { forget(it, told) } }
        }
        if (opened.isCompletedExceptionally) collections.remove(source, opened)
        return opened
    }

    /** Those that requests have asked for since this process began. */
    fun opened(): List<VectorCollection> =
        collections.values.mapNotNull { if (it.isDone && !it.isCompletedExceptionally) it.join() else null }

    /**
     * Makes room of what is not given any more since [added]. Nobody waits for it, and what is left is not given all the same.
     *
     * @param all what the ledger holds, for collections that are opened later
     */
    fun forget(added: List<Invalidation>, all: List<Invalidation>) {
        told = all
        opened().forEach { forget(it, added) }
    }

    private fun forget(collection: VectorCollection, invalidations: List<Invalidation>) {
        for (each in invalidations) collection.delete(selection(each.filter, each.at + Invalidation.CLOCKS_APART))
    }

    override fun close() {
        if (opening.isInitialized()) store.close()
    }

    companion object {
        /** What [filter] means of that which was kept at [at] or before. */
        fun selection(filter: EntryFilter, at: Instant): Selection {
            val named = listOf(RECIPE to filter.recipe, DECISION to filter.decision, MODEL to filter.model, ENTRY to filter.id)
            val before = minOf(filter.keptBefore ?: Instant.MAX, at.plusMillis(1)).toEpochMilli().toDouble()
            val conditions = named.mapNotNull { (field, value) -> value?.let { Filter.Equals(field, FieldValue.Text(it)) } }
            return Selection(filter.namespace?.let(::setOf), Filter.And(conditions + Filter.Range(KEPT_AT, until = before)))
        }

        /** What has to be equal to what [entry] was kept for. */
        fun around(entry: Entry): String? = (entry.fields[AROUND] as? FieldValue.Text)?.value

        private const val COLLECTION = "answers"
        private const val AROUND = "around"
        private const val RECIPE = "recipe"
        private const val DECISION = "decision"
        private const val MODEL = "model"

        /** In milliseconds since 1970. */
        private const val KEPT_AT = "kept_at"
        private const val ENTRY = "entry"
        private val FIELDS =
            listOf(AROUND, RECIPE, DECISION, MODEL, ENTRY).associateWith { FieldKind.TEXT } + (KEPT_AT to FieldKind.NUMBER) +
                StoreRoom.FIELD

        /** The nearest may be vetoed where the next is not. */
        private const val LOOKED_AT = 3

        /** The same words, such as a yes, may come after many conversations. */
        private const val CONVERSATIONS_LOOKED_AT = 20
    }
}
