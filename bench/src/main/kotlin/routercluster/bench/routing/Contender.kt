package routercluster.bench.routing

import routercluster.cli.train.OutcomeRow
import routercluster.policy.Candidate
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.models.Model
import routercluster.policy.selectors.LearntSelector
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.Traits
import kotlin.random.Random

/** A row with what the encoder read of it. */
internal class ReadRow(val row: OutcomeRow, val read: ReadRequest)

/** A way to choose, that has learnt whatever it learns. */
internal interface Contender {
    val name: String

    /**
     * The score of each model for [row], in the order of the pool: the highest is asked.
     *
     * @param costWeight 0 for the best, 1 for the cheapest; what knows nothing of costs passes it over
     */
    fun scores(row: ReadRow, costWeight: Double): DoubleArray
}

/** Whatever [row] is. */
internal class Always(override val name: String, private val scores: DoubleArray) : Contender {
    override fun scores(row: ReadRow, costWeight: Double): DoubleArray = scores
}

/** Scores by chance, the same ones for the same text. */
internal class ByChance(private val models: Int) : Contender {
    override val name = "random"

    override fun scores(row: ReadRow, costWeight: Double): DoubleArray {
        val random = Random(row.row.text.hashCode())
        return DoubleArray(models) { random.nextDouble() }
    }
}

/** Knows how every answer came out. */
internal class Oracle(private val models: List<String>) : Contender {
    override val name = "oracle"

    override fun scores(row: ReadRow, costWeight: Double): DoubleArray =
        DoubleArray(models.size) {
            row.row.outcomes
                .getValue(models[it])
                .quality
        }
}

/**
 * Each category's means, drawn towards those of all by [PRIOR] rows. It is told the category that the data names, which no router is.
 */
internal class ByCategory(models: List<String>, train: List<ReadRow>) : Contender {
    override val name = "best per category (told it)"
    private val all = DoubleArray(models.size) { model ->
        train
            .map {
                it.row.outcomes
                    .getValue(models[model])
                    .quality
            }.average()
    }
    private val means = train.groupBy { it.row.category }.mapValues { (_, rows) ->
        DoubleArray(models.size) { model ->
            (
                rows.sumOf {
                    it.row.outcomes
                        .getValue(models[model])
                        .quality
                } + PRIOR * all[model]
            ) / (rows.size + PRIOR)
        }
    }

    override fun scores(row: ReadRow, costWeight: Double): DoubleArray = means[row.row.category] ?: all

    private companion object {
        const val PRIOR = 10.0
    }
}

/** A selector that ships, as the router would run it. */
internal class Shipped(private val artifact: Artifact, private val models: List<String>) : Contender {
    override val name: String = artifact.kind.key
    private val candidates = models.map { Candidate(Model(it, emptyList())) }
    private val selectors = HashMap<Double, LearntSelector>()

    override fun scores(row: ReadRow, costWeight: Double): DoubleArray {
        val selector = selectors.getOrPut(costWeight) { LearntSelector(artifact, costWeight) }
        val ranked = selector.rank(candidates, SelectionContext(Random(0), traits = traitsOf(row.read)))
        val scores = ranked.associate { it.candidate.model.name to it.score }
        return DoubleArray(models.size) { scores.getValue(models[it]) }
    }

    /** With the embedding, of which traits tell nothing but what was made of it. */
    private fun traitsOf(read: ReadRequest) =
        Traits(read.embedding, read.traits.domains, read.traits.complexity, textLength = read.traits.textLength)
}

internal fun best(scores: DoubleArray): Int = scores.indices.maxBy { scores[it] }
