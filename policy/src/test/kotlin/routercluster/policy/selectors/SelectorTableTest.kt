package routercluster.policy.selectors

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class SelectorTableTest {
    @Test
    fun `the table holds every selector under its name`() {
        val read = selectors.mapValues { (_, reader) -> reader.read(null) }
        (read["router_dc"] as RouterDcSelector).settings shouldBe RouterDcSettings()
        (read["hybrid"] as HybridSelector).run { Triple(weights, isNormalised, qualityGap) } shouldBe Triple(HybridWeights(), true, null)
        (read["contextual"] as ContextualSelector).settings shouldBe ContextualSettings()
        (read["gmtrouter"] as GmtRouterSelector).settings shouldBe GmtRouterSettings()
        (read["prompt"] as PromptSelector).settings shouldBe PromptSettings()
        read - setOf("router_dc", "hybrid", "contextual", "prompt", "gmtrouter") shouldBe
            mapOf(
                "static" to StaticSelector,
                "weighted" to WeightedSelector,
                "latency_aware" to LatencyAwareSelector(perTokenPercentile = null, firstBytePercentile = 50),
                "least_loaded" to LeastLoadedSelector,
                "thompson" to ThompsonSelector,
                "multi_factor" to MultiFactorSelector(),
                "automix" to AutomixSelector(),
                "elo" to EloSelector(),
                "rl_driven" to RlDrivenSelector(),
                "session_aware" to SessionAwareSelector(StaticSelector),
            )
    }
}
