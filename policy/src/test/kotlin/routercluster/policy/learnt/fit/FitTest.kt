package routercluster.policy.learnt.fit

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.Clusters
import routercluster.policy.learnt.Kernel
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.Matrix
import routercluster.policy.learnt.Neighbours
import routercluster.policy.learnt.SEED
import routercluster.policy.learnt.requests
import routercluster.policy.learnt.trained
import kotlin.random.Random

class FitTest {
    private fun foretold(artifact: Artifact, request: JudgedRequest): Map<String, Double> {
        val forecast = artifact.estimator.forecast(artifact.features.point(request.embedding, request.read.traits))
        return artifact.models.withIndex().associate { (place, model) -> model.name to forecast.quality[place] }
    }

    private fun isLaw(request: JudgedRequest) = request.embedding[0] > 0

    private fun right(artifact: Artifact, held: List<JudgedRequest>): Int =
        held.count { request -> foretold(artifact, request).maxBy { it.value }.key == if (isLaw(request)) "lawyer" else "mathematician" }

    @Test
    fun `each kind learns who is good at what`() =
        assertSoftly {
            val held = requests(100, Random(SEED + 1))
            LearntKind.entries.forEach { kind -> withClue(kind.key) { right(trained(kind), held) shouldBeGreaterThan 95 } }
        }

    @Test
    fun `the linear kernel does too`() {
        val artifact = trained(LearntKind.SVM, fixed = Fixed(gamma = null))
        (artifact.estimator as Kernel).gamma shouldBe null
        right(artifact, requests(100, Random(SEED + 1))) shouldBeGreaterThan 95
    }

    @Test
    fun `models that were asked few requests are judged by these alone`() =
        assertSoftly {
            val random = Random(SEED)
            val once = requests(600, random).map { request ->
                val (model, worth) = request.outcomes.entries.random(random)
                JudgedRequest(request.embedding, request.read, mapOf(model to worth))
            }
            val held = requests(100, Random(SEED + 1))
            LearntKind.entries.forEach { kind -> withClue(kind.key) { right(trained(kind, once), held) shouldBeGreaterThan 80 } }
        }

    @Test
    fun `what is given is not chosen`() {
        (trained(LearntKind.KNN, fixed = Fixed(neighbours = 7)).estimator as Neighbours).neighbours shouldBe 7
        (trained(LearntKind.KMEANS, fixed = Fixed(clusters = 3)).estimator as Clusters).centres.rows shouldBe 3
    }

    @Test
    fun `a kernel machine solves its equations`() {
        val random = Random(SEED)
        val points = Matrix(60, 2, FloatArray(120) { random.nextFloat() })
        val quality = Matrix(60, 1, FloatArray(60) { points[it, 0] })
        val set = TrainingSet(points, quality, Matrix(60, 1, FloatArray(60) { Float.NaN }))
        val kernel = fitKernels(set, listOf(KernelSettings(gamma = 1.0, ridge = 1e-3, landmarks = 20)), random).single()
        val errors = (0 until 60).map { kernel.forecast(points.row(it)).quality.single() - quality[it, 0] }
        errors.maxOf { kotlin.math.abs(it) } shouldBeLessThan 0.05
    }

    @Test
    fun `axes keep the distances of points in their span`() {
        val random = Random(SEED)
        val flat = Matrix(200, 5, FloatArray(1_000)).also { rows ->
            for (row in 0 until 200) {
                val (a, b) = random.nextFloat() to random.nextFloat()
                listOf(a, b, a + b, a - b, 2 * b).forEachIndexed { i, value -> rows[row, i] = value }
            }
        }
        val axes = principalAxes(flat, meanRow(flat), 2, random)
        val projected = Matrix(200, 2, FloatArray(400) { axes.dot(it % 2, flat.row(it / 2)) })
        repeat(20) { row ->
            projected.distance(row, projected.row(row + 1)).toDouble() shouldBe
                (flat.distance(row, flat.row(row + 1)).toDouble() plusOrMinus 1e-4)
        }
    }

    @Test
    fun `clusters know what models cost in them`() {
        val costs = trained(LearntKind.PARETO).let { artifact ->
            val clusters = artifact.estimator as Clusters
            artifact.models.indices.associate { artifact.models[it].name to clusters.cost?.get(0, it) }
        }
        costs.getValue("lawyer") shouldBe 1f
        costs.getValue("cheap") shouldBe 0.1f
    }
}
