package routercluster.gateway.limits

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.limits.Amounts
import routercluster.policy.models.Pricing
import routercluster.policy.request.parseChat

class LimitAnswersTest {
    @Test
    fun `times are written as OpenAI writes them`() =
        assertSoftly {
            val rows = listOf(0L to "0ms", 20L to "20ms", 1_000L to "1s", 1_001L to "2s", 360_000L to "6m0s", 3_725_000L to "1h2m5s")
            rows.forEach { (millis, text) ->
                withClue("$millis") { resetText(millis) shouldBe text }
            }
        }

    @Test
    fun `a request is taken for its prompt and the longest answer that it allows`() {
        val price = Pricing("EUR", promptPerMillion = 2.0, completionPerMillion = 10.0)
        assertSoftly {
            listOf(
                "" to 10L + ANSWER_TOKENS,
                ""","max_tokens":50""" to 60L,
                ""","max_tokens":50,"max_completion_tokens":7""" to 17L,
                ""","max_tokens":50,"n":3""" to 160L,
                ""","max_tokens":"many"""" to 10L + ANSWER_TOKENS,
                ""","max_tokens":-5""" to 10L,
                ""","max_tokens":null""" to 10L + ANSWER_TOKENS,
            ).forEach { (fields, tokens) ->
                val body = parseChat("""{"model":"m","messages":[{"role":"user","content":"x"}]$fields}""".toByteArray(), Limits())
                withClue(fields) { estimate(body, 10, price) shouldBe Amounts(1, tokens, 20 + 10 * (tokens - 10)) }
            }
        }
        used(110, 0.0003) shouldBe Amounts(1, 110, 300)
        used(5, null) shouldBe Amounts(1, 5, 0)
    }
}
