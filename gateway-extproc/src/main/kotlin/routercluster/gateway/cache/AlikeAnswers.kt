package routercluster.gateway.cache

import routercluster.policy.cache.EarlierTurns
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.Veto
import routercluster.policy.cache.Wording
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
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
 */
internal class AlikeAnswers(private val open: () -> VectorStore) : AutoCloseable {
    private val opening = lazy { open() }
    private val store: VectorStore by opening
    private val collections = ConcurrentHashMap<VectorSource, CompletableFuture<VectorCollection>>()

    /** The answers with at least [similarity], nearest first. */
    fun near(request: AlikeRequest, asked: Wording, similarity: Double): CompletableFuture<List<Alike>> {
        val scope = Scope(setOf(request.namespace), Filter.Equals(AROUND, FieldValue.Text(request.around)))
        val count = if (request.earlier == null) LOOKED_AT else CONVERSATIONS_LOOKED_AT
        val query = NearQuery(request.vector, scope, count, similarity.toFloat(), setOf(Part.TEXT, Part.BODY))
        return collection(request.source).thenCompose { it.search(query) }.thenApply { hits ->
            hits.mapNotNull { hit ->
                val kept = hit.entry.body?.let(KeptAnswer::fromBytes) ?: return@mapNotNull null
                val wording = Wording.of(hit.entry.text.orEmpty())
                val veto = Veto.between(asked, wording) ?: request.earlier?.veto(kept.conversation, request.conversationMin)
                Alike(hit.entry.id, kept, hit.score.toDouble(), wording, veto)
            }
        }
    }

    /** @param id of an equal request, so that it is kept once */
    fun keep(request: AlikeRequest, id: String, kept: KeptAnswer, expiresAt: Long): CompletableFuture<Unit> {
        val fields = mapOf(
            AROUND to FieldValue.Text(request.around),
            RECIPE to FieldValue.Text(kept.recipe),
            DECISION to FieldValue.Text(kept.decision),
            MODEL to FieldValue.Text(kept.model),
            ENTRY to FieldValue.Text(id),
            KEPT_AT to FieldValue.Number(kept.keptAt.toEpochMilli().toDouble()),
        )
        val point =
            Point(request.namespace, id, request.vector, fields, expiresAt, request.text, kept.after(request.earlier?.text).toBytes())
        return collection(request.source).thenCompose { it.upsert(listOf(point)) }
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
            CompletableFuture.supplyAsync { store }.thenCompose { it.open(CollectionSpec(id, source.dimension, FIELDS)) }
        }
        if (opened.isCompletedExceptionally) collections.remove(source, opened)
        return opened
    }

    override fun close() {
        if (opening.isInitialized()) store.close()
    }

    private companion object {
        const val COLLECTION = "answers"
        const val AROUND = "around"
        const val RECIPE = "recipe"
        const val DECISION = "decision"
        const val MODEL = "model"
        const val ENTRY = "entry"
        const val KEPT_AT = "kept_at"
        val FIELDS = listOf(AROUND, RECIPE, DECISION, MODEL, ENTRY).associateWith { FieldKind.TEXT } + (KEPT_AT to FieldKind.NUMBER)

        /** The nearest may be vetoed where the next is not. */
        const val LOOKED_AT = 3

        /** The same words, such as a yes, may come after many conversations. */
        const val CONVERSATIONS_LOOKED_AT = 20
    }
}
