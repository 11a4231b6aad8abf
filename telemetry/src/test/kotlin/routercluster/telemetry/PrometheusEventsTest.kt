package routercluster.telemetry

import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import routercluster.policy.FailureClass
import routercluster.policy.config.Location
import routercluster.policy.config.format.Feature
import routercluster.policy.config.format.Inactive
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef

class PrometheusEventsTest {
    private val events = PrometheusEvents()

    @AfterEach
    fun close() = events.close()

    private fun lines(): List<String> = events.scrape().lines()

    private fun value(series: String): Double? = lines().firstOrNull { it.startsWith("$series ") }?.substringAfterLast(' ')?.toDouble()

    private val genAi =
        "error_type=\"\",gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\"," +
            "gen_ai_request_model=\"auto\",gen_ai_response_model=\"small\""

    @Test
    fun `a streamed answer fills the meters of the GenAI conventions`() {
        events.publish(RouterEvent.PolicyLoaded(policy("small", "large")))
        events.publish(
            completed().copy(
                stream = true,
                firstByteNanos = 100_000_000,
                promptTokens = 100,
                completionTokens = 5,
                cachedTokens = 60,
                cost = 0.25,
                currency = "USD",
            ),
        )
        value("gen_ai_client_operation_duration_seconds_count{$genAi}") shouldBe 1.0
        value("gen_ai_client_operation_duration_seconds_sum{$genAi}") shouldBe 0.3
        value("gen_ai_client_operation_duration_seconds_bucket{$genAi,le=\"0.16\"}") shouldBe 0.0
        value("gen_ai_client_operation_duration_seconds_bucket{$genAi,le=\"0.32\"}") shouldBe 1.0
        value("gen_ai_server_time_to_first_token_seconds_sum{$genAi}") shouldBe 0.1
        value("gen_ai_server_time_per_output_token_seconds_sum{$genAi}") shouldBe 0.05
        value("gen_ai_client_token_usage_sum{$genAi,gen_ai_token_type=\"input\"}") shouldBe 100.0
        value("gen_ai_client_token_usage_sum{$genAi,gen_ai_token_type=\"output\"}") shouldBe 5.0
        value("router_cached_tokens_total{model=\"small\"}") shouldBe 60.0
        value("router_cost_total{currency=\"USD\",estimated=\"false\",model=\"small\"}") shouldBe 0.25
        value("router_requests_total{decision=\"urgent\",model=\"small\",path=\"upstream\",recipe=\"default\",status=\"200\"}") shouldBe 1.0
    }

    @Test
    fun `features that the policy asks for in vain are counted until it asks no more`() {
        val places = listOf(Feature.RAG, Feature.AUTHZ_PROVIDERS, Feature.RAG).map { Inactive(it, Location("p.yaml", "x", 1, 1)) }
        events.publish(RouterEvent.PolicyLoaded(policy("small", inactive = places)))
        value("router_policy_inactive{feature=\"rag\",protects=\"false\"}") shouldBe 2.0
        value("router_policy_inactive{feature=\"authz_providers\",protects=\"true\"}") shouldBe 1.0
        events.publish(RouterEvent.PolicyLoaded(policy("small")))
        lines().filter { it.startsWith("router_policy_inactive{") } shouldBe emptyList()
    }

    @Test
    fun `estimates are told apart from what upstreams say`() {
        events.publish(RouterEvent.PolicyLoaded(policy("small")))
        val told = completed().copy(promptTokens = 100, completionTokens = 5, cost = 0.5, costEstimated = 0.125, currency = "USD")
        events.publish(told)
        val guessed = told.copy(stream = true, firstByteNanos = 1, promptTokens = 7, completionTokens = 3)
        events.publish(guessed.copy(tokensEstimated = true, cost = 0.25, costEstimated = 0.25))
        value("gen_ai_client_token_usage_sum{$genAi,gen_ai_token_type=\"input\"}") shouldBe 100.0
        value("gen_ai_client_token_usage_count{$genAi,gen_ai_token_type=\"output\"}") shouldBe 1.0
        value("gen_ai_server_time_per_output_token_seconds_count{$genAi}") shouldBe null
        value("router_estimated_tokens_total{model=\"small\",type=\"input\"}") shouldBe 7.0
        value("router_estimated_tokens_total{model=\"small\",type=\"output\"}") shouldBe 3.0
        value("router_cost_total{currency=\"USD\",estimated=\"false\",model=\"small\"}") shouldBe 0.375
        value("router_cost_total{currency=\"USD\",estimated=\"true\",model=\"small\"}") shouldBe 0.375
    }

    @Test
    fun `histograms have the standard's buckets`() {
        events.publish(completed().copy(promptTokens = 1, firstByteNanos = 1))

        fun bounds(name: String) =
            lines()
                .filter { it.startsWith("${name}_bucket") }
                .map { it.substringAfter("le=\"").substringBefore('"') }
        bounds("gen_ai_client_operation_duration_seconds") shouldBe
            listOf(
                "0.01",
                "0.02",
                "0.04",
                "0.08",
                "0.16",
                "0.32",
                "0.64",
                "1.28",
                "2.56",
                "5.12",
                "10.24",
                "20.48",
                "40.96",
                "81.92",
                "+Inf",
            )
        bounds("gen_ai_client_token_usage").map { it.replace("+Inf", "Infinity").toDouble() } shouldBe
            generateSequence(1.0) { it * 4 }.take(14).toList() + Double.POSITIVE_INFINITY
        bounds("gen_ai_server_time_to_first_token_seconds").size shouldBe 17
    }

    @Test
    fun `an answer that called no model is counted and no more`() {
        events.publish(completed(model = null).copy(path = AnswerPath.FAST_RESPONSE, provider = null))
        value("router_requests_total{decision=\"urgent\",model=\"\",path=\"fast_response\",recipe=\"default\",status=\"200\"}") shouldBe 1.0
        events.scrape() shouldNotContain "gen_ai_"
    }

    @Test
    fun `models that the policy does not know are called other`() {
        events.publish(RouterEvent.PolicyLoaded(policy("small")))
        repeat(1_000) { events.publish(completed(asked = "junk-$it", model = null, status = 404, errorCode = "model_not_found")) }
        val text = events.scrape()
        text shouldNotContain "junk"
        text shouldContain "gen_ai_request_model=\"other\""
    }

    @Test
    fun `a label that no policy bounds has a bound of its own`() {
        repeat(1_000) { events.publish(RouterEvent.Refused("code_$it", 400)) }
        lines().count { it.startsWith("router_refusals_total{") } shouldBe PrometheusEvents.LABEL_VALUES_MAX + 1
        value("router_refusals_total{code=\"other\",status=\"400\"}") shouldBe 1_000.0 - PrometheusEvents.LABEL_VALUES_MAX
    }

    @Test
    fun `a family of series has a bound`() {
        repeat(PrometheusEvents.SERIES_MAX + 500) { events.publish(completed().copy(decision = "d$it")) }
        lines().count { it.startsWith("router_requests_total{") } shouldBeLessThanOrEqual PrometheusEvents.SERIES_MAX + 1
    }

    @Test
    fun `signals, attempts and hedges are counted by how they ended`() {
        events.publish(RouterEvent.PolicyLoaded(policy("small")))
        val readings =
            listOf(
                SignalRef("keyword", "urgent") to Reading.Seen(true),
                SignalRef("keyword", "calm") to Reading.Seen(false),
                SignalRef("language", "de") to Reading.Failed("no detector"),
            )
        events.publish(RouterEvent.Routed("default", "urgent", "small", readings, 4_000, listOf(1_000, 1_000, 2_000)))
        events.publish(RouterEvent.AttemptEnded("small", "small/a", "openai", null, FailureClass.CONNECT, 2_000_000))
        events.publish(RouterEvent.AttemptEnded("small", "small/a", "openai", 200, null, 2_000_000, hedge = true))
        value("llm_signal_match_total{signal_name=\"urgent\",signal_type=\"keyword\"}") shouldBe 1.0
        value("llm_signal_match_total{signal_name=\"calm\",signal_type=\"keyword\"}") shouldBe 0.0
        value("router_signal_failures_total{name=\"de\",type=\"language\"}") shouldBe 1.0
        value("router_signal_seconds_count{type=\"keyword\"}") shouldBe 2.0
        value("router_decide_seconds_bucket{recipe=\"default\",le=\"5.0E-6\"}") shouldBe 1.0
        value("router_attempts_total{hedge=\"false\",model=\"small\",outcome=\"connect\",upstream=\"small/a\"}") shouldBe 1.0
        value("router_attempts_total{hedge=\"true\",model=\"small\",outcome=\"ok\",upstream=\"small/a\"}") shouldBe 1.0
    }

    @Test
    fun `a reload moves the revision and a rejected file shows`() {
        events.publish(RouterEvent.PolicyLoaded(policy("small", revision = "r1")))
        events.publish(RouterEvent.PolicyLoaded(policy("small", revision = "r2")))
        lines().filter { it.startsWith("router_policy_info") } shouldBe listOf("router_policy_info{revision=\"r2\"} 1")
        value("router_policy_last_reload_success") shouldBe 1.0
        events.publish(RouterEvent.PolicyRejected("line 3: unknown key"))
        value("router_policy_last_reload_success") shouldBe 0.0
        value("router_policy_reloads_total{outcome=\"success\"}") shouldBe 2.0
        value("router_policy_reloads_total{outcome=\"failure\"}") shouldBe 1.0
    }

    @Test
    fun `requests in flight go up and down`() {
        repeat(3) { events.publish(RouterEvent.Entered) }
        events.publish(RouterEvent.Left)
        value("router_requests_in_flight") shouldBe 2.0
    }

    @Test
    fun `the JVM and what others keep are there`() {
        events.gauge("router.upstreams.fit", "Upstreams that take requests") { 2.0 }
        value("router_upstreams_fit") shouldBe 2.0
        lines().map { it.substringBefore('{').substringBefore(' ') } shouldContainAll
            listOf("jvm_memory_used_bytes", "jvm_gc_memory_allocated_bytes_total", "jvm_threads_live_threads", "process_uptime_seconds")
    }

    @Test
    fun `a scraper gets the format that it accepts`() {
        PrometheusEvents.contentTypeFor(null) shouldBe PrometheusEvents.TEXT
        PrometheusEvents.contentTypeFor("*/*") shouldBe PrometheusEvents.TEXT
        val open = PrometheusEvents.contentTypeFor("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        open shouldBe PrometheusEvents.OPEN_METRICS
        events.scrape(open) shouldEndWith "# EOF\n"
        events.scrape().lines() shouldContain "# TYPE router_requests_in_flight gauge"
    }

    @Test
    fun `a sink that fails does not keep events from the others`() {
        val seen = mutableListOf<RouterEvent>()
        Events.all({ error("broken") }, { seen += it }).publish(RouterEvent.Entered)
        seen shouldBe listOf(RouterEvent.Entered)
    }

    @Test
    fun `times must match readings`() {
        assertThrows<IllegalArgumentException> { RouterEvent.Routed(null, null, null, emptyList(), 1, listOf(1)) }
            .message shouldBe "1 times for 0 readings"
    }
}
