package routercluster.policy.catalog

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.GOOD
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Location
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.Problems
import routercluster.policy.config.provePolicy
import routercluster.policy.config.stubFamilies
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Task
import routercluster.policy.encode.VectorShape
import routercluster.policy.signals.OnError
import java.time.Duration

class CatalogTest {
    /** [catalog] and [gateway] are the contents of their sections, in YAML's flow style. */
    private fun outcome(catalog: String, gateway: String = "", files: PolicyFiles = FakeFiles()): PolicyOutcome {
        val text = GOOD
            .replace("include_config_models_in_list: true}", "include_config_models_in_list: true}\n  model_catalog: {$catalog}")
            .replace("trusted_peers: [10.0.0.0/8]", "trusted_peers: [10.0.0.0/8]\n  $gateway")
        return provePolicy(text, "p.yaml", mapOf("KEY" to "sk")::get, stubFamilies, files)
    }

    private fun policy(catalog: String, gateway: String = "", files: PolicyFiles = FakeFiles()): Policy =
        when (val outcome = outcome(catalog, gateway, files)) {
            is PolicyOutcome.Proven -> outcome.policy
            is PolicyOutcome.Refused -> throw InvalidPolicy(outcome.problems)
        }

    private fun problems(catalog: String, gateway: String = "", files: PolicyFiles = FakeFiles()): List<String> =
        when (val outcome = outcome(catalog, gateway, files)) {
            is PolicyOutcome.Proven -> emptyList()
            is PolicyOutcome.Refused -> outcome.problems.map { it.toString().substringAfter(": ") }
        }

    private fun Policy.told() = notices.map { "${it.at.path}: ${it.message} (${it.value})" }

    @Test
    fun `without a word in the file every slot is served by the encoder of the program`() {
        val catalog = policy("").catalog
        assertSoftly {
            catalog.encoders shouldBe mapOf("default" to EncoderSettings("default", null))
            catalog.slots.mapValues { it.value.ref.toString() } shouldBe
                mapOf(
                    Slot.EMBEDDING to "default/embedding",
                    Slot.PREFERENCE to "default/embedding",
                    Slot.DOMAIN to "default/domain",
                    Slot.JAILBREAK to "default/jailbreak",
                    Slot.PII to "default/pii",
                    Slot.FACT_CHECK to "default/fact_check",
                    Slot.USER_FEEDBACK to "default/user_feedback",
                )
            catalog.headFor(Slot.DOMAIN)?.head?.labels shouldBe listOf("law", "math", "other")
            catalog.modules shouldBe Modules()
            catalog.embedding shouldBe EmbeddingSettings()
        }
    }

    @Test
    fun `a slot without a head says why`() {
        val nowhere = FakeFiles(bundled = EncoderFolder.Missing)
        val broken = FakeFiles(bundled = EncoderFolder.Broken("model.onnx: expected 12 bytes, found 3"))
        val rows =
            listOf(
                policy("") to
                    "needs an encoder head for nli, and the encoder default has embedding (EMBED), domain (SEQ_CLS), " +
                    "jailbreak (SEQ_CLS), pii (TOKEN), fact_check (SEQ_CLS), user_feedback (SEQ_CLS)",
                policy("", files = nowhere) to
                    "needs an encoder head for nli, and there is no encoder: neither one of this program nor one that the policy names",
                policy("", files = broken) to
                    "needs an encoder head for nli, and this program's own cannot be used: model.onnx: expected 12 bytes, found 3",
                policy("modules: {hallucination_mitigation: {enabled: false}}") to
                    "needs an encoder head for nli, and the policy has switched it off",
            )
        for ((policy, expected) in rows) {
            val problems = Problems()
            policy.catalog.headFor(Slot.NLI, Location("p.yaml", "here", 1, 1), problems).shouldBeNull()
            problems.all.single().message shouldBe expected
        }
    }

    @Test
    fun `a model folder that is here serves its slot, and one that is not is stood in for aloud`() {
        val files = FakeFiles(
            folders = mapOf(
                "models/guard" to classifierFolder("safe", "attack"),
                "models/domains" to classifierFolder("a", path = "/m/two"),
            ),
        )
        val policy =
            policy(
                "system: {prompt_guard: models/guard, domain_classifier: models/absent, pii_classifier: models/gone}, " +
                    "modules: {classifier: {domain: {model_id: models/domains, use_cpu: false}}}",
                files = files,
            )
        assertSoftly {
            policy.catalog.headFor(Slot.JAILBREAK) shouldBe
                NamedHead(HeadRef("guard", "class"), Head(Task.SEQ_CLS, listOf("safe", "attack")))
            policy.catalog.headFor(Slot.DOMAIN)?.ref shouldBe HeadRef("domains", "class")
            policy.catalog.headFor(Slot.PII)?.ref shouldBe HeadRef("default", "pii")
            policy.catalog.encoders.keys shouldBe setOf("default", "guard", "domains")
            policy.catalog.encoders
                .getValue("domains")
                .providers shouldBe listOf(ExecutionProvider.CUDA, ExecutionProvider.CPU)
            policy.told() shouldBe
                listOf(
                    "global.model_catalog.system.pii_classifier: is not here: the head default/pii serves pii in its place (models/gone)",
                )
        }
    }

    @Test
    fun `encoders of our own name their folder, how they run and what they serve`() {
        val files = FakeFiles(folders = mapOf("enc/big" to EncoderFolder.Found("/enc/big", bundledHeads)))
        val gateway =
            "encoders: [{name: big, folder: enc/big, serves: {domain: domain, jailbreak: jailbreak}, providers: [tensorrt, " +
                "cuda], device: 1, " +
                "threads: 3, queue_tokens_max: 4096, queue_wait_max: 200ms, batch_tokens_max: 512, window_tokens: 128, " +
                "window_overlap_tokens: 16, windows_max: 8, timeout: 750ms}, {name: default, threads: 2}]\n  " +
                "signal_timeouts: {jailbreak: 100ms}"
        val catalog = policy("", gateway, files).catalog
        assertSoftly {
            catalog.encoders.getValue("big") shouldBe
                EncoderSettings(
                    "big",
                    "/enc/big",
                    listOf(ExecutionProvider.TENSORRT, ExecutionProvider.CUDA),
                    1,
                    3,
                    4096,
                    Duration.ofMillis(200),
                    512,
                    128,
                    16,
                    8,
                    Duration.ofMillis(750),
                )
            catalog.encoders.getValue("default") shouldBe EncoderSettings("default", null, threads = 2)
            catalog.headFor(Slot.DOMAIN)?.ref shouldBe HeadRef("big", "domain")
            catalog.headFor(Slot.PII)?.ref shouldBe HeadRef("default", "pii")
            val domain = catalog.headFor(Slot.DOMAIN).shouldNotBeNull()
            catalog.timeoutFor("domain", domain) shouldBe Duration.ofMillis(750)
            catalog.timeoutFor("jailbreak", domain) shouldBe Duration.ofMillis(100)
            catalog.timeoutFor("pii") shouldBe Duration.ofSeconds(2)
        }
    }

    @Test
    fun `the values of the seed's modules are taken`() {
        val catalog =
            policy(
                "embeddings: {semantic: {embedding_config: {backend: candle, target_dimension: 128, target_layer: 3, " +
                    "enable_soft_matching: false, " +
                    "top_k: 2, min_score_threshold: 0.45, prototype_scoring: {enabled: false, " +
                    "cluster_similarity_threshold: 0.8, max_prototypes: 4, " +
                    "best_weight: 0.5, top_m: 3, margin_threshold: 0.1}}}}, " +
                    "external: [{name: judge, model_role: classification, llm_endpoint: {address: llm, port: 443, " +
                    "protocol: https}, llm_model_name: m, " +
                    "access_key: k, llm_timeout_seconds: 1.5}], " +
                    "modules: {prompt_guard: {threshold: 0.6, on_error: block, positive_labels: [jailbreak]}, " +
                    "classifier: {domain: {threshold: 0.4, fallback_category: law}, pii: {threshold: 0.8}, " +
                    "preference: {prototype_scoring: {top_m: 1}}}, " +
                    "complexity: {prototype_scoring: {max_prototypes: 6}}, feedback_detector: {threshold: 0.65}, " +
                    "hallucination_mitigation: {fact_check: {threshold: 0.65}, detector: {threshold: 0.82, " +
                    "min_span_length: 3}, explainer: {threshold: 0.7}}, " +
                    "modality_detector: {method: keyword, keywords: [draw], confidence_threshold: 0.8}}",
            ).catalog
        val scoring = PrototypeScoring(false, 0.8, 4, 0.5, 3, 0.1)
        val judge = catalog.externals.getValue("judge")
        assertSoftly {
            catalog.embedding shouldBe EmbeddingSettings(VectorShape(3, 128), false, 2, 0.45, scoring)
            catalog.modules.jailbreak shouldBe JailbreakSettings(true, 0.6, setOf("jailbreak"), OnError.MATCH)
            catalog.modules.domain shouldBe DomainSettings(true, 0.4, "law")
            catalog.modules.pii.threshold shouldBe 0.8
            catalog.modules.preference.prototypes.topM shouldBe 1
            catalog.modules.complexity.prototypesMax shouldBe 6
            catalog.modules.userFeedback.threshold shouldBe 0.65
            catalog.modules.factCheck.threshold shouldBe 0.65
            catalog.modules.hallucination shouldBe HallucinationSettings(threshold = 0.82, spanWordsMin = 3, explanationThreshold = 0.7)
            catalog.modules.modality shouldBe
                ModalitySettings(method = ModalitySettings.Method.KEYWORD, threshold = 0.8, keywords = listOf("draw"))
            listOf(judge.endpoint.toString(), judge.timeout, judge.role) shouldBe
                listOf("https://llm:443", Duration.ofMillis(1_500), ExternalModel.Role.CLASSIFICATION)
        }
    }

    @Test
    fun `the shape that a file asks of another encoder is left out where the program's own stands in`() {
        val written = "{semantic: {mmbert_model_path: models/mm, embedding_config: {target_dimension: 768, target_layer: 22}}}"
        val policy = policy("embeddings: $written")
        policy.catalog.embedding.shape shouldBe VectorShape.WHOLE
        policy.told().first() shouldBe
            "global.model_catalog.embeddings.semantic.mmbert_model_path: is not here: the head default/embedding serves " +
            "embedding in its place (models/mm)"
        val here =
            FakeFiles(folders = mapOf("models/mm" to EncoderFolder.Found("/mm", mapOf("embedding" to Head(Task.EMBED, dimensions = 768)))))
        policy("embeddings: $written", files = here).catalog.embedding.shape shouldBe VectorShape(22, null)
    }

    @Test
    fun `knowledge bases bring the text of their manifest, which is part of the revision`() {
        val kbs = "kbs: [{name: k, source: {path: kb/, manifest: l.json}, threshold: 0.3, label_thresholds: {a: 0.7}, " +
            "groups: {g: [a], h: [b]}, " +
            "metrics: [{name: m, type: group_margin, positive_group: g, negative_group: h}]}]"
        val labels = """{"labels": {"a": {"exemplars": ["x", "y"]}, "b": {"description": "B", "exemplars": ["z"]}}}"""
        val one = policy(kbs, files = FakeFiles(mapOf("kb/l.json" to labels)))
        val other = policy(kbs, files = FakeFiles(mapOf("kb/l.json" to "$labels ")))
        val base = one.catalog.knowledgeBases.getValue("k")
        assertSoftly {
            base.manifest.text shouldBe labels
            base.labels shouldBe mapOf("a" to listOf("x", "y"), "b" to listOf("z"))
            base.threshold shouldBe 0.3
            base.labelThresholds shouldBe mapOf("a" to 0.7)
            base.groups shouldBe mapOf("g" to listOf("a"), "h" to listOf("b"))
            base.metrics shouldBe listOf(GroupMargin("m", "g", "h"))
            (one.revision == other.revision) shouldBe false
        }
    }

    @Test
    fun `what cannot be meant is refused, with what is accepted`() {
        val here =
            FakeFiles(folders = mapOf("enc" to classifierFolder("a", "b"), "bad" to EncoderFolder.Broken("tokenizer.json is missing")))
        val rows =
            listOf(
                Triple("system: {promt_guard: x}", "", "global.model_catalog.system.promt_guard: unknown key (found promt_guard)"),
                Triple(
                    "modules: {prompt_guard: {positive_labels: [attack]}}",
                    "",
                    "unknown label of the head default/jailbreak (found attack)",
                ),
                Triple("modules: {prompt_compression: {profile: short}}", "", "prompt_compression.profile: unknown value (found short)"),
                Triple(
                    "embeddings: {semantic: {embedding_config: {target_dimension: 512}}}",
                    "",
                    "is more than the head default/embedding has (found 512); accepted: 1 to 384",
                ),
                Triple("system: {prompt_guard: bad}", "", "cannot be used: tokenizer.json is missing (found bad)"),
                Triple("system: {pii_classifier: enc}", "", "has no one head for pii: it has class (SEQ_CLS) (found enc)"),
                Triple("kbs: [{name: k, source: {path: kb}}]", "", "cannot be read (found kb/labels.json)"),
                Triple("kbs: [{name: k}]", "", "source: is required"),
                Triple(
                    "kbs: [{name: k, source: {path: kb}, metrics: [{name: m, positive_group: g, negative_group: h}]}]",
                    "",
                    "unknown group of the knowledge base k (found g)",
                ),
                Triple(
                    "external: [{name: e, model_role: judge, llm_endpoint: {address: a}, llm_model_name: m}]",
                    "",
                    "model_role: unknown value (found judge)",
                ),
                Triple("", "encoders: [{name: big}]", "has no folder (found big)"),
                Triple("", "encoders: [{name: big, folder: gone}]", "is not a folder of an encoder (found gone)"),
                Triple("", "encoders: [{name: big, folder: bad}]", "cannot be used: tokenizer.json is missing (found bad)"),
                Triple(
                    "",
                    "encoders: [{name: big, folder: enc, serves: {domain: klass}}]",
                    "unknown head (found klass); accepted: class (SEQ_CLS); did you mean class?",
                ),
                Triple(
                    "",
                    "encoders: [{name: big, folder: enc, serves: {pii: class}}]",
                    "is a head for SEQ_CLS (found class); accepted: a head for TOKEN",
                ),
                Triple("", "encoders: [{name: big, folder: enc, serves: {topic: class}}]", "serves.topic: unknown key"),
                Triple(
                    "",
                    "encoders: [{name: a, folder: enc, serves: {domain: class}}, {name: b, folder: enc, serves: {domain: class}}]",
                    "domain is served by the encoder a already (found b)",
                ),
                Triple("", "encoders: [{name: default, providers: [gpu]}]", "unknown value (found gpu); accepted: cpu, cuda, tensorrt"),
                Triple("", "signal_timeouts: {jailbrake: 1s}", "unknown key (found jailbrake)"),
            )
        assertSoftly {
            for ((catalog, gateway, expected) in rows) {
                val found = problems(catalog, gateway, here)
                withClue("$catalog $gateway: $found") { found.any { expected in it } shouldBe true }
            }
            problems("", files = here).shouldBeEmpty()
        }
    }
}
