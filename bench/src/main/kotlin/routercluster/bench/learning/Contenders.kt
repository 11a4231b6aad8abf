package routercluster.bench.learning

import routercluster.policy.selectors.ContextualMethod
import routercluster.policy.selectors.ContextualSelector
import routercluster.policy.selectors.ContextualSettings
import routercluster.policy.selectors.EloSelector
import routercluster.policy.selectors.FactorWeights
import routercluster.policy.selectors.GuardedSelector
import routercluster.policy.selectors.Guards
import routercluster.policy.selectors.HybridSelector
import routercluster.policy.selectors.HybridWeights
import routercluster.policy.selectors.MultiFactorSelector
import routercluster.policy.selectors.RlDrivenSelector
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.ThompsonSelector
import kotlin.random.Random

/** What takes part under [name]; [learner] begins anew, with its own chance. */
internal class Contender(val name: String, val learner: (Random) -> Learner)

/**
 * Baselines, then every selector that learns, as it is and with `freeze`, on one node; then some on three nodes.
 *
 * @param fixed place of the best model that is there all along
 */
internal fun contenders(arms: List<Arm>, domains: List<String>, fixed: Int): List<Contender> {
    fun shipped(name: String, nodes: Nodes, selector: () -> Selector) =
        Contender(name) { random -> ShippedLearner(selector(), arms, domains, random, nodes) }
    val baselines = listOf(
        Contender("best fixed: ${arms[fixed].name}") { FixedLearner(fixed) },
        Contender("epsilon-greedy") { EpsilonGreedy(arms.size, it) },
        Contender("UCB1") { Ucb1(arms.size) },
        Contender(SAMPLING) { RoutingSampling(arms, it) },
    )
    val alone = learning.flatMap { (name, selector) ->
        listOf(shipped(name, Nodes(), selector), shipped("$name, freeze", Nodes()) { frozen(selector()) })
    }
    val clustered = listOf("thompson", "contextual thompson").flatMap { name ->
        listOf(10, 100).map { every ->
            shipped("$name, freeze, 3 nodes, every $every", Nodes(3, every)) { frozen(learning.getValue(name)()) }
        }
    }
    return baselines + alone + clustered
}

/** All are compared with this one. */
internal const val SAMPLING = "routing_sampling (the seed's)"

private fun frozen(selector: Selector): Selector = GuardedSelector(selector, Guards(freezes = true))

/** With the weight of cost that the reward has, where there is a parameter for it, and without latency and load, which it leaves out. */
private val learning: Map<String, () -> Selector> = mapOf(
    "thompson" to { ThompsonSelector },
    "rl_driven" to { RlDrivenSelector(costWeight = COST_WEIGHT) },
    "elo" to { EloSelector() },
    "hybrid" to
        { HybridSelector(HybridWeights(experience = 1.0, similarity = 0.0, automix = 0.0, cost = COST_WEIGHT), isNormalised = false) },
    "multi_factor" to { MultiFactorSelector(FactorWeights(quality = 1.0, latency = 0.0, cost = COST_WEIGHT, load = 0.0)) },
    "contextual thompson" to { ContextualSelector(ContextualSettings(costWeight = COST_WEIGHT)) },
    "contextual ucb" to { ContextualSelector(ContextualSettings(ContextualMethod.UCB, costWeight = COST_WEIGHT)) },
)
