package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.format.Feature
import routercluster.policy.config.format.byFeature
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.signals.Reading

/** What a policy asks for and this program does not do yet: noted where it is asked for, and not where it is switched off. */
class InactivePartsTest {
    private fun proven(text: String, environment: Map<String, String> = mapOf("KEY" to "k")): Policy =
        when (val outcome = provePolicy(text, "p.yaml", environment::get, files = FakeFiles())) {
            is PolicyOutcome.Proven -> outcome.policy
            is PolicyOutcome.Refused -> throw InvalidPolicy(outcome.problems)
        }

    private fun decision(part: String) = GOOD_ALL.replace("priority: 10", "priority: 10\n      $part")

    private fun plugin(type: String, configuration: String) =
        GOOD_ALL.replace(PLUGIN_TEXT, "type: $type\n          configuration: {$configuration}")

    private fun global(part: String) = GOOD_ALL.replace(ROUTER, part)

    private fun signals(part: String) = GOOD_ALL.replace("    keywords:", "    $part\n    keywords:")

    private fun features(text: String): List<String> = proven(text).inactive.map { "${it.feature.label} ${it.at.path}" }

    @Test
    fun `what is asked for is noted at its place`() =
        assertSoftly {
            mapOf(
                decision("adaptations: {adaptation: {mode: apply}}") to "router_learning routing.decisions[0].adaptations",
                decision("emits: [{kind: retention, retention: {drop: true}}]") to "retention routing.decisions[0].emits",
                decision("output_contract: Say yes or no.") to "output_contract routing.decisions[0].output_contract",
                GOOD_ALL.replace("type: weighted", "type: knn") to "absent_selector routing.decisions[0].algorithm.type",
                GOOD_ALL.replace("type: weighted", "type: ratings, ratings: {max_concurrent: 2}") to
                    "looper routing.decisions[0].algorithm.type",
                plugin("response_cache", "personalized: {mode: exact}") to "rag routing.decisions[0].plugins[0].configuration.personalized",
                global("stores: {response_cache: {backend_type: redis}}") to "cache_backends global.stores.response_cache.backend_type",
                global("stores: {response_cache: {milvus: {connection: {host: m}}}}") to
                    "cache_backends global.stores.response_cache.milvus",
                plugin("tools", "mode: none") to "tools routing.decisions[0].plugins[0].type",
                GOOD_ALL.replace("timeout: 300s", "api_keys: [a]") to "listener_api_keys listeners[0].api_keys",
                GOOD_ALL.replace("reasoning_family: qwen", "api_format: anthropic") to
                    "anthropic_upstreams providers.models[0].api_format",
                global("stores: {memory: {enabled: true}}") to "memory global.stores.memory",
                global("services: {authz: {providers: [{type: header-injection}]}}") to "authz_providers global.services.authz.providers",
                global("model_catalog: {modules: {hallucination_mitigation: {detector: {min_span_length: 3}}}}") to
                    "hallucination global.model_catalog.modules.hallucination_mitigation.detector",
                global("model_catalog: {modules: {hallucination_mitigation: {explainer: {threshold: 0.7}}}}") to
                    "hallucination global.model_catalog.modules.hallucination_mitigation.explainer.threshold",
                global("model_catalog: {modules: {hallucination_mitigation: {on_hallucination_detected: block}}}") to
                    "hallucination global.model_catalog.modules.hallucination_mitigation.on_hallucination_detected",
                global("model_catalog: {external: [{name: e, model_role: memory_rewrite, $EXTERNAL}]}") to
                    "memory global.model_catalog.external[0].name",
                global("integrations: {looper: {timeout_seconds: 5}}") to "looper global.integrations.looper",
                signals("embeddings: [{name: e, threshold: 0.1, candidates: [a], query_modality: image}]") to
                    "image_signals routing.signals.embeddings[0].query_modality",
                signals("classifiers: [{name: c, type: local, model_path: gone, labels: [A, B]}]") to
                    "absent_classifier routing.signals.classifiers[0].model_path",
            ).forEach { (text, expected) -> withClue(expected) { features(text) shouldBe listOf(expected) } }
        }

    @Test
    fun `what is switched off is checked and asks for nothing`() {
        listOf(
            decision("adaptations: {mode: bypass}"),
            plugin("rag", "enabled: false, backend: milvus"),
            plugin("tools", "mode: passthrough"),
            global("stores: {memory: {}, response_cache: {enabled: false}}"),
            global("router: {learning: {}, skip_processing: {enabled: false}}"),
            global("services: {authz: {providers: []}}"),
            global(
                "model_catalog: {modules: {hallucination_mitigation: {enabled: false, on_hallucination_detected: block, detector: {}, " +
                    "explainer: {threshold: 0.7}}}}",
            ),
            global("model_catalog: {modules: {hallucination_mitigation: {on_hallucination_detected: none, detector: {enabled: false}}}}"),
        ).forEach { text -> withClue(text) { features(text) shouldBe emptyList() } }
        shouldThrow<InvalidPolicy> { proven(plugin("rag", "enabled: false, backend: milvs")) }
    }

    @Test
    fun `a part may hold a part of another feature`() {
        val asked = features(global("services: {management_api: {auth: {mode: bearer, tokens: [{env: T, role: admin}]}}}"))
        asked shouldContainExactly
            listOf("management_api global.services.management_api", "management_api_auth global.services.management_api.auth")
        features(global("services: {management_api: {auth: {mode: disabled}}}")) shouldBe
            listOf("management_api global.services.management_api")
    }

    @Test
    fun `a policy that is not complete is refused, what protects first`() {
        val text = plugin("rag", "backend: milvus").replace(ROUTER, "services: {authz: {providers: [{type: header-injection}]}}")
        val policy = proven(text)
        policy.inactive.byFeature().map { it.feature } shouldBe listOf(Feature.AUTHZ_PROVIDERS, Feature.RAG)
        val refused = shouldThrow<InvalidPolicy> { policy.complete(allowInactive = false) }
        refused.problems.map { it.message } shouldBe listOf("authz_providers is not built yet", "rag is not built yet")
        policy.complete(allowInactive = true) shouldBe policy
    }

    @Test
    fun `without them the order of the file and no plugin take their place`() {
        val text = GOOD_ALL.replace("type: weighted", "type: knn").replace(PLUGIN_TEXT, "type: memory\n          configuration: {}")
        val decision = proven(text)
            .recipes
            .getValue("default")
            .decisions
            .single()
        decision.algorithm shouldBe "static"
        decision.plugins shouldBe emptyList()
    }

    @Test
    fun `a rule that cannot be read fails`() {
        val text = signals("classifiers: [{name: c, type: local, model_path: gone, labels: [A, B]}]")
        val signal = proven(text)
            .recipes
            .getValue("default")
            .signals
            .first { it.ref.type == "classifier" }
        signal.read(Facts(listOf(Message(Role.USER, "hello")))).shouldBeInstanceOf<Reading.Failed>()
    }

    @Test
    fun `free names of outcomes are taken for what they end with`() {
        val heads = "fact_check: [{name: ours_needs_fact_check}]"
        val notices = proven(signals(heads)).notices.map { it.toString() }
        notices shouldBe
            listOf(
                "p.yaml:25:25: routing.signals.fact_check[0].name: ends with an outcome and is taken for needs_fact_check " +
                    "(found ours_needs_fact_check)",
            )
    }

    @Test
    fun `a word that acts only beside others says so where they are not`() {
        fun notices(text: String) = proven(text).notices.map { "${it.at.path}: ${it.message}" }
        val catalog = "global.model_catalog"
        assertSoftly {
            mapOf(
                GOOD_ALL.replace("type: weighted", "type: weighted, on_error: fail") to
                    "routing.decisions[0].algorithm.on_error: has no effect: weighted cannot fail",
                GOOD_ALL.replace("operator: OR", "operator: OR, ngram_arity: 2") to
                    "routing.signals.keywords[0].ngram_arity: has no effect without method ngram",
                global("services: {observability: {tracing: {sampling: {type: always_on, rate: 0.5}}}}") to
                    "global.services.observability.tracing.sampling.rate: has no effect: the type is always_on",
                global("model_catalog: {embeddings: {semantic: {endpoint: {base_url: \"http://e\", model: m}}}}") to
                    "$catalog.embeddings.semantic.endpoint: is not asked: embedding_config.backend is not openai_compatible",
                global("model_catalog: {modules: {classifier: {mcp: {command: c, url: \"http://m\"}}}}") to
                    "$catalog.modules.classifier.mcp.url: has no effect: the transport is stdio",
            ).forEach { (text, expected) -> withClue(expected) { notices(text) shouldBe listOf(expected) } }
        }
    }

    private companion object {
        const val EXTERNAL = "llm_endpoint: {address: llm}, llm_model_name: m"

        /** [GOOD] for real families of signals, which ask for more than a name. */
        val GOOD_ALL = GOOD.replace("- name: urgent\n", "- {name: urgent, operator: OR, keywords: [now]}\n")
    }
}
