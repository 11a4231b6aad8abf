package routercluster.gateway.pipeline

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.answer.Usage
import routercluster.policy.models.Pricing

class CostTest {
    @Test
    fun `prices tokens per million`() {
        val plain = Pricing("EUR", promptPerMillion = 2.0, completionPerMillion = 10.0)
        val cached = plain.copy(cachedInputPerMillion = 0.5, cacheWritePerMillion = 2.5)
        val rows =
            listOf(
                Row(plain, 0, 0, 0, 0.0),
                Row(plain, 1_000_000, 0, 0, 2.0),
                Row(plain, 0, 1_000_000, 0, 10.0),
                Row(plain, 1_000, 200, 0, 0.004),
                Row(plain, 1_000, 200, 400, 0.004),
                Row(cached, 1_000, 200, 0, 0.004),
                Row(cached, 1_000, 200, 400, 0.0034),
                Row(cached, 1_000, 200, 1_000, 0.0025),
                // More cached than sent cannot be; it must not pay back.
                Row(cached, 1_000, 0, 2_000, 0.001),
                Row(plain, 1_000, 0, 400, 0.002, written = 600),
                Row(cached, 1_000, 0, 400, 0.0002 + 0.0015, written = 600),
            )
        assertSoftly {
            rows.forEach {
                val usage = Usage(it.prompt, it.completion, it.cached, it.written)
                withClue(it) { cost(it.pricing, usage) shouldBe (it.cost plusOrMinus 1e-12) }
            }
        }
    }

    private data class Row(
        val pricing: Pricing,
        val prompt: Long,
        val completion: Long,
        val cached: Long,
        val cost: Double,
        val written: Long = 0,
    )
}
