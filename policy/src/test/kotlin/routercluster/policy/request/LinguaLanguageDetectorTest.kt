package routercluster.policy.request

import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class LinguaLanguageDetectorTest {
    private val detector = LinguaLanguageDetector(setOf("es"))

    @Test
    fun `a language that no rule names is not taken for one that a rule names`() {
        detector.detect("Ciao, ho bisogno di aiuto con il mio conto bancario")?.code shouldBe "it"
    }

    @Test
    fun `a sentence is sure and a scrap is not`() {
        confidence("Hola, necesito ayuda con mi cuenta por favor") shouldBeGreaterThan 0.9
        confidence("no") shouldBeLessThan 0.5
    }

    @Test
    fun `what holds no letters has no language`() {
        listOf("", "  ", "12345", "!?", "😀", "\uD83D").map(detector::detect) shouldBe List(6) { null }
    }

    @Test
    fun `only the beginning is read`() {
        detector.detect("Hola, necesito ayuda. ".repeat(30) + "This is English. ".repeat(10_000))?.code shouldBe "es"
    }

    private fun confidence(text: String): Double = detector.detect(text)?.confidence ?: 0.0
}
