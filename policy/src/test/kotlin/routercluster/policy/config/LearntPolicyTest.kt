package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.catalog.bundledHeads
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.Neighbours
import routercluster.policy.learnt.fit.Fixed
import routercluster.policy.learnt.trained
import routercluster.policy.selectors.LearntSelector
import routercluster.policy.selectors.SecondLookSelector
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.StaticSelector

/** Decisions that go by artifacts. */
class LearntPolicyTest {
    private val good = GOOD.replace("- name: urgent\n", "- {name: urgent, operator: OR, keywords: [now]}\n")

    private fun named(kind: LearntKind, vararg models: String): String {
        val artifact = trained(kind, fixed = Fixed(clusters = 3))
        val known = artifact.models.zip(models).map { (model, name) -> model.copy(name = name) }
        return Artifact(kind, artifact.card, known, artifact.features, artifact.estimator).text()
    }

    private val files = FakeFiles(
        mapOf(
            "knn.json" to named(LearntKind.KNN, "small", "large", "other"),
            "strange.json" to named(LearntKind.KNN, "a", "b", "c"),
            "half.json" to named(LearntKind.KNN, "a", "small", "c"),
            "folder/kmeans.json" to named(LearntKind.KMEANS, "small", "large", "other"),
            "svm.json" to named(LearntKind.SVM, "small", "large", "other"),
            "mlp.json" to named(LearntKind.MLP, "small", "large", "other"),
            "broken.json" to "{}",
        ),
        bundled = EncoderFolder.Found(
            null,
            bundledHeads + ("embedding" to Head(Task.EMBED, dimensions = 8)) + ("complexity" to Head(Task.SEQ_CLS, listOf("easy", "hard"))),
        ),
    )

    private fun outcome(algorithm: String, ml: String = "", files: PolicyFiles = this.files): PolicyOutcome {
        val selection = if (ml.isEmpty()) ROUTER else "router: {model_selection: {ml: {$ml}}}"
        val text = good.replace("type: weighted", algorithm).replace(ROUTER, selection)
        return provePolicy(text, "p.yaml", mapOf("KEY" to "k")::get, files = files)
    }

    private fun policy(algorithm: String, ml: String = "") = outcome(algorithm, ml).shouldBeInstanceOf<PolicyOutcome.Proven>().policy

    private fun selector(algorithm: String, ml: String = "") =
        policy(algorithm, ml)
            .recipes
            .getValue("default")
            .decisions
            .single()
            .selector

    private fun Selector.learnt() = shouldBeInstanceOf<SecondLookSelector>().inner.shouldBeInstanceOf<LearntSelector>()

    private fun problems(algorithm: String, ml: String = "", files: PolicyFiles = this.files): List<String> =
        outcome(algorithm, ml, files).shouldBeInstanceOf<PolicyOutcome.Refused>().problems.map { problem ->
            "${problem.at.path.substringAfterLast("routing.decisions[0].")}: ${problem.message}"
        }

    @Test
    fun `a decision goes by the artifact that it names`() {
        val knn = selector("type: knn, knn: {artifact: knn.json, cost_weight: 0.3, k: 9}").learnt()
        knn.costWeight shouldBe 0.3
        (knn.artifact.estimator as Neighbours).neighbours shouldBe 9
        knn.artifact.models.map { it.name } shouldBe listOf("small", "large", "other")
    }

    @Test
    fun `or by the one that all go by`() {
        val kmeans = selector(
            "type: kmeans",
            "models_path: folder, kmeans: {pretrained_path: kmeans.json, num_clusters: 3, efficiency_weight: 0.4}, embedding_dim: 8",
        ).learnt()
        kmeans.costWeight shouldBe 0.4
        val knn = selector("type: knn", "knn: {pretrained_path: knn.json, k: 4}").learnt()
        (knn.artifact.estimator as Neighbours).neighbours shouldBe 4
        selector("type: svm", "svm: {pretrained_path: svm.json, kernel: rbf, gamma: 1}").learnt()
    }

    @Test
    fun `without an artifact the order of the file stands, and the policy asks for what is not there`() {
        val absent = policy("type: knn", "knn: {pretrained_path: gone.json}")
        absent.recipes
            .getValue("default")
            .decisions
            .single()
            .selector shouldBe StaticSelector
        absent.inactive.map { "${it.feature.label} ${it.at.path}" } shouldContainExactly
            listOf("absent_selector routing.decisions[0].algorithm.type")
        policy("type: pareto").inactive.map { it.feature.label } shouldContainExactly listOf("absent_selector")
    }

    @Test
    fun `an artifact that cannot be used is refused`() {
        assertSoftly {
            listOf(
                "knn: {artifact: gone.json}" to "cannot be read",
                "knn: {artifact: broken.json}" to "is no artifact that can be used: format is missing",
                "knn: {artifact: svm.json}" to "is an artifact of svm",
                "knn: {artifact: strange.json}" to "knows none of this decision's models",
            ).forEach { (parameters, message) ->
                withClue(parameters) { problems("type: knn, $parameters") shouldBe listOf("algorithm.knn.artifact: $message") }
            }
            problems(
                "type: knn, knn: {artifact: knn.json}",
                files = FakeFiles(mapOf("knn.json" to named(LearntKind.KNN, "small", "large", "c"))),
            ) shouldBe
                listOf("algorithm.knn.artifact: was made for embeddings of 8 numbers")
        }
    }

    @Test
    fun `so is one that is not as the file says`() {
        assertSoftly {
            val ml = "global.router.model_selection.ml"
            val other = "is not what the artifact has"
            problems("type: svm, svm: {artifact: svm.json}", "svm: {kernel: linear}") shouldBe listOf("$ml.svm.kernel: $other")
            problems("type: svm, svm: {artifact: svm.json}", "svm: {gamma: 2}") shouldBe listOf("$ml.svm.gamma: $other")
            problems("type: svm, svm: {artifact: svm.json}", "embedding_dim: 768") shouldBe listOf("$ml.embedding_dim: $other")
            problems("type: kmeans", "kmeans: {pretrained_path: folder/kmeans.json, num_clusters: 8}") shouldBe
                listOf("$ml.kmeans.num_clusters: $other")
        }
    }

    @Test
    fun `what has no effect is told`() {
        policy("type: mlp, mlp: {artifact: mlp.json}", "mlp: {device: cuda}").notices.map { it.message } shouldContainExactly
            listOf("has no effect: so small a network runs on the CPU")
        policy("type: knn, knn: {artifact: half.json}").notices.map { it.message } shouldContainExactly
            listOf("knows nothing of large, which come last")
    }

    @Test
    fun `another artifact is another revision`() {
        val other = FakeFiles(mapOf("knn.json" to named(LearntKind.KNN, "small", "large", "third")), bundled = files.bundled)
        val revisions = listOf(files, other)
            .map { outcome("type: knn, knn: {artifact: knn.json}", files = it) }
            .map { it.shouldBeInstanceOf<PolicyOutcome.Proven>().policy.revision }
        revisions.distinct().size shouldBe 2
    }
}
