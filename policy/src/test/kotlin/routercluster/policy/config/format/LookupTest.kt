package routercluster.policy.config.format

import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldNotContain
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class LookupTest {
    private fun keys(vararg way: Step) = keysAt(way.toList()).map { it.entry.key }

    private val decisions = arrayOf(Step("routing"), Step("decisions"))

    @Test
    fun `keys of mappings, of entries of lists, and of what holds itself`() {
        keys() shouldContainAll listOf("version", "routing")
        keys(*decisions) shouldContainAll listOf("name", "rules")
        keys(*decisions, Step("rules"), Step("conditions"), Step("conditions")) shouldBe ruleFormat.all.map { it.key }
        keys(Step("recipes"), Step("routing"), Step("decisions")) shouldBe decisionFormat.all.map { it.key }
        keys(Step("providers"), Step("defaults"), Step("reasoning_families"), Step("anything")) shouldContain "type"
        keys(Step("routing"), Step("nonsense"), Step("decisions")) shouldBe emptyList()
    }

    @Test
    fun `what a word decides`() {
        val algorithm = Step("algorithm", mapOf("type" to "multi_factor"))
        keys(*decisions, algorithm) shouldContain "multi_factor"
        keys(*decisions, Step("algorithm", mapOf("type" to "static"))) shouldNotContain "multi_factor"
        keys(*decisions, algorithm, Step("multi_factor")) shouldContain "weights"
        keys(*decisions, Step("plugins", mapOf("type" to "system_prompt")), Step("configuration")) shouldContain "system_prompt"
    }

    @Test
    fun `what is known of a key`() {
        val keys = keysAt(decisions.toList()).associateBy { it.entry.key }
        keys.getValue("priority").shape shouldBe "whole number; 0 by default; -1000000000 to 1000000000"
        keys.getValue("name").shape shouldBe "text; required"
        keys.getValue("adaptations").standing shouldBe
            "inactive: router_learning is not built yet, the pick of the algorithm stands"
        keysAt(listOf(Step("routing"))).single { it.entry.key == "strategy" }.words shouldBe listOf("priority", "confidence")
    }
}
