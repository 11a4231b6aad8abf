package routercluster.kit

import routercluster.gateway.GatewayConfig
import routercluster.gateway.RunningGateway
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.envoy.Address
import routercluster.gateway.envoy.AnswerBodies
import routercluster.gateway.envoy.EnvoyOptions
import routercluster.gateway.envoy.renderEnvoy
import routercluster.gateway.gateway
import routercluster.policy.Policy
import routercluster.policy.cache.CacheLedger
import routercluster.policy.conversations.Conversations
import routercluster.policy.vectors.VectorStore
import routercluster.telemetry.Events
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandlers
import java.time.Clock
import java.time.Duration

/** A gateway on free ports, and Envoy in front of it where asked for. */
class Installation private constructor(private val gateway: RunningGateway, val envoy: EnvoyProcess?) : AutoCloseable {
    /** Where clients go: Envoy where there is one, else the HTTP door. */
    val port: Int get() = envoy?.listeners?.getValue("main") ?: gateway.port

    /** Where operators go. */
    val adminPort: Int get() = gateway.adminPort

    /** What the admin API says at [path], such as `/metrics`. */
    fun admin(path: String): String = asked(path).body()

    private fun asked(path: String): HttpResponse<String> =
        http.send(HttpRequest.newBuilder(URI("http://127.0.0.1:${gateway.adminPort}$path")).build(), BodyHandlers.ofString())

    /** Waits until the gateway counts no request in flight; fails with the count it stays at. */
    fun awaitIdle() {
        val endNanos = System.nanoTime() + IDLE_WAIT.toNanos()
        while (inFlight() != 0.0) {
            check(System.nanoTime() < endNanos) { "${inFlight()} requests are in flight after $IDLE_WAIT, expected none" }
        }
    }

    /** Waits until requests are routed, which takes until the policy's encoders are open and its exemplars are read. */
    fun awaitReady() {
        val endNanos = System.nanoTime() + READY_WAIT.toNanos()
        while (probe().statusCode() != OK) {
            check(System.nanoTime() < endNanos) { "not ready after $READY_WAIT: ${probe().body()}" }
        }
    }

    private fun probe(): HttpResponse<String> = asked("/readyz")

    private fun inFlight(): Double =
        admin("/metrics")
            .lineSequence()
            .single { it.startsWith("router_requests_in_flight ") }
            .substringAfter(' ')
            .toDouble()

    override fun close() {
        envoy?.close()
        gateway.close()
    }

    companion object {
        private const val OK = 200
        private val IDLE_WAIT = Duration.ofSeconds(10)
        private val READY_WAIT = Duration.ofMinutes(2)
        private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

        /**
         * @param policy its listener for clients is called `main`
         * @param behindEnvoy skips the calling test, visibly, where Envoy is not installed
         * @param answerBodies how answers pass the router behind Envoy
         * @param encoders opens those that the policy's learned signals ask
         * @param conversations of the Responses API; null does not offer it
         * @param vectors opens the store of answers for alike requests; null keeps none
         * @param cacheLedger of what was done to kept answers; null keeps it in this process
         * @param replaySecret of the cluster; null where there is none
         */
        fun open(
            policy: Policy,
            behindEnvoy: Boolean,
            answerBodies: AnswerBodies = AnswerBodies.STREAMED,
            events: Events = Events.NONE,
            encoders: EncoderOpener = EncoderOpener.NONE,
            conversations: Conversations? = null,
            vectors: (() -> VectorStore)? = null,
            clock: Clock = Clock.systemUTC(),
            cacheLedger: CacheLedger? = null,
            replaySecret: ByteArray? = null,
        ): Installation {
            if (behindEnvoy) EnvoyProcess.requireBinary()
            val config =
                GatewayConfig(
                    policy,
                    port = 0,
                    extProcPort = 0,
                    adminPort = 0,
                    version = "test",
                    encoders = encoders,
                    events = events,
                    conversations = conversations,
                    vectors = vectors,
                    clock = clock,
                    cacheLedger = cacheLedger,
                    replaySecret = { replaySecret },
                )
            val gateway = gateway(config)
            if (!behindEnvoy) return Installation(gateway, null)
            val options =
                EnvoyOptions(
                    extProc = Address("127.0.0.1", gateway.extProcPort),
                    httpDoor = Address("127.0.0.1", gateway.port),
                    adminPort = 0,
                    messageTimeout = EnvoyProcess.MESSAGE_TIMEOUT,
                    answerBodies = answerBodies,
                )
            return Installation(gateway, EnvoyProcess.start(renderEnvoy(policy, options)))
        }
    }
}
