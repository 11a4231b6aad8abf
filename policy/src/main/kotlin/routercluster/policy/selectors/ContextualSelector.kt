package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Section
import routercluster.policy.config.choose
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.ContextSums
import java.util.concurrent.ConcurrentHashMap

/** How a contextual selector tries what it is not sure of. */
enum class ContextualMethod {
    /** One draw from what is possible, by chance (Thompson). */
    THOMPSON,

    /** As good as it may well be (LinUCB). */
    UCB,
}

/**
 * @property features what is looked at in a request
 * @property dimensions of the reduced embedding, 1..[ContextFeatures.DIMENSIONS_MAX]
 * @property exploration spread of one verdict, which makes draws and bounds as wide; 0 never tries
 * @property ridge verdicts that it takes to believe half of what a feature seems to do, above 0; how good a model is at all takes one
 * @property costWeight what the priciest candidate loses, a cheaper one in proportion, 0..1
 * @property latencyWeight what the slowest to begin loses, a quicker one in proportion, 0..1
 */
data class ContextualSettings(
    val method: ContextualMethod = ContextualMethod.THOMPSON,
    val features: Set<ContextFeature> = ContextFeature.entries.toSet(),
    val dimensions: Int = 16,
    val exploration: Double = 0.2,
    val ridge: Double = 50.0,
    val costWeight: Double = 0.1,
    val latencyWeight: Double = 0.0,
)

/**
 * Learns from verdicts which candidate answers which requests well: the share of good answers of each is taken as linear in the request's
 * features ([ContextFeatures], [LinearModel]), around the quality of its card or, without one, around a half, as of any share. Score:
 *
 * `expected share + exploration * spread * (a normal draw, or 1 for ucb) - costWeight * price - latencyWeight * time`
 *
 * with the price in 0..1 of the priciest ([Prices]) and the median time to the first token in 0..1 of the slowest. A price that is not known
 * of all is left out, and so is a time that is not.
 *
 * Verdicts bring the features of their request with them, and what is summed up of them are whole numbers, forgotten in slices of time like
 * all verdicts. Where a feature of a request is not known, it goes by verdicts alone, as thompson does.
 */
class ContextualSelector private constructor(
    val settings: ContextualSettings,
    private val features: ContextFeatures,
) : Selector {
    constructor(
        settings: ContextualSettings = ContextualSettings(),
    ) : this(settings, ContextFeatures(settings.features, settings.dimensions))

    private class Solved(val sums: ContextSums?, val prior: Double, val size: Int, val model: LinearModel)

    /** The last model of each candidate, since factoring takes longer than choosing may. */
    private val solved = ConcurrentHashMap<String, Solved>()

    override val needs: Set<Need> get() = features.needs

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector =
        ContextualSelector(settings, ContextFeatures.of(settings.features, settings.dimensions, catalog))

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val expected = expected(candidates, context)
        val prices = Prices(candidates, context.measured)
        val times = times(candidates, context)
        val without = if (expected == null) "${features.lack(context.traits)}, so by verdicts alone: " else ""
        return candidates
            .map { candidate ->
                val guess = expected?.getValue(candidate.model.name) ?: guess(candidate, context)
                val tried =
                    settings.exploration * guess.spread * if (settings.method == ContextualMethod.UCB) 1.0 else context.random.normal()
                val cost = -settings.costWeight * (prices.share(candidate) ?: 0.0)
                val time = -settings.latencyWeight * (times?.getValue(candidate) ?: 0.0)
                val reason = "${without}expects ${rounded(guess.mean, 3)} give or take ${rounded(settings.exploration * guess.spread, 3)}"
                val lack = prices.lack()?.takeIf { settings.costWeight > 0.0 }
                val parts = mapOf("quality" to guess.mean, TRIED to tried, "cost" to cost, "latency" to time)
                Ranked(candidate, parts.values.sum(), listOfNotNull(reason, lack).joinToString(), parts = parts)
            }.let(::marked)
            .sortedByDescending { it.score }
            .let { if (settings.method == ContextualMethod.UCB) it.certain() else it }
    }

    /** All but the one that would be first by what is expected are explored. */
    private fun marked(ranked: List<Ranked>): List<Ranked> {
        val best = ranked.maxBy { it.score - it.parts.getValue(TRIED) }
        return ranked.map { if (it === best) it else it.copy(isExplored = true) }
    }

    private class Guess(val mean: Double, val spread: Double)

    /** By model; null where a feature is not known, or a record does not hold a candidate. */
    private fun expected(candidates: List<Candidate>, context: SelectionContext): Map<String, Guess>? {
        val recorded = context.traits.noted(MEANS)
        if (recorded != null) return guesses(candidates, recorded, context.traits.noted(SPREADS).orEmpty())
        val point = features.point(context.traits) ?: return null
        val x = point.toDoubles()
        val models = candidates.associate { it.model.name to model(it, point, context) }
        context.traits.note(point)
        context.traits.note(MEANS, models.mapValues { it.value.mean(x) })
        context.traits.note(SPREADS, models.mapValues { it.value.spread(x) })
        return guesses(candidates, context.traits.noted(MEANS).orEmpty(), context.traits.noted(SPREADS).orEmpty())
    }

    private fun guesses(candidates: List<Candidate>, means: Map<String, Double>, spreads: Map<String, Double>): Map<String, Guess>? {
        val names = candidates.map { it.model.name }
        if (names.any { it !in means || it !in spreads }) return null
        return names.associateWith { Guess(means.getValue(it), spreads.getValue(it)) }
    }

    private fun model(candidate: Candidate, point: ContextPoint, context: SelectionContext): LinearModel {
        val sums = context.measured.statistics(candidate.model.name).contexts[point.layout]
        val prior = candidate.model.card.quality ?: HALF
        val size = point.layout.size
        solved[candidate.model.name]?.takeIf { it.sums === sums && it.prior == prior && it.size == size }?.let { return it.model }
        val model = LinearModel(sums, size, settings.ridge, prior)
        solved[candidate.model.name] = Solved(sums, prior, size, model)
        return model
    }

    /** What verdicts alone leave possible. */
    private fun guess(candidate: Candidate, context: SelectionContext): Guess {
        val share = GoodShare.of(candidate, context.measured.statistics(candidate.model.name).verdicts)
        return Guess(share.mean, share.deviation / VERDICT_SPREAD)
    }

    /** 0..1 of the slowest; null where one has too few measured answers. */
    private fun times(candidates: List<Candidate>, context: SelectionContext): Map<Candidate, Double>? {
        if (settings.latencyWeight == 0.0) return null
        val medians = candidates.associateWith { candidate ->
            val measured = context.measured
                .statistics(candidate.model.name)
                .performance.firstByte
            measured.known(MEDIAN)?.toNanos() ?: return null
        }
        val slowest = medians.values.max().toDouble()
        return medians.mapValues { if (slowest > 0.0) it.value / slowest else 0.0 }
    }

    internal companion object {
        private const val HALF = 0.5
        private const val MEDIAN = 50

        /** The most that one verdict can be off its mean: that of a share of a half. */
        private const val VERDICT_SPREAD = 0.5
        private const val MEANS = "contextual_mean"
        private const val SPREADS = "contextual_spread"

        /** The part of a score that is drawn or hoped for. */
        private const val TRIED = "tried"

        fun read(parameters: Section?): Selector {
            val default = ContextualSettings()
            val features = parameters
                ?.texts(
                    "features",
                )?.mapNotNull { choose(it, names, emptyList(), parameters.problems) }
                .orEmpty()
                .toSet()
            return ContextualSelector(
                ContextualSettings(
                    parameters?.oneOf("method", ContextualMethod.entries.associateBy { it.name.lowercase() }) ?: default.method,
                    features.ifEmpty { default.features },
                    parameters?.int("embedding_dimensions", 1..ContextFeatures.DIMENSIONS_MAX) ?: default.dimensions,
                    parameters?.double("exploration", SHARES) ?: default.exploration,
                    parameters?.double("ridge", 1e-3..1e3) ?: default.ridge,
                    parameters?.double("cost_weight", SHARES) ?: default.costWeight,
                    parameters?.double("latency_weight", SHARES) ?: default.latencyWeight,
                ),
            )
        }

        private val names = ContextFeature.entries.associateBy { it.name.lowercase() }
    }
}

/** Under this name stands the point that verdicts on the request are to bring with them. */
private const val POINT = "context"
private const val LAYOUT = "layout"

private fun noted(point: ContextPoint): Map<String, Double> =
    mapOf(LAYOUT to point.id.toDouble()) + (0 until point.layout.size).associate { "$it" to point[it].toDouble() }

/** Verdicts on the request are to bring [point] with them. */
internal fun Traits.note(point: ContextPoint) = note(POINT, noted(point))

/** What a contextual selector went by in this request; null where none did. */
fun Traits.contextPoint(): ContextPoint? {
    val noted = noted[POINT] ?: return null
    val id = noted[LAYOUT] ?: return null
    val values = (0 until noted.size - 1).map { noted["$it"]?.toInt()?.toByte() ?: return null }
    val isPoint = values.size in 1..ContextPoint.FEATURES_MAX && values.last() == ContextPoint.UNIT.toByte()
    return if (isPoint) ContextPoint(id.toInt(), values.toByteArray()) else null
}
