package routercluster.policy.learnt

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.Traits
import kotlin.math.ln

/** A number brought to a scale: ([value] - [mean]) * [factor]. */
class Scale(val mean: Float, val factor: Float) {
    fun of(value: Float): Float = (value - mean) * factor
}

/**
 * How a request becomes a point, in which near means like: the embedding less [centre] along [axes], then the probabilities of [domains],
 * then hardness 0..1, then ln(1 + length of the newest user message in UTF-16 units), each to its scale. What an artifact does not use is
 * not asked of the encoder.
 *
 * @property centre mean of the embeddings that the artifact was trained on
 * @property axes one row an axis, of as many numbers as an embedding
 * @property axesFactor of the projected embedding
 * @property domains labels of the domain head, in the order of the point; empty where topics do not count
 * @property complexity null where hardness does not count
 * @property length null where length does not count
 */
class Features(
    val centre: FloatArray,
    val axes: Matrix,
    val axesFactor: Float,
    val domains: List<String>,
    val domainFactor: Float,
    val complexity: Scale?,
    val length: Scale?,
) {
    /** Numbers of an embedding. */
    val embedding: Int get() = axes.columns

    /** Numbers of a point. */
    val size: Int = axes.rows + domains.size + listOfNotNull(complexity, length).size

    val needs: Set<Need> =
        setOfNotNull(Need.EMBEDDING, Need.DOMAIN.takeIf { domains.isNotEmpty() }, Need.COMPLEXITY.takeIf { complexity != null })

    private val byColumn = Columns(axes)
    private val shift = byColumn.dots(centre)

    /** What is not known of a request and has to be, in words; null where all is. The embedding is not looked at. */
    fun lack(traits: Traits): String? {
        val shares = traits.domains
        return when {
            domains.isNotEmpty() && shares == null -> traits.why(Need.DOMAIN)
            shares != null && domains.any { it !in shares } -> "the domain head does not know ${domains.first { it !in shares }}"
            complexity != null && traits.complexity == null -> traits.why(Need.COMPLEXITY)
            else -> null
        }
    }

    /** @param vector of [embedding] numbers; nothing else may [lack] */
    fun point(vector: FloatArray, traits: Traits): FloatArray {
        val point = FloatArray(size)
        byColumn.dots(vector).forEachIndexed { axis, along -> point[axis] = (along - shift[axis]) * axesFactor }
        var next = axes.rows
        val shares = traits.domains.orEmpty()
        domains.forEach { point[next++] = shares.getValue(it).toFloat() * domainFactor }
        val hardness = traits.complexity
        if (complexity != null && hardness != null) point[next++] = complexity.of(hardness.toFloat())
        length?.let { point[next] = it.of(logLength(traits.textLength)) }
        return point
    }

    fun write(json: ObjectNode) {
        json.putVector("centre", centre)
        json.putMatrix("axes", axes)
        json.put("axes_factor", axesFactor)
        domains.forEach(json.putArray("domains")::add)
        json.put("domain_factor", domainFactor)
        complexity?.let { json.putObject("complexity").put("mean", it.mean).put("factor", it.factor) }
        length?.let { json.putObject("length").put("mean", it.mean).put("factor", it.factor) }
    }

    companion object {
        fun read(part: ArtifactPart): Features {
            val columns = part.part("axes").int("columns", 1..ArtifactPart.COLUMNS_MAX)
            return Features(
                part.vector("centre", columns),
                part.matrix("axes", columns),
                part.number("axes_factor").toFloat(),
                part.texts("domains"),
                part.number("domain_factor").toFloat(),
                scale(part, "complexity"),
                scale(part, "length"),
            )
        }

        /** What of a length counts: twice as long is as much more, wherever one begins. */
        fun logLength(units: Int): Float = ln(1.0 + units).toFloat()

        private fun scale(part: ArtifactPart, key: String): Scale? {
            if (!part.has(key)) return null
            val scale = part.part(key)
            return Scale(scale.number("mean").toFloat(), scale.number("factor").toFloat())
        }
    }
}
