package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.ResponseHeaders
import org.reactivestreams.Publisher
import routercluster.policy.FailureClass
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream

/** A model that may serve an exchange, and what would be sent to one of its upstreams. */
class Target(val model: Model, val request: (Upstream) -> OutgoingRequest)

/** Ready to send but for the address: path, credentials and model name are already the upstream's. */
class OutgoingRequest(val headers: RequestHeaders, val body: HttpData)

/**
 * One client request on its way to a model.
 *
 * @property targets models in the order they may be tried; never empty
 * @property deadlineNanos on the clock of [System.nanoTime]; no attempt outlives it
 * @property hedging false where sending twice is not safe
 */
class Exchange(val id: String, val method: HttpMethod, val targets: List<Target>, val deadlineNanos: Long, val hedging: Boolean = true)

/**
 * One try at one upstream. [failure] is null for the attempt that served.
 *
 * @property status the upstream's HTTP status, null where no answer came
 */
class Attempt(
    val number: Int,
    val model: String,
    val upstream: String,
    val status: Int?,
    val failure: FailureClass?,
    val startNanos: Long,
    val endNanos: Long,
    val hedge: Boolean = false,
)

/**
 * What came of an [Exchange].
 */
sealed interface Reply {
    val attempts: List<Attempt>

    /**
     * An upstream answered; also with an error status that may not fall back or that no attempt is left for.
     * [body] must be subscribed to once; cancelling it cancels the upstream.
     */
    class Served(
        val model: Model,
        val upstream: Upstream,
        val headers: ResponseHeaders,
        val body: Publisher<HttpData>,
        override val attempts: List<Attempt>,
    ) : Reply

    /** No upstream gave an answer. [code] is stable: `upstream_unavailable`, `upstream_timeout`, `no_healthy_upstream`, `retry_budget_spent`. */
    class Failed(val status: Int, val code: String, val message: String, override val attempts: List<Attempt>) : Reply
}

/** Sends exchanges. One per process; owns connection pools, health checks, ejection, circuit breakers and the retry budget. */
interface Upstreams : AutoCloseable {
    suspend fun send(exchange: Exchange): Reply

    /** Picks an upstream for a request that somebody else (Envoy) will send; null where none is fit. */
    fun pick(model: Model): Upstream?

    /** Per upstream id: fit or why not. */
    fun health(): Map<String, String>
}
