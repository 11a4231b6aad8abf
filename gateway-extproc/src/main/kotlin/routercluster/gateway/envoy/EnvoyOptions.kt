package routercluster.gateway.envoy

import routercluster.policy.Listener
import java.time.Duration

/**
 * What a policy does not say about the Envoy in front of it.
 *
 * @property extProc where this Envoy reaches our ext_proc port
 * @property httpDoor where it reaches our HTTP door, for what ExtProc cannot stream
 * @property listeners null takes the policy's; port 0 lets the system choose
 * @property adminPort on the loopback address; null leaves the admin interface out
 * @property messageTimeout longest wait for one answer of the router. A decision takes well under a millisecond, but Envoy cuts running
 *   streams by this bound too, and on a machine out of breath its own default, 200 ms, and even seconds go by. What the policy's
 *   learned signals may wait for encoders, and requests for the answer to an equal one, comes on top
 * @property answerBodies how answers pass the router
 * @property connectionsMax clients connected at once, over all listeners
 * @property caFile certificates that upstreams are checked against; Debian's place by default
 * @property routerCaFile certificates that the router is checked against, where the policy gives its ext_proc port TLS
 * @property client what this Envoy shows the router, where the policy asks for it
 */
data class EnvoyOptions(
    val extProc: Address = Address("127.0.0.1", 50051),
    val httpDoor: Address = Address("127.0.0.1", 8080),
    val listeners: List<Listener>? = null,
    val adminPort: Int? = 9901,
    val messageTimeout: Duration = Duration.ofSeconds(10),
    val requestBodies: RequestBodies = RequestBodies.FULL_DUPLEX_STREAMED,
    val answerBodies: AnswerBodies = AnswerBodies.STREAMED,
    val accessLog: Boolean = true,
    val connectionsMax: Int = 16_384,
    val caFile: String = "/etc/ssl/certs/ca-certificates.crt",
    val routerCaFile: String = caFile,
    val client: ClientCertificate? = null,
)

/** Paths of PEM files as Envoy finds them. */
data class ClientCertificate(val certificateFile: String, val keyFile: String)

data class Address(val host: String, val port: Int)

/** [BUFFERED] keeps `content-length` on the way to the upstream but refuses a body beyond Envoy's buffer, 1 MiB, with 413. */
enum class RequestBodies { FULL_DUPLEX_STREAMED, BUFFERED }

/**
 * [STREAMED]: the router sees every chunk and Envoy passes on its own copy; token counts and costs are known.
 * [FULL_DUPLEX_STREAMED]: the router sends every chunk back, which costs more and allows answers to be changed.
 * [NONE]: the router sees the answer's headers only; cheapest, without token counts.
 */
enum class AnswerBodies { STREAMED, FULL_DUPLEX_STREAMED, NONE }
