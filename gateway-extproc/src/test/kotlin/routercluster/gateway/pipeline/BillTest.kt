package routercluster.gateway.pipeline

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.answer.AnswerFacts
import routercluster.policy.answer.Usage
import routercluster.policy.models.Pricing

/** The prompt is estimated at 1,000 tokens throughout; a prompt token costs 2 per million, a completion token 10. */
class BillTest {
    private val euro = Pricing("EUR", promptPerMillion = 2.0, completionPerMillion = 10.0)
    private val dollar = euro.copy(currency = "USD")
    private val nothing = AnswerFacts(null, null, 0, null, done = false, error = false, finishReasons = emptyList())
    private val told = nothing.copy(usage = Usage(500, 100), textTokens = 90)
    private val untold = nothing.copy(textTokens = 90)
    private val begun = untold.copy(opening = Usage(700, 0, 200))

    @Test
    fun `bills what upstreams tell, and estimates the rest`() {
        val rows =
            listOf(
                Row("told", told, euro, emptyList(), Usage(500, 100), false, 0.002, 0.0),
                Row("told, no price", told, null, emptyList(), Usage(500, 100), false, null, 0.0),
                Row("not told", untold, euro, emptyList(), Usage(1_000, 90), true, 0.0029, 0.0029),
                Row("not told, no price", untold, null, emptyList(), Usage(1_000, 90), true, null, 0.0),
                Row("told of the prompt only", begun, euro, emptyList(), Usage(700, 90, 200), true, 0.0023, 0.0023),
                Row("nothing came", nothing, euro, emptyList(), Usage(1_000, 0), true, 0.002, 0.002),
                Row("no answer", null, euro, emptyList(), null, false, null, 0.0),
                Row("no answer, one lost", null, null, listOf(euro), null, false, 0.002, 0.002),
                Row("told, two lost", told, euro, listOf(euro, euro), Usage(500, 100), false, 0.006, 0.004),
                Row("not told, one lost", untold, euro, listOf(euro), Usage(1_000, 90), true, 0.0049, 0.0049),
                Row("told, one lost in another currency", told, euro, listOf(dollar), Usage(500, 100), false, 0.002, 0.0),
                Row("told without a price, one lost with one", told, null, listOf(euro), Usage(500, 100), false, 0.002, 0.002),
            )
        for (row in rows) {
            val bill = bill(row.answer, row.pricing, row.unserved) { 1_000 }
            withClue(row.name) {
                bill.usage shouldBe row.usage
                bill.isEstimated shouldBe row.estimated
                if (row.cost == null) bill.cost shouldBe null else bill.cost shouldBe (row.cost plusOrMinus 1e-12)
                bill.costEstimated shouldBe (row.costEstimated plusOrMinus 1e-12)
                bill.currency shouldBe if (row.pricing == null && row.unserved.isEmpty()) null else "EUR"
                (bill.note() == null) shouldBe (row.usage == null && row.cost == null)
            }
        }
    }

    @Test
    fun `says nothing of an answer of which nothing is known`() {
        val bill = bill(nothing, euro, emptyList()) { 0 }
        (bill.usage to bill.cost) shouldBe (null to null)
        bill.note() shouldBe null
    }

    @Test
    fun `estimates no prompt that was told`() {
        bill(told, euro, emptyList()) { error("not asked for") }.usage shouldBe Usage(500, 100)
        bill(begun, euro, emptyList()) { error("not asked for") }.usage shouldBe Usage(700, 90, 200)
    }

    private class Row(
        val name: String,
        val answer: AnswerFacts?,
        val pricing: Pricing?,
        val unserved: List<Pricing>,
        val usage: Usage?,
        val estimated: Boolean,
        val cost: Double?,
        val costEstimated: Double,
    )
}
