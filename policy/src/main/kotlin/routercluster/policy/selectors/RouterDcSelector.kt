package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Section
import routercluster.policy.signals.Exemplars
import routercluster.policy.signals.cosine
import kotlin.math.exp
import kotlin.math.sqrt

/**
 * How requests are compared with models.
 *
 * @property temperature of the softmax, above 0: the lower, the surer the nearest is
 * @property dimensions leading ones that are compared; null is all
 * @property similarityMin below which a model is nothing for the request, -1..1
 * @property isAgainstRequests whether a model's similarity counts as its lead over the mean of all
 * @property isAgainstModels whether what all models have in common is taken out of each
 * @property requiresDescriptions whether a model without a text comes after all others, instead of before those that are not similar
 * @property usesCapabilities whether a model's capabilities are part of its text
 */
data class RouterDcSettings(
    val temperature: Double = 0.07,
    val dimensions: Int? = null,
    val similarityMin: Double = 0.3,
    val isAgainstRequests: Boolean = false,
    val isAgainstModels: Boolean = false,
    val requiresDescriptions: Boolean = false,
    val usesCapabilities: Boolean = true,
)

/**
 * The candidate whose description, with its capabilities, is most like the newest user message, by the cosine of their embeddings. Score: the
 * softmax `exp(similarity / temperature)` over the candidates that are similar enough. Without an embedding of the message the order of the
 * policy stands.
 *
 * The seed puts a sigmoid before the softmax, which at its own temperature is 1 for everything from a cosine of 0.4 on; it is left out.
 *
 * @property texts by model; a model that has none is not there
 * @property models vectors of [texts], once embedded, of unit length
 */
class RouterDcSelector private constructor(
    val settings: RouterDcSettings,
    override val exemplars: Exemplars?,
    private val texts: Map<String, String>,
    private val models: Map<String, FloatArray>,
) : Selector {
    constructor(settings: RouterDcSettings = RouterDcSettings()) : this(settings, null, emptyMap(), emptyMap())

    override val needs: Set<Need> get() = setOf(Need.EMBEDDING)

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector {
        val texts = candidates.mapNotNull { candidate -> text(candidate)?.let { candidate.model.name to it } }.toMap()
        val head = catalog.headFor(Slot.EMBEDDING)
        if (head == null || texts.isEmpty()) return this
        return RouterDcSelector(settings, Exemplars(head.ref, texts.values.toList(), catalog.embedding.shape), texts, emptyMap())
    }

    override fun prepared(vectors: List<FloatArray>): Selector = RouterDcSelector(
        settings,
        exemplars,
        texts,
        compared(texts.keys.zip(vectors).toMap()),
    )

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val similarities = similarities(context.traits)
        val chances = chances(similarities.orEmpty())
        val groups = candidates.groupBy { group(similarities?.get(it.model.name)) }
        val reason = if (similarities == null) "${context.traits.why(Need.EMBEDDING)}, so the order of the policy" else null
        return groups
            .toSortedMap()
            .values
            .flatten()
            .map { candidate ->
                val similarity = similarities?.get(candidate.model.name)
                Ranked(
                    candidate,
                    chances[candidate.model.name] ?: 0.0,
                    reason ?: told(similarity),
                    parts = similarity?.let { mapOf("similarity" to it) }.orEmpty(),
                )
            }.sortedByDescending { it.score }
            .certain()
    }

    /** By model, -1..1 or less where it is a lead; null where the request has no embedding. */
    internal fun similarities(traits: Traits): Map<String, Double>? {
        val plain =
            traits.derived(NOTE) { request -> shortened(request).let { query -> models.mapValues { cosine(query, it.value) } } }
                ?: return null
        val mean = if (settings.isAgainstRequests) plain.values.average() else 0.0
        return plain.mapValues { it.value - mean }
    }

    /** Softmax over those that are similar enough, by model. */
    internal fun chances(similarities: Map<String, Double>): Map<String, Double> {
        val near = similarities.filterValues { it >= settings.similarityMin }
        val best = near.values.maxOrNull() ?: return emptyMap()
        val powers = near.mapValues { exp((it.value - best) / settings.temperature) }
        val total = powers.values.sum()
        return powers.mapValues { it.value / total }
    }

    private fun told(similarity: Double?): String =
        when {
            similarity == null -> "neither a description nor capabilities to compare with"
            similarity < settings.similarityMin -> "similarity ${rounded(similarity, 3)}, below ${settings.similarityMin}"
            else -> "similarity ${rounded(similarity, 3)}"
        }

    private fun group(similarity: Double?): Int =
        when {
            similarity == null -> if (settings.requiresDescriptions) 3 else 1
            similarity < settings.similarityMin -> 2
            else -> 0
        }

    private fun text(candidate: Candidate): String? {
        val card = candidate.model.card
        val capabilities = card.capabilities.takeIf { settings.usesCapabilities && it.isNotEmpty() }?.joinToString(", ")
        return listOfNotNull(card.description?.takeIf { it.isNotBlank() }, capabilities).joinToString(". ").ifEmpty { null }
    }

    private fun compared(vectors: Map<String, FloatArray>): Map<String, FloatArray> {
        val short = vectors.mapValues { shortened(it.value) }
        if (!settings.isAgainstModels || short.size < 2) return short
        val mean = FloatArray(short.values.first().size) { place ->
            short.values
                .map { it[place] }
                .average()
                .toFloat()
        }
        return short.mapValues { (_, vector) -> unit(FloatArray(vector.size) { vector[it] - mean[it] }) }
    }

    private fun shortened(vector: FloatArray): FloatArray =
        settings.dimensions?.takeIf { it < vector.size }?.let { unit(vector.copyOf(it)) } ?: vector

    private fun unit(vector: FloatArray): FloatArray {
        val length = sqrt(vector.sumOf { it.toDouble() * it })
        return if (length > 0.0) FloatArray(vector.size) { (vector[it] / length).toFloat() } else vector
    }

    internal companion object {
        private const val NOTE = "description_similarity"

        fun read(parameters: Section?): Selector = RouterDcSelector(readSettings(parameters))

        private fun readSettings(parameters: Section?): RouterDcSettings {
            val default = RouterDcSettings()
            return RouterDcSettings(
                parameters?.double("temperature", 1e-6..100.0) ?: default.temperature,
                parameters?.int("dimension_size", 1..65_536),
                parameters?.double("min_similarity", SHARES) ?: default.similarityMin,
                parameters?.boolean("use_query_contrastive") ?: default.isAgainstRequests,
                parameters?.boolean("use_model_contrastive") ?: default.isAgainstModels,
                parameters?.boolean("require_descriptions") ?: default.requiresDescriptions,
                parameters?.boolean("use_capabilities") ?: default.usesCapabilities,
            )
        }
    }
}
