package routercluster.telemetry

import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test

class CacheMetersTest {
    private val events = PrometheusEvents()

    @AfterEach
    fun close() = events.close()

    private fun lines(): List<String> = events.scrape().lines()

    @Test
    fun `hits are counted by topic, with their age and what they saved, and misses are not among them`() {
        events.publish(RouterEvent.AnswerSought("faq", "hit_exact", 0.5, "law", 90_000_000_000, 2_500_000_000))
        events.publish(RouterEvent.AnswerSought("faq", "hit_semantic", null, null, 1_000_000_000, 0))
        events.publish(RouterEvent.AnswerSought("faq", "miss", category = "law"))
        val lines = lines()
        lines shouldContain "router_cache_hits_total{category=\"law\",decision=\"faq\",kind=\"exact\"} 1.0"
        lines shouldContain "router_cache_hits_total{category=\"\",decision=\"faq\",kind=\"semantic\"} 1.0"
        lines.count { it.startsWith("router_cache_hits_total{") } shouldBe 2
        lines shouldContain "router_cache_sought_total{decision=\"faq\",outcome=\"miss\"} 1.0"
        lines shouldContain "router_cache_saved_seconds_total{decision=\"faq\"} 2.5"
        lines shouldContain "router_cache_age_seconds_bucket{decision=\"faq\",le=\"60.0\"} 1"
        lines shouldContain "router_cache_age_seconds_sum{decision=\"faq\"} 91.0"
    }

    @Test
    fun `a gauge of many rows has those that there are at each scrape, up to a bound`() {
        var rows = listOf(listOf("a", "x") to 1.0, listOf("b", "y") to 2.0)
        events.gauges("router.test.rows", "Rows", listOf("one", "other")) { rows }
        lines() shouldContain "router_test_rows{one=\"a\",other=\"x\"} 1.0"
        rows = listOf(listOf("a", "x") to 3.0)
        lines().filter { it.startsWith("router_test_rows{") } shouldBe listOf("router_test_rows{one=\"a\",other=\"x\"} 3.0")
        rows = List(PrometheusEvents.SERIES_MAX + 10) { listOf("$it", "") to 0.0 }
        lines().count { it.startsWith("router_test_rows{") } shouldBe PrometheusEvents.SERIES_MAX
    }
}
