package routercluster.policy.config.migrate

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.Problems
import routercluster.policy.config.provePolicy
import routercluster.policy.plugins.Plugin

class MigrationTest {
    private fun migrated(text: String): Migration {
        val problems = Problems()
        val migration = migrate(text, "old.yaml", problems)
        problems.all.shouldBeEmpty()
        return migration.shouldNotBeNull()
    }

    private fun policyOf(text: String): Policy {
        val outcome = provePolicy(text, "new.yaml", { null }, files = FakeFiles())
        withClue(text) { if (outcome is PolicyOutcome.Refused) outcome.problems.shouldBeEmpty() }
        return outcome.shouldBeInstanceOf<PolicyOutcome.Proven>().policy
    }

    private fun Migration.notes(): List<String> = notes.map { "${it.at.line} ${it.at.path}: ${it.message}" }

    @Test
    fun `a file of v0_1 becomes one that validates`() {
        val migration = migrated(FIRST)
        val policy = policyOf(migration.text)
        val model = policy.models.getValue("qwen3")
        model.upstreams.map { "$it" } shouldBe listOf("qwen3/endpoint1(http://172.28.0.20:8002)")
        model.pricing?.promptPerMillion shouldBe 0.1
        model.card.parameterSize shouldBe "8B"
        model.reasoning?.parameter shouldBe "enable_thinking"
        policy.defaultEffort shouldBe "high"
        val (guard, law, math) = policy.recipes.getValue("default").decisions
        guard.plugins.single().shouldBeInstanceOf<Plugin.FastResponse>()
        law.plugins shouldBe listOf(Plugin.SystemPrompt("You are a lawyer.", Plugin.SystemPrompt.Mode.INSERT))
        law.candidates.map { it.model.name } shouldBe listOf("qwen3", "gpt")
        math.candidates.map { it.reasoning } shouldBe listOf(true)
        policy.inactive.map { it.feature.label } shouldBe listOf("tools")
    }

    @Test
    fun `comments go with their keys`() {
        val text = migrated(FIRST).text
        listOf(
            "# Our first router.\nversion: v0.3",
            "# Answers kept for an hour.\n    response_cache:",
            "# Machines in the cellar.\n  models:",
            "# the old one",
            "# Small and quick.",
            "# Never wrong.",
        ).forEach { text shouldContain it }
    }

    @Test
    fun `what could not be carried over is said with its place`() =
        migrated(FIRST).notes() shouldContainExactly
            listOf(
                "2 bert_model: is left out (MiniLM): embeddings have thresholds of their own rules",
                "8 global.stores.response_cache.use_hnsw: is left out: v0.3 has no such field",
                "10 prompt_guard: now refuses attacks by the decision prompt_guard, which stands first: look at its answer",
                "21 model_config.qwen3.pii_policy: is left out: v0.3 has signals of type pii for it, in the rules of decisions",
                "43 categories.math.semantic_cache_enabled: is left out: v0.3 has no such field",
            )

    @Test
    fun `a file of v0_2 becomes one that validates`() {
        val migration = migrated(SECOND)
        val policy = policyOf(migration.text)
        policy.models
            .getValue("m")
            .upstreams
            .single()
            .credential
            ?.secret
            ?.reveal() shouldBe "none"
        policy.recipes
            .getValue("default")
            .signals
            .map { "${it.ref}" } shouldBe listOf("keyword:urgent", "embedding:support")
        policy.inactive.map { it.feature.label } shouldBe emptyList()
        migration.text shouldContain "semantic: {similarity_threshold: 0.9}"
        migration.notes() shouldContainExactly
            listOf("19 decisions.urgent_route.plugins: PROTECTS and is left out: jailbreak is a signal now, to be named by rules")
    }

    @Test
    fun `a file of today stays what it is`() {
        val text =
            """
            version: v0.3
            providers:
              models:
                - name: m
                  backend_refs:
                    - endpoint: localhost:8000
            routing:
              strategy: priority
            """.trimIndent()
        val migration = migrated(text)
        migration.text.trim() shouldBe text
        migration.notes.shouldBeEmpty()
    }

    @Test
    fun `what is no document is refused`() {
        val problems = Problems()
        migrate("- a", "old.yaml", problems) shouldBe null
        problems.all.single().message shouldBe "is not a policy"
    }

    private companion object {
        val FIRST =
            """
            # Our first router.
            bert_model: {model_id: MiniLM, threshold: 0.6}
            # Answers kept for an hour.
            semantic_cache:
              enabled: true
              similarity_threshold: 0.8
              max_entries: 1000
              use_hnsw: true
            prompt_guard:
              enabled: true
              threshold: 0.7
            # Machines in the cellar.
            vllm_endpoints:
              - name: endpoint1 # the old one
                address: 172.28.0.20
                port: 8002
              - {name: endpoint2, address: 172.28.0.21, port: 8002, weight: 2}
            model_config:
              # Small and quick.
              qwen3:
                pii_policy: {allow_by_default: true}
                reasoning_family: qwen3
                preferred_endpoints: [endpoint1]
                pricing: {currency: USD, prompt_per_1m: 0.1, completion_per_1m: 0.2}
                param_size: 8B
              gpt: {preferred_endpoints: [endpoint2]}
            classifier:
              category_model: {model_id: models/category, threshold: 0.6, use_cpu: true}
            tools:
              enabled: true
              top_k: 3
            categories:
              - name: law # Never wrong.
                system_prompt: You are a lawyer.
                model_scores:
                  - {model: gpt, score: 0.4, use_reasoning: false}
                  - {model: qwen3, score: 0.7, use_reasoning: false}
              - name: math
                model_scores:
                  - model: qwen3
                    score: 1.0
                    use_reasoning: true
                semantic_cache_enabled: true
            default_model: qwen3
            reasoning_families:
              qwen3: {type: chat_template_kwargs, parameter: enable_thinking}
            default_reasoning_effort: high
            """.trimIndent()

        val SECOND =
            """
            version: v0.2
            listeners:
              - {name: http, address: 0.0.0.0, port: 8888, timeout: 300s}
            signals:
              keywords:
                - {name: urgent, operator: OR, keywords: [urgent]}
              embeddings:
                - {name: support, similarity_threshold: 0.7, candidates: [help me]}
            decisions:
              - name: urgent_route
                priority: 10
                rules:
                  operator: AND
                  conditions:
                    - {type: keyword, name: urgent}
                modelRefs: [{model: m, use_reasoning: false}]
                plugins:
                  - {type: semantic-cache, configuration: {enabled: true, similarity_threshold: 0.9}}
                  - {type: jailbreak, configuration: {enabled: true, threshold: 0.7}}
            providers:
              models:
                - name: m
                  endpoints: [{name: e, weight: 1, endpoint: "localhost:8000", protocol: http}]
                  access_key: "${'$'}{KEY:-none}"
                  param_size: 7B
              default_model: m
            """.trimIndent()
    }
}
