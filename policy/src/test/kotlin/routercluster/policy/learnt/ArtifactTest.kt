package routercluster.policy.learnt

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import kotlin.random.Random

class ArtifactTest {
    private val svm = trained(LearntKind.SVM)

    @Test
    fun `an artifact of each kind survives its file`() =
        assertSoftly {
            for (kind in LearntKind.entries) {
                val artifact = if (kind == LearntKind.SVM) svm else trained(kind)
                val read = Artifact.read(artifact.text())
                withClue(kind.key) {
                    read.version shouldBe artifact.version
                    read.models shouldBe artifact.models
                    read.text() shouldBe artifact.text()
                    val points = List(20) { seed -> FloatArray(artifact.features.size) { Random(seed).nextFloat() } }
                    points.map {
                        read.estimator
                            .forecast(it)
                            .quality
                            .toList()
                    } shouldBe
                        points.map {
                            artifact.estimator
                                .forecast(it)
                                .quality
                                .toList()
                        }
                }
            }
        }

    @Test
    fun `the same training gives the same version, another one another`() {
        trained(LearntKind.SVM).version shouldBe svm.version
        (trained(LearntKind.SVM, requests(200, Random(1))).version == svm.version) shouldBe false
    }

    @Test
    fun `what is wrong with a file is told`() =
        assertSoftly {
            val text = svm.text()
            mapOf(
                "no JSON" to "is not JSON",
                "[1]" to "is not a JSON object",
                "{}" to "format is missing",
                text.replace("\"format\":1", "\"format\":2") to "format is 2, and this program reads 1",
                text.replace("\"svm\"", "\"forest\"") to "algorithm is forest, not knn, kmeans, svm, mlp, pareto",
                text.replace("\"lawyer\"", "\"liar\"") to "it was changed or damaged",
                text.replace("\"format\":1", "\"format\":\"1\"") to "format is of the wrong type",
            ).forEach { (broken, message) ->
                withClue(message) { shouldThrow<BadArtifact> { Artifact.read(broken) }.message shouldContain message }
            }
        }

    @Test
    fun `numbers that do not fit one another are refused`() {
        val kernel = Kernel(1.0, Matrix(2, svm.features.size), Matrix(3, svm.models.size), FloatArray(svm.models.size))
        val broken = Artifact(LearntKind.SVM, svm.card, svm.models, svm.features, kernel).text()
        shouldThrow<BadArtifact> { Artifact.read(broken) }.message shouldBe "estimator.weights is 3 x 3, expected 2 x 3"
    }
}
