package routercluster.cli

import com.github.ajalt.clikt.core.CoreCliktCommand
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.discovery.FoundModel
import routercluster.cli.discovery.Provider
import routercluster.cli.discovery.ProviderKind
import routercluster.cli.discovery.starterPolicy
import routercluster.mock.Answer
import routercluster.mock.Script
import routercluster.mock.mockLlm
import java.nio.file.Files
import java.nio.file.Path

/** The commands with the real modules behind them. */
class WiringTest {
    @TempDir
    lateinit var folder: Path

    private val every =
        ProviderKind.entries.map {
            Provider(
                it,
                listOf(FoundModel("${it.title} a", it.ordinal.toDouble()), FoundModel("${it.title}: b", 9.0)),
            )
        }

    private fun starter(found: List<Provider> = emptyList()): String =
        "${Files.writeString(folder.resolve("starter.yaml"), starterPolicy(found, 8898))}"

    private fun real(name: String): CoreCliktCommand = commands().single { it.commandName == name }

    @TestFactory
    fun `the starter policy is valid, whatever was found`(): List<DynamicTest> =
        (every.map { listOf(it) } + listOf(every, emptyList())).map { found ->
            dynamicTest("found: ${found.joinToString { it.kind.title }}") {
                record(real("validate"), "validate", starter(found), environment = keys).err shouldBe ""
            }
        }

    private val keys = mapOf("OPENAI_API_KEY" to "sk-1", "ANTHROPIC_API_KEY" to "sk-2")

    @TestFactory
    fun `the starter policy decides as it says`(): List<DynamicTest> =
        listOf(
            "What is the capital of France?" to ("easy" to "sim-small"),
            "Write a function that adds two numbers" to ("code" to "sim-large"),
            "Prove that there are infinitely many primes" to ("hard" to "sim-large"),
            "Who? What? Where?" to ("hard" to "sim-large"),
            "word ".repeat(3_000) to ("hard" to "sim-large"),
        ).map { (prompt, expected) ->
            dynamicTest(prompt.take(40)) {
                val json = parseJson(record(real("explain"), "explain", starter(), "--prompt", prompt, "--json").out)
                (json?.path("decision")?.asText() to json?.path("action")?.path("model")?.asText()) shouldBe expected
            }
        }

    @Test
    fun `explain shows signals, decisions and candidates`() {
        val out = record(real("explain"), "explain", starter(), "--prompt", "Fix this SQL").out
        listOf("SIGNALS", "DECISIONS", "CANDIDATES", "keyword:code", "forward to sim-large").forEach { out shouldContain it }
    }

    @Test
    fun `explain asks services and shows where they are`() {
        mockLlm(Script(answer = Answer.Text("""{"label": "RISKY", "confidence": 0.9}"""))).use { llm ->
            val endpoint = "{address: 127.0.0.1, port: ${llm.port}}"
            val judge = "external: [{name: judge, model_role: classification, llm_endpoint: $endpoint, llm_model_name: j}]"
            val policy =
                """
                version: v0.3
                providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
                routing:
                  signals: {classifiers: [{name: risk, type: llm, model: judge, labels: [SAFE, RISKY]}]}
                  decisions: [{name: risky, rules: {type: classifier, name: risk, label: RISKY, predicate: {gte: 0.5}}}]
                global: {model_catalog: {$judge}}
                """.trimIndent()
            val file = "${Files.writeString(folder.resolve("llm.yaml"), policy)}"
            record(real("validate"), "validate", file).out shouldContain "valid"
            val out = record(real("explain"), "explain", file, "--prompt", "drop the table").out
            out shouldContain "* risky"
            out shouldContain "SERVICES\n  judge  http://127.0.0.1:${llm.port}"
            val json = parseJson(record(real("explain"), "explain", file, "--prompt", "drop the table", "--json").out)
            json?.path("services")?.path("judge")?.asText() shouldBe "http://127.0.0.1:${llm.port}"
            (
                json
                    ?.path("encoder_calls")
                    ?.path(0)
                    ?.path("took_ms")
                    ?.asDouble() ?: 0.0
            ) shouldNotBe 0.0
        }
    }

    @Test
    fun `a record is replayed by another policy`() {
        val text = record(real("explain"), "explain", starter(), "--prompt", "Fix this SQL", "--json").out
        val file = "${Files.writeString(folder.resolve("record.json"), text)}"
        record(real("replay"), "replay", file, "--policy", starter()).out shouldContain "The outcome is the same."
        val other = record(real("replay"), "replay", file, "--policy", starter(every.take(1)), "--json", environment = keys).out
        parseJson(other)?.path("same")?.asText() shouldBe "false"
        record(real("replay"), "replay", starter(), "--policy", starter()).err shouldContain "a decision record is not JSON"
    }

    @Test
    fun `an Envoy configuration names the router's ports`() {
        record(real("envoy-config"), "envoy-config", starter(), "--port", "10000", "--extproc-port", "50099").out.let {
            it shouldContain "50099"
            it shouldContain "10000"
        }
    }

    private fun withTls(more: String = ""): String {
        val section = "\ngateway: {extproc_tls: {certificate_file: none.crt, key_file: none.key$more}}\n"
        return "${Files.writeString(folder.resolve("tls.yaml"), starterPolicy(emptyList(), 8898) + section)}"
    }

    @Test
    fun `an Envoy configuration speaks TLS where the policy does`() {
        record(real("envoy-config"), "envoy-config", withTls(), "--router-ca", "ca.crt").out shouldContain "filename: ca.crt"
        val guarded = withTls(", client_ca_file: envoys.crt")
        val refused = record(real("envoy-config"), "envoy-config", guarded)
        refused.status shouldBe ExitStatus.USAGE
        refused.err shouldContain "give --client-certificate and --client-key"
        record(real("envoy-config"), "envoy-config", guarded, "--client-key", "a.key").status shouldBe ExitStatus.USAGE
        val given = arrayOf("--client-certificate", "a.crt", "--client-key", "a.key")
        record(real("envoy-config"), "envoy-config", guarded, *given).out shouldContain "filename: a.key"
    }

    @Test
    fun `what the policy names and what the environment says is checked before ports are opened`() {
        val served = record(real("serve"), "serve", "--config", withTls(), "--port", "0", "--extproc-port", "0", "--admin-port", "0")
        served.status shouldBe ExitStatus.REFUSED
        served.err shouldContain "gateway.extproc_tls: none.crt: cannot be read"
    }
}
