package routercluster.dataplane

import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.gateway.GatewayConfig
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.gateway
import routercluster.kit.venvProgram
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.nio.file.Path

/** The API does what its document says: schemathesis makes calls of it, good and bad, and looks at the answers. */
class ApiDocumentTest {
    @TempDir
    lateinit var folder: Path

    private val heads =
        mapOf(
            "embedding" to Head(Task.EMBED, dimensions = 32),
            "domain" to Head(Task.SEQ_CLS, listOf("law", "math", "other")),
            "jailbreak" to Head(Task.SEQ_CLS, listOf("jailbreak", "benign"), setOf("jailbreak")),
            "pii" to Head(Task.TOKEN, listOf("a", "PERSON")),
            "fact_check" to Head(Task.SEQ_CLS, listOf("needs_check", "no_check")),
            "user_feedback" to Head(Task.SEQ_CLS, listOf("wrong_answer", "want_different", "need_clarification", "satisfied")),
            "nli" to Head(Task.NLI, listOf("entailment", "contradiction", "neutral")),
        )

    private val policy =
        """
        version: v0.3
        providers: {models: [{name: m, backend_refs: [{endpoint: "127.0.0.1:1", protocol: http}]}]}
        routing:
          signals: {domains: [{name: law}], keywords: [{name: a, operator: OR, keywords: [a]}]}
          decisions: [{name: lawyer, rules: {operator: OR, conditions: [{type: domain, name: law}, {type: keyword, name: a}]}}]
        """

    @Test
    fun `answers are as the document says`() {
        requireModule("schemathesis", folder)
        val files =
            object : PolicyFiles by PolicyFiles.None {
                override val bundled = EncoderFolder.Found(null, heads)
            }
        val proven = loadPolicy(policy.trimIndent(), "p.yaml", { null }, files)
        val opener = EncoderOpener { settings -> ScriptedEncoder(settings.name, heads) }
        gateway(GatewayConfig(proven, port = 0, extProcPort = 0, adminPort = 0, version = "test", encoders = opener)).use { router ->
            runWell(
                listOf("${venvProgram("schemathesis")}", "--config-file", "${resource("schemathesis.toml")}", "run") +
                    "http://127.0.0.1:${router.adminPort}/openapi.json",
                folder,
            )
        }
    }
}
