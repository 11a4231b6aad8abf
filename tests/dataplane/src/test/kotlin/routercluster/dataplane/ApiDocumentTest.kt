package routercluster.dataplane

import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.gateway.GatewayConfig
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.gateway
import routercluster.gateway.versions.PolicyHistory
import routercluster.grains.cluster.ClusterStatus
import routercluster.grains.cluster.ClusterView
import routercluster.grains.cluster.Draining
import routercluster.grains.cluster.MemberStatus
import routercluster.grains.cluster.NodeReport
import routercluster.grains.directory.GrainCount
import routercluster.kit.venvProgram
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

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

    /** One node reports, and one does not. */
    private object TwoNodes : ClusterView {
        override fun status(): CompletionStage<ClusterStatus> {
            val report = NodeReport("a:1", listOf(GrainCount("conversation", 3, 7)), mapOf("policy" to "r1"))
            val reporting = MemberStatus("a:1", listOf("gateway", "silo"), "up", true, "1.0.0", report)
            val silent = MemberStatus("b:2", listOf("worker"), "leaving", false, "0.9.0", null)
            return CompletableFuture.completedFuture(ClusterStatus("prod", "a:1", listOf(reporting, silent)))
        }

        override fun drain(node: String): CompletionStage<Draining> =
            CompletableFuture.completedFuture(mapOf("a:1" to Draining.TOLD, "b:2" to Draining.SILENT)[node] ?: Draining.UNKNOWN)
    }

    @Test
    fun `answers are as the document says`() {
        requireModule("schemathesis", folder)
        val files =
            object : PolicyFiles by PolicyFiles.None {
                override val bundled = EncoderFolder.Found(null, heads)
            }
        val proven = loadPolicy(policy.trimIndent(), "p.yaml", { null }, files)
        val config =
            GatewayConfig(
                proven,
                history = PolicyHistory.of(folder.resolve("p.yaml"), folder.resolve("data")),
                port = 0,
                extProcPort = 0,
                adminPort = 0,
                version = "test",
                encoders = EncoderOpener { settings -> ScriptedEncoder(settings.name, heads) },
                cluster = TwoNodes,
            )
        gateway(config).use { router ->
            runWell(
                listOf("${venvProgram("schemathesis")}", "--config-file", "${resource("schemathesis.toml")}", "run") +
                    "http://127.0.0.1:${router.adminPort}/openapi.json",
                folder,
            )
        }
    }
}
