package routercluster.policy.config.lint

import routercluster.policy.Policy
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.encode.Preparation
import routercluster.policy.signals.Cost
import routercluster.policy.signals.DomainSignal
import routercluster.policy.signals.EmbeddingSignal
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalRef

/**
 * From which likeness on two members of a partition say the same: the cosine from which a bank takes two exemplars for one thing said twice
 * (`prototype_scoring.cluster_similarity_threshold` where nothing is written). A text then scores as high against the one as against the
 * other, but for a few hundredths that say nothing of its topic. With the bundled encoder lists that differ by little more than a sign come
 * to 0.97, the same in other words to 0.80 to 0.89, and related topics to 0.53 at most.
 */
internal const val ALIKE_FROM = 0.9

/**
 * What to embed so that [lint] can compare the members of partitions, by encoders of this process alone: no service is asked for a
 * warning. Null where there is nothing to compare.
 */
fun membersToEmbed(policy: Policy): Preparation? {
    val members = policy.recipes.values.flatMap { recipe ->
        recipe.projections.partitions
            .filter { it.members.size > 1 }
            .flatMap { partition -> partition.members.map(recipe.signals::get) }
    }
    val compared = members.filter { it is EmbeddingSignal && it.cost == Cost.ENCODE }.toSet()
    return if (compared.isEmpty()) null else Preparation.ofSignals(policy) { it in compared }
}

/** Members of a partition that no text tells apart, so that chance decides which of them wins. */
internal fun alikeMembers(routing: RawRouting, signals: Map<SignalRef, Signal>): List<Finding> =
    routing.projections.partitions.flatMap { partition ->
        val members = partition.members.mapNotNull { name -> memberOf(name, signals)?.let { name to it } }
        members.flatMapIndexed { place, (name, signal) ->
            members.take(place).mapNotNull { (earlier, other) ->
                likeness(signal, other)?.let { Finding(LintRule.ALIKE_MEMBERS, name.at, told(earlier, partition.name, it)) }
            }
        }
    }

private fun told(earlier: Text, partition: Text, likeness: String) =
    "is to the partition ${partition.value} what ${earlier.value} is: $likeness, so hardly a text tells them apart"

private fun memberOf(name: Text, signals: Map<SignalRef, Signal>): Signal? =
    listOf("domain", "embedding").firstNotNullOfOrNull { signals[SignalRef(it, name.value)] }

/** In what two members are alike; null where they are not, or where that is not known. */
private fun likeness(a: Signal, b: Signal): String? =
    when {
        a is DomainSignal && b is DomainSignal -> {
            "the same categories".takeIf { a.categories == b.categories }
        }

        a is EmbeddingSignal && b is EmbeddingSignal -> {
            val likeness = a.bank?.let { own -> b.bank?.let(own::likeness) }
            likeness?.takeIf { it >= ALIKE_FROM }?.let { "candidates of likeness ${shown(it)}" }
        }

        else -> {
            null
        }
    }
