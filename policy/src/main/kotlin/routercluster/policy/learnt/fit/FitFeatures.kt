package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Features
import routercluster.policy.learnt.Matrix
import routercluster.policy.learnt.Scale
import kotlin.math.sqrt
import kotlin.random.Random

/**
 * Axes, scales and topics from the requests of a training set. The factors were chosen by cross-validation on the train part of
 * RouteLLM's MMLU pair and MMLU-Pro (docs/decisions/0052).
 *
 * @param domains labels of the domain head
 */
internal fun fitFeatures(requests: List<JudgedRequest>, domains: List<String>, random: Random): Features {
    val size = requests.first().embedding.size
    val embeddings = Matrix(requests.size, size)
    requests.forEachIndexed { row, request -> request.embedding.copyInto(embeddings.values, row * size) }
    val centre = meanRow(embeddings)
    val hardness = requests.map {
        it.read.traits.complexity
            ?.toFloat()
    }
    return Features(
        centre,
        principalAxes(embeddings, centre, minOf(AXES, size, requests.size), random),
        AXES_FACTOR,
        domains.takeIf { requests.all { request -> request.read.traits.domains != null } }.orEmpty(),
        DOMAIN_FACTOR,
        if (null in hardness) null else scale(hardness.filterNotNull()),
        scale(requests.map { Features.logLength(it.read.traits.textLength) }),
    )
}

/** So that numbers with this spread weigh [SCALAR_FACTOR]; nothing where they do not differ. */
private fun scale(numbers: List<Float>): Scale {
    val mean = numbers.average()
    val deviation = sqrt(numbers.sumOf { (it - mean) * (it - mean) } / numbers.size)
    return Scale(mean.toFloat(), if (deviation > 0.0) (SCALAR_FACTOR / deviation).toFloat() else 0f)
}

private const val AXES = 96
private const val AXES_FACTOR = 1.4142135f
private const val DOMAIN_FACTOR = 1f
private const val SCALAR_FACTOR = 0.316
