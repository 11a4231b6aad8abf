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

    /** Confidence is the mean of the children; without children it is true with confidence 0. */
    data class And(val children: List<Rule>) : Rule

    /** Confidence is the best of the children that are true. */
    data class Or(val children: List<Rule>) : Rule

    /** Confidence is 1.0 when the child is false. */
    data class Not(val child: Rule) : Rule
}

/** Numeric bounds; every bound that is set must hold. At least one is. */
data class Predicate(val gt: Double? = null, val gte: Double? = null, val lt: Double? = null, val lte: Double? = null) {
    fun holds(x: Double): Boolean =
        (gt == null || x > gt) && (gte == null || x >= gte) && (lt == null || x < lt) && (lte == null || x <= lte)
}
