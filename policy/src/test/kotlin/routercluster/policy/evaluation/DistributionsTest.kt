package routercluster.policy.evaluation

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.math.PI
import kotlin.math.atan
import kotlin.math.exp
import kotlin.math.sqrt

/** Against the usual printed tables, and against closed forms where there are some. */
class DistributionsTest {
    @Test
    fun `the tails of a normal distribution`() =
        listOf(0.0 to 1.0, 1.959963985 to 0.05, -1.959963985 to 0.05, 3.290526731 to 0.001, 6.0 to 1.973175e-9).forEach { (z, tails) ->
            withClue("z $z") { normalTails(z) shouldBe (tails plusOrMinus tails * 1e-6) }
        }

    @Test
    fun `the tail of a chi-square distribution`() {
        listOf(Triple(3.841459, 1, 0.05), Triple(18.307038, 10, 0.05), Triple(24.321886, 7, 0.001)).forEach { (x, degrees, tail) ->
            withClue("$x, $degrees") { chiSquareTail(x, degrees) shouldBe (tail plusOrMinus tail * 1e-6) }
        }
        // With two degrees of freedom it is exponential.
        listOf(0.01, 1.0, 4.0, 50.0).forEach { x -> chiSquareTail(x, 2) shouldBe (exp(-x / 2) plusOrMinus exp(-x / 2) * 1e-8) }
    }

    @Test
    fun `the tails of Student's t`() {
        listOf(2.228139 to 10.0, 2.042272 to 30.0).forEach { (t, degrees) ->
            withClue("$t, $degrees") { studentTails(t, degrees) shouldBe (0.05 plusOrMinus 1e-7) }
        }
        for (t in listOf(0.1, 1.0, 3.0, 40.0)) {
            withClue("t $t") {
                studentTails(t, 1.0) shouldBe (1 - 2 / PI * atan(t) plusOrMinus 1e-8)
                studentTails(-t, 2.0) shouldBe (1 - t / sqrt(2 + t * t) plusOrMinus 1e-8)
            }
        }
    }

    @Test
    fun `quantiles lead back to their chances`() {
        for (degrees in listOf(1.0, 4.5, 99.0, 12_345.0)) {
            for (tails in listOf(0.5, 0.05, 0.001)) {
                withClue("$degrees, $tails") {
                    studentTails(studentQuantile(tails, degrees), degrees) shouldBe (tails plusOrMinus tails * 1e-8)
                }
            }
        }
        studentQuantile(0.05, 1e6) shouldBe (1.959966 plusOrMinus 1e-5)
    }
}
