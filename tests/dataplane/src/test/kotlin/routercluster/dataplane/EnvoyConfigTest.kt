package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import org.snakeyaml.engine.v2.api.Load
import org.snakeyaml.engine.v2.api.LoadSettings
import routercluster.gateway.envoy.AnswerBodies
import routercluster.gateway.envoy.EnvoyOptions
import routercluster.gateway.envoy.RequestBodies
import routercluster.gateway.envoy.renderEnvoy
import routercluster.kit.EnvoyProcess
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/** The rendered Envoy configuration, and the example of it in `deploy/envoy`. */
class EnvoyConfigTest {
    private val rendered = renderEnvoy(examplePolicy())

    @Test
    fun `the example in deploy is what the renderer writes`() {
        val root = generateSequence(Path.of("").toAbsolutePath(), Path::getParent).first { Files.exists(it.resolve("deploy/envoy")) }
        val example = root.resolve("deploy/envoy/envoy.yaml")
        val fresh = Files.writeString(Files.createDirectories(Path.of("target")).resolve("envoy.yaml"), rendered)
        withClue("deploy/envoy/envoy.yaml is out of date; copy ${fresh.toAbsolutePath()} over it") {
            Files.readString(example) shouldBe
                rendered
        }
    }

    @Test
    fun `a real Envoy accepts every way to render`() {
        val ways =
            listOf(EnvoyOptions(), EnvoyOptions(adminPort = null, accessLog = false)) +
                AnswerBodies.entries.map { EnvoyOptions(answerBodies = it) } +
                EnvoyOptions(requestBodies = RequestBodies.BUFFERED)
        for (options in ways) {
            withClue("$options") { EnvoyProcess.refusal(renderEnvoy(examplePolicy(), options)) shouldBe null }
        }
    }

    @Test
    fun `writes no credential`() {
        rendered shouldNotContain EXAMPLE_KEY
        rendered shouldNotContain "Bearer"
    }

    @Test
    fun `fails closed and sets its timeout on purpose`() {
        rendered shouldContain "failure_mode_allow: false"
        rendered shouldContain "message_timeout: 10s"
    }

    /** Guards and topics share a call and its longest wait; who asks after them waits on top. */
    @Test
    fun `waits for the router as long as that may wait for encoders`() {
        val files =
            object : PolicyFiles by PolicyFiles.None {
                override val bundled =
                    EncoderFolder.Found(
                        null,
                        mapOf(
                            "domain" to Head(Task.SEQ_CLS, listOf("law", "other")),
                            "jailbreak" to Head(Task.SEQ_CLS, listOf("benign", "jailbreak"), setOf("jailbreak")),
                        ),
                    )
            }
        val text = """
            version: v0.3
            listeners: [{name: main, address: 127.0.0.1, port: 0}]
            providers: {models: [{name: m, backend_refs: [{endpoint: "127.0.0.1:1"}]}]}
            routing:
              signals:
                domains: [{name: law, timeout: 700ms}]
                jailbreak: [{name: guard, timeout: 3s}]
              decisions:
                - {name: attack, rules: {type: jailbreak, name: guard}}
                - {name: lawyer, rules: {type: domain, name: law}}
            """
        val policy = loadPolicy(text, "patient.yaml", { null }, files)
        policy.patience shouldBe Duration.ofSeconds(3)
        renderEnvoy(policy) shouldContain "message_timeout: 13s"
        renderEnvoy(policy, EnvoyOptions(messageTimeout = Duration.ofMillis(250))) shouldContain "message_timeout: 3.25s"
    }

    @Test
    fun `waits as long as requests do for the answer to an equal one`() {
        fun text(mode: String) = """
            version: v0.3
            listeners: [{name: main, address: 127.0.0.1, port: 0}]
            providers: {models: [{name: m, backend_refs: [{endpoint: "127.0.0.1:1"}]}]}
            routing: {decisions: [{name: d, plugins: [{type: response_cache, configuration: {mode: $mode}}]}]}
            global: {stores: {response_cache: {single_flight_wait: 7s}}}
            """
        renderEnvoy(loadPolicy(text("exact"), "flights.yaml", { null })) shouldContain "message_timeout: 17s"
        renderEnvoy(loadPolicy(text("semantic"), "flights.yaml", { null })) shouldContain "message_timeout: 10s"
    }

    @Test
    fun `gives every upstream a cluster that fits it`() {
        val rows =
            listOf(
                Row("qwen3-8b/gpu-1", "type", "STATIC"),
                Row("qwen3-8b/gpu-2", "type", "STRICT_DNS"),
                Row("gpt-4o/openai", "type", "STRICT_DNS"),
                Row("qwen3-8b/gpu-1", "lb_policy", "LEAST_REQUEST"),
                Row("gpt-4o/openai", "lb_policy", "ROUND_ROBIN"),
                Row("qwen3-8b/gpu-1", "health_checks.0.http_health_check.path", "/health"),
                Row("gpt-4o/openai", "health_checks", null),
                Row("qwen3-8b/gpu-1", "outlier_detection", null),
                Row("qwen3-8b/gpu-1", "common_lb_config.healthy_panic_threshold.value", 0),
                Row("gpt-4o/openai", "common_lb_config", null),
                Row("qwen3-8b/gpu-1", "transport_socket", null),
                Row("gpt-4o/openai", "transport_socket.typed_config.sni", "api.openai.com"),
                Row(
                    "gpt-4o/openai",
                    "transport_socket.typed_config.common_tls_context.validation_context.match_typed_subject_alt_names.0.matcher.exact",
                    "api.openai.com",
                ),
                Row("routercluster", "health_checks.0.grpc_health_check.service_name", "envoy.service.ext_proc.v3.ExternalProcessor"),
            )
        val clusters = at(Load(LoadSettings.builder().build()).loadFromString(rendered), "static_resources.clusters") as List<*>
        for (row in rows) {
            withClue("$row") { at(clusters.single { at(it, "name") == row.cluster }, row.path) shouldBe row.value }
        }
    }

    private data class Row(val cluster: String, val path: String, val value: Any?)

    private fun at(node: Any?, path: String): Any? =
        path.split('.').fold(node) { here, key ->
            when (here) {
                is Map<*, *> -> here[key]
                is List<*> -> here.getOrNull(key.toInt())
                else -> null
            }
        }
}
