package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.signals.Exemplars

/**
 * [inner], which looks twice before a request goes to a dearer candidate than it might: the halves of its text are read each for itself, and
 * where they are less alike than [below], the cheapest is picked of those that the whole and the halves go to. So a stranger's text before a
 * question, or behind it, pulls to a dear model only where the question itself goes there.
 *
 * What is cheaper is told by prices, of as many tokens of the prompt as of the answer. The halves are not asked for where the pick is the
 * cheapest anyway, where a candidate has no price, or where the text is short. Where nobody could read them, the whole stands. See decision
 * 0071.
 *
 * @property inner goes by the text's embedding
 * @property below cosine of the two halves' vectors, from [NEVER] to 1
 */
class SecondLookSelector(val inner: Selector, val below: Double) : Selector {
    override val needs: Set<Need> get() = inner.needs + Need.HALVES
    override val advices: List<Advice> get() = inner.advices
    override val refuses: Boolean get() = inner.refuses

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val whole = inner.rank(candidates, context)
        val order = dearness(candidates) ?: return whole
        val halves = looked(whole, order, context.traits) ?: return whole
        val readings = listOf(whole) + halves.map { inner.rank(candidates, SelectionContext(context.random, context.measured, it)) }
        val pick = readings.map { it.first().candidate }.minBy { order.getValue(it) }
        val chances = readings.map(::said).let { said -> if (null in said) null else together(candidates, order, said.filterNotNull()) }
        val told = whole.map { it.copy(propensity = chances?.get(it.candidate.label)) }
        if (pick == whole.first().candidate) return told
        val first = told.first { it.candidate == pick }
        val alike = rounded(context.traits.halvesAlike() ?: 0.0, 2)
        val reason = "${first.reason}; a half of the text goes to it by itself, which is cheaper, and the halves are alike by $alike only"
        return listOf(first.copy(score = maxOf(first.score, told.first().score), reason = reason)) + told.filter { it.candidate != pick }
    }

    override fun chances(candidates: List<Candidate>, context: SelectionContext): List<Double>? {
        val order = dearness(candidates) ?: return inner.chances(candidates, context)
        val halves = looked(inner.rank(candidates, context), order, context.traits) ?: return inner.chances(candidates, context)
        val readings = (listOf(context.traits) + halves).map { inner.propensities(candidates, context.measured, it) }
        val chances = together(candidates, order, readings)
        return candidates.map { chances.getValue(it.label) }
    }

    /** The halves where they count; null where the whole does alone. */
    private fun looked(whole: List<Ranked>, order: Map<Candidate, Int>, traits: Traits): List<Traits>? {
        // Where chance has a say, another draw might have gone to a dearer one, and the chance of each pick has to be told.
        val isCheapest = whole.first().propensity == 1.0 && order.getValue(whole.first().candidate) == 0
        if (isCheapest || traits.textLength < HALVED_MIN) return null
        val halves = traits.readHalves() ?: return null
        // A half of which less could be read than of the whole would be picked for by chance.
        if (halves.any { half -> half.lacks.keys.any { it !in traits.lacks } }) return null
        return halves.takeIf { (traits.halvesAlike() ?: return null) < below }
    }

    /** How dear each candidate is among all, 0 the cheapest; of equal ones the first of the file is. Null where one has no price. */
    private fun dearness(candidates: List<Candidate>): Map<Candidate, Int>? {
        val prices = candidates.map { candidate -> candidate.model.pricing?.run { promptPerMillion + completionPerMillion } ?: return null }
        return candidates.indices
            .sortedBy { prices[it] }
            .withIndex()
            .associate { (place, index) -> candidates[index] to place }
    }

    /** The chance of each to be the cheapest of picks that are drawn each for itself, by label, from the chances in each of [readings]. */
    private fun together(
        candidates: List<Candidate>,
        order: Map<Candidate, Int>,
        readings: List<Map<String, Double>>,
    ): Map<String, Double> {
        val byDearness = candidates.sortedBy { order.getValue(it) }.map { it.label }.distinct()
        val noneCheaper = byDearness.indices.map { from ->
            readings.fold(1.0) { product, reading -> product * byDearness.drop(from).sumOf { reading[it] ?: 0.0 } }
        } + 0.0
        return byDearness.indices.associate { byDearness[it] to (noneCheaper[it] - noneCheaper[it + 1]).coerceIn(0.0, 1.0) }
    }

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector = SecondLookSelector(
        inner.bound(candidates, catalog),
        below,
    )

    override val exemplars: Exemplars? get() = inner.exemplars

    override fun prepared(vectors: List<FloatArray>): Selector = SecondLookSelector(inner.prepared(vectors), below)

    companion object {
        /** Where the policy does not say: of ten prompts of RouteLLM's MMLU set nine have halves that are more alike (0059). */
        const val BELOW = 0.21

        /** [base] that looks twice, where it goes by texts at all. Whether a conversation keeps its model is decided after that. */
        fun around(base: Selector, below: Double): Selector =
            when {
                below <= NEVER || Need.EMBEDDING !in base.needs -> base
                base is SessionAwareSelector -> base.copy(base = SecondLookSelector(base.base, below))
                else -> SecondLookSelector(base, below)
            }

        /** No halves are less alike than this. */
        const val NEVER = -1.0

        /** Shorter texts are not halved, in UTF-16 units: a half of them says too little. */
        const val HALVED_MIN = 64
    }
}

/**
 * The halves of a text, by characters, at a space near its middle where there is one; null where it is shorter than
 * [SecondLookSelector.HALVED_MIN] or one half is blank.
 */
fun halvesOf(text: String): List<String>? {
    if (text.length < SecondLookSelector.HALVED_MIN) return null
    val middle = text.length / 2
    val space = (middle until middle + middle / 2).firstOrNull { text[it].isWhitespace() }
    val at = space ?: if (text[middle].isLowSurrogate()) middle + 1 else middle
    return listOf(text.take(at), text.drop(at)).takeUnless { halves -> halves.any(String::isBlank) }
}
