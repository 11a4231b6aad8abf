package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.outcomes.Measured
import routercluster.policy.signals.Exemplars
import kotlin.random.Random

/**
 * Orders a decision's candidates: the first is picked, the rest are the fall-backs in the order they would be tried.
 * Pure but for the chance handed in; the same seed, the same measurements and the same traits give the same order.
 */
fun interface Selector {
    /**
     * @param candidates never empty
     * @return every candidate exactly once, each with the reason for its place
     */
    fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked>

    /**
     * The chance of each of [candidates] to be picked first, in their order; null where [rank] says it, or only ranking again tells. May cost
     * more than a pick: it is for records that somebody reads. What [context] holds of chance is not used.
     */
    fun chances(candidates: List<Candidate>, context: SelectionContext): List<Double>? = null

    /** What it goes by beside figures. Nothing else is worked out for it, and what could not be had it does without. */
    val needs: Set<Need> get() = emptySet()

    /** Language models that it has asked once its decision has won, where it [needs] an [Need.ADVICE]. */
    val advices: List<Advice> get() = emptyList()

    /** Whether it may refuse a request, and so goes by its [needs] even where there is one candidate. */
    val refuses: Boolean get() = false

    /** This selector for the [candidates] of one decision, in the order of the file. Called once, before [exemplars] are asked for. */
    fun bound(candidates: List<Candidate>, catalog: Catalog): Selector = this

    /** Texts that requests are compared with. They are embedded once, before the policy serves; see [prepared]. */
    val exemplars: Exemplars? get() = null

    /** This selector with the vectors of its [exemplars], in their order. One without exemplars is returned as it is. */
    fun prepared(vectors: List<FloatArray>): Selector = this
}

/** What a selector may look at beside the candidates. */
class SelectionContext(val random: Random, val measured: Measured = Measured.NONE, val traits: Traits = Traits.NONE)

/**
 * A candidate in its place.
 *
 * @property score comparable only within one ranking; 0..1 but for what is explored, where a selector can bring it there
 * @property reason shown by `explain`
 * @property propensity chance with which this candidate is picked first for the same request and figures, 0..1; all of a ranking sum to
 *   1. Null where it has no closed form: ranking again with other seeds then tells it
 * @property parts what the score is made of, by name
 * @property isExplored whether it is picked, where it is, because too little is known of it; the same for every ranking of the same figures
 * @property isBarred whether the request is to be refused rather than sent to it
 */
data class Ranked(
    val candidate: Candidate,
    val score: Double,
    val reason: String,
    val propensity: Double? = null,
    val parts: Map<String, Double> = emptyMap(),
    val isExplored: Boolean = false,
    val isBarred: Boolean = false,
)

/** This ranking of a selector that leaves nothing to chance. */
internal fun List<Ranked>.certain(): List<Ranked> = mapIndexed { place, it -> it.copy(propensity = if (place == 0) 1.0 else 0.0) }
