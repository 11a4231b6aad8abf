package routercluster.policy.catalog

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.config.GOOD
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.provePolicy
import routercluster.policy.config.stubFamilies
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Task
import routercluster.policy.encode.VectorShape
import routercluster.policy.models.Secret
import java.time.Duration

/** Encoders that are services: what a file may say of them, and what it may not. */
class RemoteCatalogTest {
    private fun outcome(catalog: String, gateway: String, files: PolicyFiles): PolicyOutcome {
        val text = GOOD
            .replace("include_config_models_in_list: true}", "include_config_models_in_list: true}\n  model_catalog: {$catalog}")
            .replace("trusted_peers: [10.0.0.0/8]", "trusted_peers: [10.0.0.0/8]\n  encoders: [$gateway]")
        return provePolicy(text, "p.yaml", mapOf("KEY" to "sk", "FAR_KEY" to "far-secret")::get, stubFamilies, files)
    }

    private fun policy(catalog: String, gateway: String = "", files: PolicyFiles = FakeFiles()): Policy =
        when (val outcome = outcome(catalog, gateway, files)) {
            is PolicyOutcome.Proven -> outcome.policy
            is PolicyOutcome.Refused -> throw InvalidPolicy(outcome.problems)
        }

    private fun problems(catalog: String, gateway: String = "", files: PolicyFiles = FakeFiles()): List<String> =
        when (val outcome = outcome(catalog, gateway, files)) {
            is PolicyOutcome.Proven -> emptyList()
            is PolicyOutcome.Refused -> outcome.problems.map { it.toString() }
        }

    private fun Policy.told() = notices.map { "${it.at.path.substringAfterLast('.')}: ${it.message}" }

    private val guard =
        "external: [{name: watch, model_role: guardrail, llm_endpoint: {address: far, port: 81, protocol: https}, llm_model_name: g, " +
            "access_key: guard-secret, llm_timeout_seconds: 3, threshold: 0.6}]"

    @Test
    fun `embeddings of an OpenAI-compatible endpoint serve what asks for vectors`() {
        val policy =
            policy(
                "embeddings: {semantic: {mmbert_model_path: models/mm, embedding_config: {backend: openai_compatible, " +
                    "target_dimension: 256, target_layer: 22}, endpoint: {base_url: 'http://far:8000/v1', model: bge, " +
                    "api_key_env: FAR_KEY, timeout_seconds: 1.5, max_retries: 2, dimensions: 1024}}}",
            )
        val head = Head(Task.EMBED, dimensions = 1_024, remote = true)
        assertSoftly(policy.catalog) {
            headFor(Slot.EMBEDDING) shouldBe NamedHead(HeadRef("embedding_endpoint", "embedding"), head)
            headFor(Slot.PREFERENCE) shouldBe headFor(Slot.EMBEDDING)
            remotes.values.single() shouldBe
                RemoteSettings(
                    "embedding_endpoint",
                    RemoteService.Http(
                        HttpProtocol.OPENAI_EMBEDDINGS,
                        Endpoint(tls = false, "far", 8_000, "/v1", Secret("far-secret")),
                        "bge",
                    ),
                    mapOf("embedding" to head),
                    Duration.ofMillis(1_500),
                    RemoteBounds(retries = 2),
                )
            embedding.shape shouldBe VectorShape(dimensions = 256)
            timeoutFor("embedding", checkNotNull(headFor(Slot.EMBEDDING))) shouldBe Duration.ofMillis(1_500)
            addressOf("embedding_endpoint") shouldBe "http://far:8000/v1"
            remotes.toString() shouldNotContain "far-secret"
        }
        policy.told() shouldContainExactly listOf("target_layer: has no effect: a service has no layers to choose from")
    }

    @Test
    fun `a prompt guard asks its external model over http_classify`() {
        val mapping = FakeFiles(mapOf("m.json" to """{"label_to_idx": {"attack": 1, "fine": 0}}"""))
        val module = "{protocol: http_classify, positive_labels: [attack], jailbreak_mapping_path: m.json}"
        val catalog = policy("$guard, modules: {prompt_guard: $module}", files = mapping).catalog
        val head = Head(Task.SEQ_CLS, listOf("fine", "attack"), setOf("attack"), remote = true)
        assertSoftly {
            catalog.headFor(Slot.JAILBREAK) shouldBe NamedHead(HeadRef("watch", "guard"), head)
            catalog.remotes
                .getValue("watch")
                .service
                .toString() shouldBe "https://far:81"
            catalog.remotes.getValue("watch").timeout shouldBe Duration.ofSeconds(3)
            catalog.modules.jailbreak.threshold shouldBe 0.6
            catalog.questions.shouldBeEmpty()
        }
    }

    @Test
    fun `a prompt guard over http_chat is a question to the model, with the usual labels`() {
        val policy = policy("$guard, modules: {prompt_guard: {protocol: http_chat, jailbreak_mapping_path: gone.json}}")
        val question = policy.questions.single()
        assertSoftly {
            policy.catalog.headFor(Slot.JAILBREAK)?.ref shouldBe HeadRef("watch", "guard")
            question.head shouldBe Head(Task.SEQ_CLS, listOf("benign", "jailbreak"), setOf("jailbreak"), remote = true)
            policy.catalog.remotes shouldBe emptyMap()
            policy.told() shouldContainExactly listOf("jailbreak_mapping_path: is not here: the labels are taken to be benign, jailbreak")
        }
    }

    @Test
    fun `an MCP tool tells domains apart where no model folder is here`() {
        val mcp = "mcp: {transport_type: stdio, command: python, args: [-m, it], env: {A: b}, tool_name: t, " +
            "threshold: 0.6, timeout_seconds: 15}"
        val catalog = policy("modules: {classifier: {domain: {model_id: models/d, threshold: 0.4}, $mcp}}").catalog
        assertSoftly {
            catalog.headFor(Slot.DOMAIN)?.ref shouldBe HeadRef("mcp", "class")
            catalog
                .headFor(Slot.DOMAIN)
                ?.head
                ?.labels
                ?.size shouldBe 14
            catalog.modules.domain.threshold shouldBe 0.6
            catalog.remotes.getValue("mcp").service shouldBe
                RemoteService.McpProcess("python", listOf("-m", "it"), mapOf("A" to Secret("b")), "t")
            catalog.remotes.getValue("mcp").timeout shouldBe Duration.ofSeconds(15)
            catalog.addressOf("mcp") shouldBe "child process python"
        }
        val here = FakeFiles(folders = mapOf("models/d" to classifierFolder("a", "b")))
        val local = policy("modules: {classifier: {domain: {model_id: models/d, threshold: 0.4}, $mcp}}", files = here)
        assertSoftly {
            local.catalog.headFor(Slot.DOMAIN)?.ref shouldBe HeadRef("d", "class")
            local.catalog.modules.domain.threshold shouldBe 0.4
            local.told() shouldContain "model_id: is here and serves domain: mcp is not asked"
        }
        val overHttp = policy("modules: {classifier: {mcp: {transport_type: http, url: 'http://far:9/mcp'}}}").catalog
        overHttp.remotes.getValue("mcp").service shouldBe RemoteService.McpHttp(Endpoint(tls = false, "far", 9, "/mcp"), "classify_text")
        policy("modules: {classifier: {mcp: {enabled: false, command: x}}}").catalog.remotes shouldBe emptyMap()
    }

    @Test
    fun `services of our own section serve the slots that it names`() {
        val catalog =
            policy(
                "",
                "{name: far, remote: {protocol: tei_predict, base_url: 'http://tei:80', api_key: k, labels: [law, math], " +
                    "positive_labels: [law], batch_max: 4, concurrent_max: 2, answer_bytes_max: 64KiB, window_characters: 500, " +
                    "windows_max: 8, retries: 1}, " +
                    "serves: {domain: class, nli: nli}, timeout: 250ms}, " +
                    "{name: rank, remote: {protocol: tei_rerank, base_url: 'http://rank:80'}, serves: {rerank: rerank}}, " +
                    "{name: vectors, remote: {protocol: tei_embed, base_url: 'http://e:80', dimensions: 64}, " +
                    "serves: {embedding: embedding}}",
            ).catalog
        assertSoftly {
            catalog.headFor(Slot.DOMAIN)?.ref shouldBe HeadRef("far", "class")
            catalog.headFor(Slot.NLI)?.head shouldBe Head(Task.NLI, listOf("law", "math"), remote = true)
            catalog.headFor(Slot.RERANK)?.ref shouldBe HeadRef("rank", "rerank")
            catalog.headFor(Slot.PREFERENCE)?.ref shouldBe HeadRef("vectors", "embedding")
            catalog.remotes.getValue("far").bounds shouldBe RemoteBounds(4, 2, 65_536, 500, 8, 1)
            catalog.remotes.getValue("far").timeout shouldBe Duration.ofMillis(250)
            catalog.encoders.keys shouldBe setOf("default")
        }
    }

    @Test
    fun `a guard that nothing asks is told of`() {
        policy(guard).told() shouldContainExactly listOf("name: is not asked: modules.prompt_guard has no protocol")
    }

    @Test
    fun `what cannot be meant is refused, with what is accepted`() {
        val embeddings = "embeddings: {semantic: {embedding_config: {backend: openai_compatible}"
        val external = "external: [{name: e, model_role: classification, llm_model_name: m, llm_endpoint: {address: a"
        val remote = "{name: r, remote: {base_url: 'http://a:1'"
        val mapped = FakeFiles(mapOf("m.json" to """{"label_to_idx": {"a": 0, "b": 2}}"""))
        val rows =
            listOf(
                problems("$embeddings}}") to "endpoint: is required by the backend openai_compatible",
                problems("$embeddings, endpoint: {base_url: 'http://a', model: m}}}") to "dimensions: is required",
                problems("$embeddings, endpoint: {base_url: 'a b', model: m, dimensions: 3}}}") to "is not a URL that can be used",
                problems("$embeddings, endpoint: {base_url: 'http://a', model: m, dimensions: 3, api_key_env: NOT_SET}}}") to
                    "environment variable NOT_SET is not set",
                problems("modules: {prompt_guard: {protocol: http_chat}}") to "protocol: needs an external model of role guardrail",
                problems("modules: {prompt_guard: {protocol: grpc}}") to "unknown value (found grpc); accepted: http_classify, http_chat",
                problems("$guard, modules: {prompt_guard: {protocol: http_chat, jailbreak_mapping_path: m.json}}", files = mapped) to
                    "is not a mapping of labels (found m.json)",
                problems("modules: {classifier: {mcp: {transport_type: stdio}}}") to "mcp.command: is required by the transport stdio",
                problems("modules: {classifier: {mcp: {url: ''}}}") to "url: is empty",
                problems("modules: {classifier: {mcp: {transport_type: sse, url: 'http://a'}}}") to "not supported yet",
                problems("$external}, llm_provider: anthropic}]") to "llm_provider: not supported yet",
                problems("$external}, parser_type: qwen3guard}]") to "goes only with model_role guardrail (found qwen3guard)",
                problems("$external, prompt_template: 'no place'}}]") to "is not a template that can be used",
                problems("$external, prompt_template: '{{ .Prompt }} {{ .Other }}'}}]") to "is not a template that can be used",
                problems("", "$remote}}") to "protocol: is required",
                problems("", "$remote, protocol: tei_embed}, serves: {embedding: embedding}}") to "dimensions: is required",
                problems("", "$remote, protocol: tei_rerank, dimensions: 3}}") to "does not go with protocol tei_rerank (found 3)",
                problems("", "$remote, protocol: tei_predict, labels: [a]}}") to "labels: is required (found 1 labels)",
                problems("", "$remote, protocol: tei_predict, labels: [a, b], positive_labels: [c]}}") to "unknown label (found c)",
                problems("", "$remote, protocol: http_classify, labels: [a, b], batch_max: 8}}") to "takes one text a call",
                problems("", "$remote, protocol: openai_embeddings, dimensions: 3}}") to "model: is required",
                problems("", "$remote, protocol: tei_rerank}, folder: x}") to "folder: does not go with remote",
                problems("", "$remote, protocol: tei_rerank}, serves: {domain: rerank}}") to "is a head for RERANK (found rerank)",
                problems(guard, "{name: watch, remote: {protocol: tei_rerank, base_url: 'http://a:1'}}") to
                    "is the name of a service of the model catalog (found watch)",
            )
        for ((found, expected) in rows) withClue("$expected in $found") { found.any { expected in it } shouldBe true }
    }
}
