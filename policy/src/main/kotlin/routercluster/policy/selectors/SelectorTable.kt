package routercluster.policy.selectors

import routercluster.policy.config.Section
import routercluster.policy.config.format.Fields
import routercluster.policy.config.format.automixFormat
import routercluster.policy.config.format.contextualFormat
import routercluster.policy.config.format.eloFormat
import routercluster.policy.config.format.fields
import routercluster.policy.config.format.gmtRouterFormat
import routercluster.policy.config.format.hybridFormat
import routercluster.policy.config.format.latencyAwareFormat
import routercluster.policy.config.format.multiFactorFormat
import routercluster.policy.config.format.promptFormat
import routercluster.policy.config.format.rlDrivenFormat
import routercluster.policy.config.format.routerDcFormat
import routercluster.policy.config.format.sessionAwareFormat

/** Makes a selector of the parameters that a policy file gives it; null where it gives none. Problems are reported to the section's. */
internal fun interface SelectorReader {
    fun read(parameters: Section?): Selector
}

/**
 * A selector that is built.
 *
 * @property meaning in the reference of the format
 * @property format its parameters as a policy file has them
 */
internal class BuiltSelector(val meaning: String, val format: Fields, reader: SelectorReader) : SelectorReader by reader

private val NO_PARAMETERS = fields {}

/** Those that stand for themselves: what `session_aware` may keep to. */
internal val baseSelectors: Map<String, BuiltSelector> =
    mapOf(
        "static" to BuiltSelector("The order of the file.", NO_PARAMETERS) { StaticSelector },
        "weighted" to
            BuiltSelector("By chance, in proportion to the weights of the candidates. Ours.", NO_PARAMETERS) { WeightedSelector },
        "latency_aware" to BuiltSelector("By measured times and failures.", latencyAwareFormat, ::readLatencyAware),
        "least_loaded" to
            BuiltSelector("By requests under way, in proportion to the weights. Ours.", NO_PARAMETERS) { LeastLoadedSelector },
        "thompson" to
            BuiltSelector("By chance, as often as a candidate may be the best by its verdicts. Ours.", NO_PARAMETERS) { ThompsonSelector },
        "multi_factor" to
            BuiltSelector("By a weighted mean of quality, latency, cost and load.", multiFactorFormat, MultiFactorSelector::read),
        "router_dc" to
            BuiltSelector("By the similarity of the request and a model's description.", routerDcFormat, RouterDcSelector::read),
        "automix" to
            BuiltSelector(
                "By what it is worth to begin with a candidate and to go on with a stronger one.",
                automixFormat,
                AutomixSelector::read,
            ),
        "hybrid" to BuiltSelector("By several algorithms together.", hybridFormat, HybridSelector::read),
        "elo" to BuiltSelector("By ratings of verdicts and comparisons.", eloFormat, EloSelector::read),
        "rl_driven" to BuiltSelector("By verdicts, exploring less the more there are.", rlDrivenFormat, RlDrivenSelector::read),
        "contextual" to
            BuiltSelector("By what verdicts say of requests like this one. Ours.", contextualFormat, ContextualSelector::read),
        "gmtrouter" to
            BuiltSelector("By the verdicts of the user and of users who judge alike.", gmtRouterFormat, GmtRouterSelector::read),
    )

/**
 * Every selector that is built, by the name that a decision's `algorithm.type` gives it: the policy loader, the format's description and what
 * `session_aware` may keep to come of this table alone.
 */
internal val selectors: Map<String, BuiltSelector> =
    baseSelectors + mapOf(
        "prompt" to BuiltSelector("By asking a language model which candidate should answer.", promptFormat, PromptSelector::read),
        "session_aware" to
            BuiltSelector(
                "By another algorithm, unless the conversation does better to keep its model.",
                sessionAwareFormat(baseSelectors.keys.toList()),
                SessionAwareSelector::read,
            ),
    )
