package routercluster.kit

import routercluster.gateway.GatewayConfig
import routercluster.gateway.RunningGateway
import routercluster.gateway.envoy.Address
import routercluster.gateway.envoy.AnswerBodies
import routercluster.gateway.envoy.EnvoyOptions
import routercluster.gateway.envoy.renderEnvoy
import routercluster.gateway.gateway
import routercluster.mock.RunningMock
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.config.loadPolicy
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration

/**
 * A whole installation on free ports: two simulated models, a gateway with the policy `house.yaml`, and Envoy in front of it
 * where asked for.
 *
 * | a prompt with | is decided as | goes to |
 * |---|---|---|
 * | `stacktrace` | `code` | `large`, then `small` |
 * | `opening hours` | `hours` | nobody: a fixed answer |
 * | `nowhere` | `nowhere` | `gone`, whose two upstreams refuse connections |
 * | `payroll` | `payroll` | `large`, if the caller is known as `boss` |
 * | 2,000 tokens or more | `long` | `large` |
 * | anything else | nothing | `small`, the default model |
 */
class House private constructor(
    val small: RunningMock,
    val large: RunningMock,
    private val gateway: RunningGateway,
    val envoy: EnvoyProcess?,
) : AutoCloseable {
    /** Where clients go: Envoy where there is one, else the HTTP door. */
    val port: Int get() = envoy?.listeners?.getValue("main") ?: gateway.port

    /** Where operators go. */
    val adminPort: Int get() = gateway.adminPort

    /** Makes both models sound again and lets them forget what they saw. */
    fun reset() {
        for (model in listOf(small, large)) {
            model.script = Script()
            model.reset()
        }
    }

    /** Waits until the gateway counts no request in flight; fails with the count it stays at. */
    fun awaitIdle() {
        val endNanos = System.nanoTime() + IDLE_WAIT.toNanos()
        while (inFlight() != 0.0) {
            check(System.nanoTime() < endNanos) { "${inFlight()} requests are in flight after $IDLE_WAIT, expected none" }
        }
    }

    private fun inFlight(): Double {
        val request = HttpRequest.newBuilder(URI("http://127.0.0.1:${gateway.adminPort}/metrics")).build()
        val lines = http.send(request, BodyHandlers.ofString()).body().lineSequence()
        return lines.single { it.startsWith("router_requests_in_flight ") }.substringAfter(' ').toDouble()
    }

    override fun close() {
        envoy?.close()
        gateway.close()
        small.close()
        large.close()
    }

    companion object {
        const val BODY_BYTES_MAX = 4 * 1024 * 1024
        const val SMALL_KEY = "key-of-small"
        const val LARGE_KEY = "key-of-large"
        private val IDLE_WAIT = Duration.ofSeconds(10)
        private val http = HttpClient.newHttpClient()

        /**
         * @param behindEnvoy skips the calling test, visibly, where Envoy is not installed
         * @param answerBodies how answers pass the router behind Envoy
         */
        fun open(behindEnvoy: Boolean = false, answerBodies: AnswerBodies = AnswerBodies.STREAMED): House {
            if (behindEnvoy) EnvoyProcess.requireBinary()
            val small = mockLlm()
            val large = mockLlm()
            val environment =
                mapOf(
                    "SMALL_PORT" to "${small.port}",
                    "LARGE_PORT" to "${large.port}",
                    "SMALL_KEY" to SMALL_KEY,
                    "LARGE_KEY" to LARGE_KEY,
                )
            val text = checkNotNull(House::class.java.getResource("/house.yaml")).readText()
            val policy = loadPolicy(text, "house.yaml", environment::get)
            val gateway = gateway(GatewayConfig(policy, port = 0, extProcPort = 0, adminPort = 0, version = "house"))
            val options =
                EnvoyOptions(
                    extProc = Address("127.0.0.1", gateway.extProcPort),
                    httpDoor = Address("127.0.0.1", gateway.port),
                    adminPort = 0,
                    answerBodies = answerBodies,
                )
            val envoy = if (behindEnvoy) EnvoyProcess.start(renderEnvoy(policy, options)) else null
            return House(small, large, gateway, envoy)
        }
    }
}
