package routercluster.policy.selectors

/** Every selector that is built, by the name that a decision's `algorithm.type` gives it; the policy loader reads the same table. */
val selectors: Map<String, Selector> =
    mapOf(
        "static" to StaticSelector,
        "weighted" to WeightedSelector,
    )
