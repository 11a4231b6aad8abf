package routercluster.policy.cache

import kotlin.math.exp
import kotlin.math.ln

/**
 * What was found out of one pair of a request and an entry: whether the entry's answer was right for the request.
 *
 * @property category of the request
 * @property weight one over the probability with which the pair was looked into, at most [WEIGHT_MAX]
 */
class Judged(val category: String, val likeness: Likeness, val isRight: Boolean, val weight: Double = 1.0) {
    companion object {
        /** A rare look counts for at most so many, or single ones would carry the model. */
        const val WEIGHT_MAX = 10.0
    }
}

/**
 * Tells from a [Likeness] how likely an entry's answer is wrong for a request of a category. A sum of what the category adds and of steps,
 * each along one trait, so that it can be shown what speaks for a hit and what against; along traits whose direction is known it never runs
 * the other way.
 *
 * Fitted by gradient boosting of stumps on the logistic loss with Newton steps (Friedman 2001; the split's gain as in Chen and
 * Guestrin 2016, section 2.2). What a category adds is fitted beside them and drawn to 0, as if it were normal with a variance of 1 over
 * [CATEGORY_PULL]: of a category that few pairs are known of the model thinks as of all.
 *
 * @param categories what a category adds; 0 for one that is not among them
 */
class RiskModel private constructor(
    private val start: Double,
    private val steps: List<Step>,
    private val categories: Map<String, Double>,
) {
    /** @property high added where the trait is at least [from], else [low] */
    private class Step(val trait: Int, val from: Double, val low: Double, val high: Double) {
        fun at(value: Double): Double = if (value < from) low else high
    }

    /** Probability, 0 to 1, that the answer is wrong. */
    fun risk(category: String, likeness: Likeness): Double {
        var odds = start + ofCategory(category)
        for (step in steps) odds += step.at(likeness.values[step.trait])
        return 1 / (1 + exp(odds))
    }

    /** What each trait, by its name, and the category add to the logarithm of the odds that the answer is right. */
    fun parts(category: String, likeness: Likeness): Map<String, Double> {
        val sums = DoubleArray(Likeness.Trait.entries.size)
        for (step in steps) sums[step.trait] += step.at(likeness.values[step.trait])
        return Likeness.Trait.entries.associate { it.name.lowercase() to sums[it.ordinal] } + (OF_CATEGORY to ofCategory(category))
    }

    private fun ofCategory(category: String) = categories[category] ?: 0.0

    /** Fits a model, one step after the other. */
    private class Fit(private val judged: List<Judged>) {
        private val bins = Likeness.Trait.entries.map { trait -> Bins.of(judged, trait) }
        private val weights = DoubleArray(judged.size) { judged[it].weight.coerceAtMost(Judged.WEIGHT_MAX) }
        private val weightSum = weights.sum()
        private val odds = DoubleArray(judged.size)
        private val slope = DoubleArray(judged.size)
        private val bend = DoubleArray(judged.size)
        private val categories = judged.map { it.category }.distinct()
        private val categoryOf = categories.withIndex().associate { it.value to it.index }.let { at ->
            IntArray(judged.size) { at.getValue(judged[it].category) }
        }
        private val ofCategory = DoubleArray(categories.size)

        fun model(): RiskModel {
            val right = judged.indices.sumOf { if (judged[it].isRight) weights[it] else 0.0 }
            val start = ln((right + 1) / (weightSum - right + 1))
            odds.fill(start)
            val steps = ArrayList<Step>(STEPS)
            while (steps.size < STEPS) {
                derive()
                stepCategories()
                derive()
                val split = bins.indices.mapNotNull(::best).maxByOrNull { it.gain } ?: break
                steps += split.step
                val places = bins[split.step.trait].places
                for (i in judged.indices) odds[i] += if (places[i] <= split.last) split.step.low else split.step.high
            }
            return RiskModel(start, steps, categories.zip(ofCategory.asIterable()).toMap())
        }

        private fun derive() {
            for (i in judged.indices) {
                val chance = 1 / (1 + exp(-odds[i]))
                slope[i] = weights[i] * ((if (judged[i].isRight) 1.0 else 0.0) - chance)
                bend[i] = weights[i] * chance * (1 - chance)
            }
        }

        private fun stepCategories() {
            val slopes = DoubleArray(categories.size)
            val bends = DoubleArray(categories.size)
            for (i in judged.indices) {
                slopes[categoryOf[i]] += slope[i]
                bends[categoryOf[i]] += bend[i]
            }
            val steps = DoubleArray(categories.size) {
                RATE * (slopes[it] - CATEGORY_PULL * ofCategory[it]) / (bends[it] + CATEGORY_PULL)
            }
            for (category in steps.indices) ofCategory[category] += steps[category]
            for (i in judged.indices) odds[i] += steps[categoryOf[i]]
        }

        private class Split(val gain: Double, val step: Step, val last: Int)

        /** The best split along one trait; null where none leaves enough on both sides or runs the right way. */
        private fun best(trait: Int): Split? {
            val edges = bins[trait].edges
            if (edges.isEmpty()) return null
            val places = bins[trait].places
            val slopes = DoubleArray(edges.size + 1)
            val bends = DoubleArray(edges.size + 1)
            val counts = DoubleArray(edges.size + 1)
            for (i in judged.indices) {
                slopes[places[i]] += slope[i]
                bends[places[i]] += bend[i]
                counts[places[i]] += weights[i]
            }
            val slopeSum = slopes.sum()
            val bendSum = bends.sum()
            val rising = Likeness.Trait.entries[trait].rising
            var best: Split? = null
            var slopeLow = 0.0
            var bendLow = 0.0
            var countLow = 0.0
            for (at in edges.indices) {
                slopeLow += slopes[at]
                bendLow += bends[at]
                countLow += counts[at]
                if (countLow < SIDE_MIN || weightSum - countLow < SIDE_MIN) continue
                val low = slopeLow / (bendLow + PULL)
                val high = (slopeSum - slopeLow) / (bendSum - bendLow + PULL)
                if (rising != null && (high > low) != rising) continue
                val gain = slopeLow * low + (slopeSum - slopeLow) * high
                if (best == null || gain > best.gain) best = Split(gain, Step(trait, edges[at], RATE * low, RATE * high), at)
            }
            return best
        }
    }

    /** @property places per judged pair the number of edges that its value reaches */
    private class Bins(val edges: DoubleArray, val places: IntArray) {
        companion object {
            fun of(judged: List<Judged>, trait: Likeness.Trait): Bins {
                val values = DoubleArray(judged.size) { judged[it].likeness[trait] }
                val sorted = values.sortedArray()
                val edges = (1 until BINS)
                    .map { sorted[it * sorted.size / BINS] }
                    .distinct()
                    .filter { it > sorted.first() }
                    .toDoubleArray()
                val places = IntArray(values.size) { i -> edges.count { it <= values[i] } }
                return Bins(edges, places)
            }
        }
    }

    companion object {
        /** Fewer judged pairs tell nothing. */
        const val JUDGED_MIN = 200

        /** How [parts] calls what the category adds. */
        const val OF_CATEGORY = "category"

        private const val STEPS = 120
        private const val RATE = 0.15
        private const val BINS = 32
        private const val SIDE_MIN = 20.0
        private const val PULL = 5.0
        private const val CATEGORY_PULL = 2.0

        /** @throws IllegalArgumentException for fewer than [JUDGED_MIN] pairs */
        fun fit(judged: List<Judged>): RiskModel {
            require(judged.size >= JUDGED_MIN) { "a model of risk needs $JUDGED_MIN judged pairs, not ${judged.size}" }
            return Fit(judged).model()
        }
    }
}
