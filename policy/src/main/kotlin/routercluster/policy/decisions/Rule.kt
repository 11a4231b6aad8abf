package routercluster.policy.decisions

import routercluster.policy.signals.OnError

/**
 * A condition over signals, resolved: leaves hold the index of their signal in [routercluster.policy.Recipe.signals].
 */
sealed interface Rule {
    /**
     * True when the signal matched, or, with a [predicate], when its value (or else its confidence) lies in it. With a [label]
     * that part of the reading is looked at instead of the whole.
     */
    data class Leaf(val signal: Int, val predicate: Predicate? = null, val onError: OnError, val label: String? = null) : Rule

    /** True when [output] of a [routercluster.policy.projections.Mapping] holds. */
    data class Output(val mapping: Int, val output: Int, val onError: OnError) : Rule

    /** True when [member] won its [routercluster.policy.projections.Partition]; both by their places. */
    data class Member(val partition: Int, val member: Int, val onError: OnError) : Rule

    /** Confidence is the mean of the children that weigh; where none does it is true with confidence 0. See [ConfidenceSemantics]. */
    data class And(val children: List<Rule>) : Rule

    /** Confidence is the best of the children that are true. */
    data class Or(val children: List<Rule>) : Rule

    /** True when the child is false. See [ConfidenceSemantics] for its confidence. */
    data class Not(val child: Rule) : Rule
}

/** What confidence a rule has that matched. */
enum class ConfidenceSemantics {
    /**
     * Only what was found weighs. That something was *not* found says nothing of how well a request fits: a NOT, and what consists
     * of NOTs alone, has confidence 0 and is left out of the mean of an AND.
     */
    EVIDENCE,

    /** As vLLM Semantic Router counts: a NOT has confidence 1.0, and so has every match of a keyword or language. */
    SEED,
}

/** Numeric bounds; every bound that is set must hold. At least one is. */
data class Predicate(val gt: Double? = null, val gte: Double? = null, val lt: Double? = null, val lte: Double? = null) {
    fun holds(x: Double): Boolean =
        (gt == null || x > gt) && (gte == null || x >= gte) && (lt == null || x < lt) && (lte == null || x <= lte)
}
