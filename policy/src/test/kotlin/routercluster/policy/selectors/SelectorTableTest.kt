package routercluster.policy.selectors

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class SelectorTableTest {
    @Test
    fun `the table holds every selector under its name`() {
        selectors.mapValues { (_, reader) -> reader.read(null) } shouldBe
            mapOf(
                "static" to StaticSelector,
                "weighted" to WeightedSelector,
                "latency_aware" to LatencyAwareSelector(perTokenPercentile = null, firstBytePercentile = 50),
                "least_loaded" to LeastLoadedSelector,
                "thompson" to ThompsonSelector,
            )
    }
}
