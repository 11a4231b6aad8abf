package routercluster.policy.config

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.cache.Admission
import routercluster.policy.cache.AdmissionRule
import routercluster.policy.cache.AnswerJudge
import routercluster.policy.cache.BoundedHits
import routercluster.policy.cache.CacheBackend
import routercluster.policy.cache.CacheMode
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.CacheStoreSettings
import routercluster.policy.cache.ClientControls
import java.time.Duration

/** How the plugin `response_cache` and its store are read. */
class ResponseCachePolicyTest {
    private fun text(configuration: String, store: String = "{}") = """
        version: v0.3
        providers:
          defaults: {default_model: m}
          models: [{name: m, backend_refs: [{endpoint: "127.0.0.1:1"}]}]
        routing:
          decisions:
            - {name: d, modelRefs: [{model: m}], plugins: [{type: response_cache, configuration: {$configuration}}]}
        global:
          stores: {response_cache: $store}
          model_catalog:
            external:
              - {name: grader, model_role: classification, llm_endpoint: {address: a}, llm_model_name: g}
              - {name: watch, model_role: preference, llm_endpoint: {address: a}, llm_model_name: g}
        """.trimIndent()

    private fun outcome(configuration: String, store: String = "{}") = provePolicy(text(configuration, store), "p.yaml", { null })

    private fun policy(configuration: String, store: String = "{}"): Policy =
        when (val outcome = outcome(configuration, store)) {
            is PolicyOutcome.Proven -> outcome.policy
            is PolicyOutcome.Refused -> throw InvalidPolicy(outcome.problems)
        }

    private fun settings(configuration: String): CacheSettings = policy(configuration)
        .recipes
        .getValue(Policy.DEFAULT_RECIPE)
        .caches
        .values
        .single()

    private fun problems(configuration: String, store: String = "{}"): List<String> =
        (outcome(configuration, store) as? PolicyOutcome.Refused)?.problems.orEmpty().map { it.toString() }

    @Test
    fun `what is not written is as documented`() {
        settings("enabled: true") shouldBe CacheSettings()
        settings("enabled: true").controls.words shouldBe emptySet()
        policy("enabled: true").cache shouldBe CacheStoreSettings()
        policy("enabled: false")
            .recipes
            .getValue(Policy.DEFAULT_RECIPE)
            .caches.size shouldBe 0
    }

    @Test
    fun `every field counts`() {
        val read = settings(
            "mode: exact_then_semantic, scope: tenant, semantic: {similarity_threshold: 0.9}, ttl_seconds: 60, " +
                "keep_time_sensitive: true, categories: {law: {enabled: false}, math: {similarity_threshold: 0.99, ttl_seconds: 5}}, " +
                "request_controls: {enabled: true, header: X-Mine, allowed: [ttl], max_ttl_seconds: 9}, revision: {cache_epoch: e1}, " +
                "single_flight: false",
        )
        read.mode shouldBe CacheMode.EXACT_THEN_SEMANTIC
        read.scope shouldBe CacheScope.TENANT
        read.keepsPassing shouldBe true
        read.singleFlight shouldBe false
        read.controls shouldBe ClientControls("x-mine", setOf("ttl"), Duration.ofSeconds(9))
        read.marks.first() shouldBe "e1"
        val worth = settings("stale_while_revalidate_seconds: 30, admission: {mode: reused, min_reuse: 0.1, min_saving: 0.5}")
        worth.staleFor shouldBe Duration.ofSeconds(30)
        worth.admission shouldBe AdmissionRule(Admission.REUSED, 0.1, 0.5)
        val store = CacheStoreSettings()
        val told = listOf(null, "math").map { read.similarityFor(it, store) to read.ttlFor(it, store).seconds }
        told shouldBe listOf(0.9 to 60L, 0.99 to 5L)
        listOf(null, "math", "law").map(read::keeps) shouldBe listOf(true, true, false)
    }

    @Test
    fun `the store says how long requests wait for each other and for the server that they share`() {
        val store = policy("enabled: true", "{single_flight_wait: 3s, shared: false, shared_timeout: 20ms}").cache
        listOf(store.flightWait, store.sharedTimeout) shouldBe listOf(Duration.ofSeconds(3), Duration.ofMillis(20))
        store.isShared shouldBe false
        problems("enabled: true", "{single_flight_wait: 1h}").size shouldBe 1
    }

    @Test
    fun `what a decision does not say the store says`() {
        val store = policy("enabled: true", "{similarity_threshold: 0.97, ttl_seconds: 30}").cache
        settings("enabled: true").similarityFor(null, store) shouldBe 0.97
        settings("enabled: true").ttlFor(null, store) shouldBe Duration.ofSeconds(30)
        settings("similarity_threshold: 0.5").similarityFor(null, store) shouldBe 0.5
    }

    @Test
    fun `a bound on wrong hits needs a judge and stands alone`() {
        settings("max_error: 0.01, judge: grader").bounded shouldBe BoundedHits(0.01, AnswerJudge.question("grader"))
        policy("max_error: 0.01, judge: grader").questions shouldContainExactly listOf(AnswerJudge.question("grader"))
        settings("max_error: 0.01, judge: grader, categories: {law: {max_error: 0.001}}").maxErrorFor("law") shouldBe 0.001
        settings("max_error: 0.01, judge: grader, max_risk: 0.1").bounded?.maxRisk shouldBe 0.1
        val rows = listOf(
            "max_error: 0.01",
            "max_risk: 0.1",
            "max_error: 0.01, judge: grader, max_risk: 0",
            "judge: grader",
            "max_error: 0, judge: grader",
            "max_error: 0.01, judge: watch",
            "max_error: 0.01, judge: nobody",
            "max_error: 0.01, judge: grader, similarity_threshold: 0.9",
            "categories: {law: {max_error: 0.01}}",
            "max_error: 0.01, judge: grader, categories: {law: {max_error: 0}}",
            "mode: sometimes",
            "scope: everybody",
        )
        for (row in rows) withClue(row) { problems(row).size shouldBe 1 }
    }

    @Test
    fun `what counts only where room is given by cost is noticed where it is not`() {
        val written = "max_share: 0.5, categories: {law: {weight: 2}, math: {ttl_seconds: 5}}"
        policy(written).notices.map { it.at.path.substringAfterLast("configuration.") } shouldContainExactly
            listOf("max_share", "categories.law.weight")
        policy(written, "{eviction_policy: cost}").notices shouldBe emptyList()
    }

    @Test
    fun `a server has an address, and gets its key over TLS`() {
        val cache = policy(
            "enabled: true",
            "{backend_type: qdrant, qdrant: {host: q, use_tls: true, api_key: k, collection_prefix: p}}",
        ).cache
        cache.backend shouldBe CacheBackend.QDRANT
        cache.qdrant.shouldNotBeNull().run { listOf(host, port, tls, collectionPrefix) } shouldBe listOf("q", 6_334, true, "p")
        problems("enabled: true", "{backend_type: qdrant}").single().contains("has no server") shouldBe true
        problems("enabled: true", "{backend_type: qdrant, qdrant: {host: q, api_key: k}}").first().contains("clear text") shouldBe true
    }
}
