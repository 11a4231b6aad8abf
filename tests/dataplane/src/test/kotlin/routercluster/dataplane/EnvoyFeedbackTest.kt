package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.gateway.GatewayConfig
import routercluster.gateway.RunningGateway
import routercluster.gateway.envoy.Address
import routercluster.gateway.envoy.EnvoyOptions
import routercluster.gateway.envoy.renderEnvoy
import routercluster.gateway.gateway
import routercluster.kit.EnvoyProcess
import routercluster.kit.LogsOnFailure
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.config.loadPolicy
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Duration
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** What a real Envoy says of the requests that it sent counts against the upstream they went to. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EnvoyFeedbackTest {
    private val sound = mockLlm()
    private val failing = mockLlm()
    private var log = ""

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { log }

    @BeforeAll
    fun requireEnvoy() {
        EnvoyProcess.requireBinary()
    }

    @AfterAll
    fun close() {
        sound.close()
        failing.close()
    }

    private class Running(val gateway: RunningGateway, val envoy: EnvoyProcess, private val heard: LinkedBlockingQueue<String>) {
        fun ask(): Reply = asked(envoy.listeners.getValue("main"), CHAT, chat("hello"))

        /** The next attempts that were told, at most as many. */
        fun attempts(count: Int): List<String?> = List(count) { heard.poll(WAIT_SECONDS, TimeUnit.SECONDS) }

        fun isEjected(upstream: String): Boolean =
            gateway.keeper
                .snapshot()
                .upstreams
                .health()
                .getValue(upstream)
                .startsWith("ejected")
    }

    private fun running(brokenPort: Int, reliability: String, forwarding: String = "", block: Running.() -> Unit) {
        val text = """
            version: v0.3
            listeners: [{name: main, address: 127.0.0.1, port: 0}]
            providers:
              defaults: {default_model: only}
              models:
                - name: only
                  reliability: {consecutive_5xx: 3, max_ejection_percent: 50, $reliability}
                  backend_refs:
                    - {name: broken, endpoint: "127.0.0.1:$brokenPort", protocol: http}
                    - {name: sound, endpoint: "127.0.0.1:${sound.port}", protocol: http}
            routing: {}
            gateway: {drain_timeout: 1s, forwarding: {backoff: 5ms, $forwarding}}
        """
        val policy = loadPolicy(text, "feedback.yaml", { null })
        val heard = LinkedBlockingQueue<String>()
        val events =
            Events {
                if (it is RouterEvent.AttemptEnded) heard.add("${it.upstream} ${it.status} ${it.failure}")
                if (it is RouterEvent.Resent) heard.add("${it.upstream} again ${it.times}")
            }
        gateway(GatewayConfig(policy, port = 0, extProcPort = 0, adminPort = 0, version = "feedback", events = events)).use { gateway ->
            val options =
                EnvoyOptions(
                    extProc = Address("127.0.0.1", gateway.extProcPort),
                    httpDoor = Address("127.0.0.1", gateway.port),
                    adminPort = 0,
                    messageTimeout = EnvoyProcess.MESSAGE_TIMEOUT,
                )
            EnvoyProcess.start(renderEnvoy(policy, options)).use { envoy ->
                try {
                    Running(gateway, envoy, heard).block()
                } finally {
                    log = envoy.log()
                }
            }
        }
    }

    /** Every other request goes to the broken upstream until three of them have failed; then none does. */
    private fun Running.isEjectedAfterThree(attempt: String) {
        val statuses = List(6) { ask().status }
        withClue("$statuses") { statuses.count { it == 200 } shouldBe 3 }
        attempts(6).groupingBy { it }.eachCount() shouldBe mapOf(attempt to 3, "only/sound 200 null" to 3)
        isEjected("only/broken") shouldBe true
        List(6) { ask().status } shouldBe List(6) { 200 }
    }

    @Test
    fun `an upstream whose answers are errors is not picked any more`() {
        failing.script = Script(fault = Fault.Status(500))
        running(failing.port, "retry_count: 0") { isEjectedAfterThree("only/broken 500 SERVER_ERROR") }
    }

    @Test
    fun `nor is one that cannot be reached`() =
        running(brokenPort = 1, "retry_count: 0") { isEjectedAfterThree("only/broken null CONNECT") }

    @Test
    fun `nor is one that says nothing`() {
        failing.script = Script(headersDelay = Duration.ofSeconds(WAIT_SECONDS))
        running(failing.port, "retry_count: 0", "first_byte_timeout: 2s") { isEjectedAfterThree("only/broken null TIMEOUT") }
    }

    @Test
    fun `one that only refuses for a while is`() {
        failing.script = Script(fault = Fault.Status(429))
        running(failing.port, "retry_count: 0") {
            List(8) { ask().status }.count { it == 429 } shouldBe 4
            isEjected("only/broken") shouldBe false
        }
    }

    @Test
    fun `Envoy's own retries are counted`() {
        failing.script = Script()
        running(failing.port, "retry_count: 2, retry_on: 5xx") {
            failing.next(Script(fault = Fault.Status(503)))
            List(2) { ask().status } shouldBe listOf(200, 200)
            attempts(3).toSet() shouldBe setOf("only/broken again 1", "only/broken 200 null", "only/sound 200 null")
            isEjected("only/broken") shouldBe false
            failing.script = Script(fault = Fault.Status(503))
            val failed = generateSequence { ask().status }.first { it != 200 }
            failed shouldBe 503
            withClue("three attempts in a row") { isEjected("only/broken") shouldBe true }
        }
    }

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
