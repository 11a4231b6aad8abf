package routercluster.policy.selectors

import routercluster.policy.config.Section

/** Makes a selector of the parameters that a policy file gives it; null where it gives none. Problems are reported to the section's. */
internal fun interface SelectorReader {
    fun read(parameters: Section?): Selector
}

/** Every selector that is built, by the name that a decision's `algorithm.type` gives it; the policy loader reads the same table. */
internal val selectors: Map<String, SelectorReader> =
    mapOf(
        "static" to SelectorReader { StaticSelector },
        "weighted" to SelectorReader { WeightedSelector },
        "latency_aware" to SelectorReader(::readLatencyAware),
        "least_loaded" to SelectorReader { LeastLoadedSelector },
        "thompson" to SelectorReader { ThompsonSelector },
        "multi_factor" to SelectorReader(MultiFactorSelector::read),
        "router_dc" to SelectorReader(RouterDcSelector::read),
        "automix" to SelectorReader(AutomixSelector::read),
        "hybrid" to SelectorReader(HybridSelector::read),
        "elo" to SelectorReader(EloSelector::read),
        "rl_driven" to SelectorReader(RlDrivenSelector::read),
        "contextual" to SelectorReader(ContextualSelector::read),
        "gmtrouter" to SelectorReader(GmtRouterSelector::read),
        "prompt" to SelectorReader(PromptSelector::read),
        "session_aware" to SelectorReader(SessionAwareSelector::read),
    )
