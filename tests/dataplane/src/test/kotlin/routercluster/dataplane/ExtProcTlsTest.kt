package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.RegisterExtension
import org.junit.jupiter.api.io.TempDir
import routercluster.gateway.GatewayConfig
import routercluster.gateway.RunningGateway
import routercluster.gateway.envoy.Address
import routercluster.gateway.envoy.ClientCertificate
import routercluster.gateway.envoy.EnvoyOptions
import routercluster.gateway.envoy.renderEnvoy
import routercluster.gateway.gateway
import routercluster.kit.EnvoyProcess
import routercluster.kit.LogsOnFailure
import routercluster.kit.PemFiles
import routercluster.mock.mockLlm
import routercluster.policy.Policy
import routercluster.policy.config.loadPolicy
import java.nio.file.Path

/** The ext_proc port with TLS, asked by a real Envoy. */
class ExtProcTlsTest {
    @TempDir
    lateinit var folder: Path

    private val model = mockLlm()
    private val router by lazy { PemFiles(folder, "router") }
    private val known by lazy { PemFiles(folder, "known") }
    private val stranger by lazy { PemFiles(folder, "stranger") }
    private var log = ""

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { log }

    @BeforeEach
    fun requireEnvoy() {
        EnvoyProcess.requireBinary()
    }

    @AfterEach
    fun close() = model.close()

    private fun policy(tls: String): Policy {
        val text = """
            version: v0.3
            listeners: [{name: main, address: 127.0.0.1, port: 0}]
            providers:
              defaults: {default_model: only}
              models: [{name: only, backend_refs: [{name: a, endpoint: "127.0.0.1:${model.port}", protocol: http}]}]
            routing: {}
            gateway: {drain_timeout: 1s, $tls}
        """
        return loadPolicy(text, "tls.yaml", { null })
    }

    private fun serverTls(clientCa: PemFiles? = null): String {
        val client = clientCa?.let { ", client_ca_file: ${it.certificate}" }.orEmpty()
        return "extproc_tls: {certificate_file: ${router.certificate}, key_file: ${router.key}$client}"
    }

    private fun <T> running(policy: Policy, block: (RunningGateway) -> T): T =
        gateway(GatewayConfig(policy, port = 0, extProcPort = 0, adminPort = 0, version = "tls")).use(block)

    private fun options(gateway: RunningGateway, client: PemFiles?, ca: PemFiles = router) =
        EnvoyOptions(
            extProc = Address("127.0.0.1", gateway.extProcPort),
            httpDoor = Address("127.0.0.1", gateway.port),
            adminPort = 0,
            messageTimeout = EnvoyProcess.MESSAGE_TIMEOUT,
            routerCaFile = ca.certificate,
            client = client?.let { ClientCertificate(it.certificate, it.key) },
        )

    /** What a client gets from an Envoy that was rendered for [rendered]. */
    private fun answer(rendered: Policy, options: EnvoyOptions): Reply =
        EnvoyProcess.start(renderEnvoy(rendered, options)).use { envoy ->
            try {
                asked(envoy.listeners.getValue("main"), CHAT, chat("hello"))
            } finally {
                log = envoy.log()
            }
        }

    @Test
    fun `requests pass over TLS, with a certificate of Envoy's own or without`() {
        val rows = listOf(policy(serverTls()) to null, policy(serverTls()) to stranger, policy(serverTls(known)) to known)
        for ((policy, client) in rows) {
            running(policy) { gateway ->
                withClue("client certificate: ${client?.certificate}") {
                    val reply = answer(policy, options(gateway, client))
                    reply.status shouldBe 200
                    reply.header("x-vsr-selected-model") shouldBe "only"
                }
            }
        }
    }

    @Test
    fun `nothing passes where either does not know the other`() {
        val guarded = policy(serverTls(known))
        running(guarded) { gateway ->
            val rows =
                listOf(
                    "a stranger's certificate" to { answer(guarded, options(gateway, stranger)) },
                    "no certificate" to { answer(policy(serverTls()), options(gateway, null)) },
                    "no TLS" to { answer(policy(""), options(gateway, null)) },
                    "another router than expected" to { answer(guarded, options(gateway, known, ca = stranger)) },
                )
            for ((what, ask) in rows) {
                withClue(what) {
                    val reply = ask()
                    reply.status shouldBe 503
                    reply.errorCode shouldBe "router_unavailable"
                }
            }
        }
    }
}
