package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.learnt.Artifact

/**
 * Ranks by what an [artifact] foretells of each candidate for requests like this one: score = (1 - [costWeight]) * quality - [costWeight] *
 * cost / the largest cost of a candidate. So 0 takes the best, 1 the cheapest, and in between the score falls by as much for the dearest
 * candidate as [costWeight] / (1 - [costWeight]) of quality.
 *
 * A candidate that the artifact does not know comes after those that it knows, in the order of the file. Where the request could not be
 * read the order of the file stands. Cost counts only where it is known of all candidates that are ranked: by the training data, else by the
 * prices of the policy.
 *
 * @property costWeight 0..1
 */
class LearntSelector(val artifact: Artifact, val costWeight: Double) : Selector {
    private val places: Map<String, Int> = artifact.models.withIndex().associate { (index, model) -> model.name to index }
    private val title = "${artifact.kind.key} ${artifact.version}"

    override val needs: Set<Need> get() = artifact.features.needs

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val known = candidates.filter { it.model.name in places }
        val foretold = if (known.isEmpty()) null else foretold(known, context.traits)
        if (foretold.isNullOrEmpty()) return inFileOrder(candidates, lack(known, context.traits, foretold))
        val costs = costs(known, foretold, context)
        val ranked = known
            .map { ranked(it, foretold.getValue(QUALITY + it.model.name), costs) }
            .sortedByDescending { it.score }
        val unknown = candidates.filter { it.model.name !in places }
        val last = ranked.last().score - 1
        return (ranked + unknown.mapIndexed { index, it -> Ranked(it, last - index, "$title knows nothing of it") }).certain()
    }

    private fun ranked(candidate: Candidate, quality: Double, costs: Costs): Ranked {
        val cost = costs.share(candidate)
        val score = (1 - costs.weight) * quality - costs.weight * (cost ?: 0.0)
        val parts = listOfNotNull("quality" to quality, cost?.let { "cost" to it }).toMap()
        return Ranked(candidate, score, "$title: quality ${rounded(quality, 3)}, ${costs.reason(candidate)}", parts = parts)
    }

    /** By name with [QUALITY] or [COST] before it; empty where the embedding is of another length. Null where it could not be told. */
    private fun foretold(known: List<Candidate>, traits: Traits): Map<String, Double>? {
        val features = artifact.features
        if (features.lack(traits) != null) return null
        return traits.derived(title) { embedding ->
            if (embedding.size != features.embedding) return@derived emptyMap()
            val forecast = artifact.estimator.forecast(features.point(embedding, traits))
            val told = LinkedHashMap<String, Double>()
            for (name in known.map { it.model.name }) {
                val place = places.getValue(name)
                told[QUALITY + name] = forecast.quality[place]
                forecast.cost?.get(place)?.let { told[COST + name] = it }
            }
            told
        }
    }

    private fun lack(known: List<Candidate>, traits: Traits, foretold: Map<String, Double>?): String =
        when {
            known.isEmpty() -> "it knows none of the candidates"
            foretold != null -> "it was made for embeddings of ${artifact.features.embedding} numbers"
            else -> artifact.features.lack(traits) ?: traits.why(Need.EMBEDDING)
        }

    private fun inFileOrder(candidates: List<Candidate>, lack: String): List<Ranked> =
        candidates
            .mapIndexed { index, it -> Ranked(it, 1.0 / (index + 1), "place ${index + 1} in the policy: $title could not choose, $lack") }
            .certain()

    private fun costs(known: List<Candidate>, foretold: Map<String, Double>, context: SelectionContext): Costs {
        if (costWeight == 0.0) return Costs(0.0, emptyMap(), "")
        val learnt = known.associate {
            it.model.name to
                (foretold[COST + it.model.name] ?: artifact.models[places.getValue(it.model.name)].cost)
        }
        if (null !in learnt.values) return Costs(costWeight, learnt.mapValues { it.value ?: 0.0 }, "cost by its training data")
        val prices = Prices(known, context.measured)
        val priced = known.associate { it.model.name to prices.perMillion(it) }
        if (null !in priced.values) return Costs(costWeight, priced.mapValues { it.value ?: 0.0 }, "cost by the policy's prices")
        val lacking = priced.entries.first { it.value == null }.key
        return Costs(0.0, emptyMap(), "cost left out, since that of $lacking is not known")
    }

    /** @property weight 0 where costs do not count */
    private class Costs(val weight: Double, private val byModel: Map<String, Double>, private val source: String) {
        private val highest = byModel.values.maxOrNull() ?: 0.0

        fun share(candidate: Candidate): Double? = byModel[candidate.model.name]?.let { if (highest > 0.0) it / highest else 0.0 }

        fun reason(candidate: Candidate): String =
            share(candidate)?.let { "${rounded(it, 3)} of the highest cost, $source" } ?: source.ifEmpty { "cost does not count" }
    }

    private companion object {
        const val QUALITY = "quality "
        const val COST = "cost "
    }
}
