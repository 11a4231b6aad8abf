package routercluster.policy.selectors

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.conversations.digestOf
import routercluster.policy.outcomes.ContextPoint
import java.util.concurrent.ConcurrentHashMap
import kotlin.math.ln
import kotlin.math.roundToInt
import kotlin.math.sqrt
import kotlin.random.Random

/** What a linear model may look at in a request. */
enum class ContextFeature(val need: Need?) {
    EMBEDDING(Need.EMBEDDING),
    DOMAIN(Need.DOMAIN),
    COMPLEXITY(Need.COMPLEXITY),

    /** Of the newest user message. */
    LENGTH(null),
}

/**
 * Makes a [ContextPoint] of a request's traits: the embedding reduced to [dimensions] by a random projection that is the same everywhere
 * (Johnson and Lindenstrauss), the probabilities of [domains], complexity, the logarithm of the length over that of [LENGTH_MAX], and 1.
 *
 * @property used at least one
 * @property domains labels of the domain head in its order, at most [DOMAINS_MAX]; those beyond are left out
 * @param source what vectors and labels come from: points of another source are never mixed with these
 */
internal class ContextFeatures(
    private val used: Set<ContextFeature>,
    private val dimensions: Int,
    private val domains: List<String> = emptyList(),
    source: String = "",
) {
    /** Tells these features from others. */
    private val id: Int =
        digestOf(used.sorted().joinToString(), "$dimensions", domains.joinToString(), source).take(ID_DIGITS).toUInt(HEX).toInt()
    private val projections = ConcurrentHashMap<Int, FloatArray>()

    val needs: Set<Need> = used.mapNotNullTo(LinkedHashSet()) { it.need }

    /** Null where something is not known. */
    fun point(traits: Traits): ContextPoint? {
        val reduced = if (ContextFeature.EMBEDDING in used) traits.derived(REDUCED, ::reduced)?.values ?: return null else emptyList()
        val shares = if (ContextFeature.DOMAIN in
            used
        ) {
            traits.domains?.let { known -> domains.map { known[it] ?: 0.0 } } ?: return null
        } else {
            emptyList()
        }
        val hardness = if (ContextFeature.COMPLEXITY in used) listOf(traits.complexity ?: return null) else emptyList()
        val length = if (ContextFeature.LENGTH in used) listOf(ln(1.0 + traits.textLength) / ln(1.0 + LENGTH_MAX)) else emptyList()
        val all = reduced + shares + hardness + length + 1.0
        return ContextPoint(id, ByteArray(all.size) { quantised(all[it]) })
    }

    /** Why there is no point. */
    fun lack(
        traits: Traits,
    ): String = needs
        .filter { it in traits.lacks }
        .map(traits::why)
        .distinct()
        .joinToString()
        .ifEmpty { "a feature is not known" }

    private fun quantised(value: Double): Byte = (value.coerceIn(-1.0, 1.0) * ContextPoint.UNIT).roundToInt().toByte()

    private fun reduced(embedding: FloatArray): Map<String, Double> {
        val projection = projections.computeIfAbsent(embedding.size, ::projection)
        return (0 until dimensions).associate { row ->
            var sum = 0.0
            for (column in embedding.indices) sum += projection[row * embedding.size + column] * embedding[column]
            "$row" to sum
        }
    }

    /** Entries of the standard normal distribution over the root of [dimensions], which keeps lengths on average. */
    private fun projection(inputs: Int): FloatArray {
        val random = Random(SEED)
        return FloatArray(dimensions * inputs) { (random.normal() / sqrt(dimensions.toDouble())).toFloat() }
    }

    companion object {
        const val DIMENSIONS_MAX = 32
        const val DOMAINS_MAX = 24

        /** Longer texts count as this long, in UTF-16 units. */
        private const val LENGTH_MAX = 2_000_000
        private const val REDUCED = "reduced_embedding"
        private const val SEED = 20_261_130L
        private const val HEX = 16
        private const val ID_DIGITS = 8

        fun of(used: Set<ContextFeature>, dimensions: Int, catalog: Catalog): ContextFeatures {
            val domain = catalog.headFor(Slot.DOMAIN).takeIf { ContextFeature.DOMAIN in used }
            val vectors = catalog.headFor(Slot.EMBEDDING).takeIf { ContextFeature.EMBEDDING in used }
            val hardness = catalog.headFor(Slot.COMPLEXITY).takeIf { ContextFeature.COMPLEXITY in used }
            val source = listOf(vectors?.ref, catalog.embedding.shape, domain?.ref, hardness?.ref).joinToString()
            return ContextFeatures(
                used,
                dimensions,
                domain
                    ?.head
                    ?.labels
                    .orEmpty()
                    .take(DOMAINS_MAX),
                source,
            )
        }
    }
}
