package routercluster.policy.learnt

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import routercluster.policy.learnt.fit.Fixed
import routercluster.policy.learnt.fit.JudgedRequest
import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.learnt.fit.TrainingTask
import routercluster.policy.learnt.fit.Worth
import routercluster.policy.learnt.fit.train
import routercluster.policy.selectors.Traits
import kotlin.math.sqrt
import kotlin.random.Random

/** Numbers of the embeddings below. */
internal const val EMBEDDING = 8

internal const val SEED = 20_261_130

internal val TOPICS = listOf("law", "math")

internal fun traits(embedding: FloatArray?, law: Double, complexity: Double?, length: Int) =
    Traits(embedding, mapOf("law" to law, "math" to 1 - law), complexity, textLength = length)

/**
 * Requests of two kinds whose embeddings lie apart. `lawyer` answers the one well and `mathematician` the other, nine times in ten; `cheap` answers
 * half of all, for a tenth of what they cost.
 */
internal fun requests(count: Int, random: Random): List<JudgedRequest> =
    List(count) {
        val isLaw = random.nextBoolean()
        val embedding = unit(FloatArray(EMBEDDING) { i -> random.nextFloat() - 0.5f + if (i == 0) (if (isLaw) 2f else -2f) else 0f })
        val read = ReadRequest(embedding, traits(null, if (isLaw) 0.9 else 0.1, random.nextDouble(), 50 + random.nextInt(500)))
        val outcomes = mapOf(
            "lawyer" to Worth(good(random, if (isLaw) 0.9 else 0.1), 1.0),
            "mathematician" to Worth(good(random, if (isLaw) 0.1 else 0.9), 1.0),
            "cheap" to Worth(good(random, 0.5), 0.1),
        )
        JudgedRequest(embedding, read, outcomes)
    }

private fun good(random: Random, chance: Double) = if (random.nextDouble() < chance) 1.0 else 0.0

internal fun unit(vector: FloatArray): FloatArray {
    val length = sqrt(vector.sumOf { it.toDouble() * it }).toFloat()
    return FloatArray(vector.size) { vector[it] / length }
}

internal fun trained(kind: LearntKind, requests: List<JudgedRequest> = requests(300, Random(SEED)), fixed: Fixed = Fixed()): Artifact =
    train(TrainingTask(kind, requests, TOPICS, fixed, seed = 1, JsonNodeFactory.instance.objectNode().put("encoder", "none"))) {}
