package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.ResponseHeaders
import org.reactivestreams.Publisher
import routercluster.policy.FailureClass
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream

/** A model that may serve an exchange, and what would be sent to one of its upstreams; the flag says that the attempt is a hedge. */
class Target(val model: Model, private val make: (Upstream, Boolean) -> OutgoingRequest) {
    fun request(upstream: Upstream, hedge: Boolean = false): OutgoingRequest = make(upstream, hedge)
}

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
 * One try at one upstream. [number] counts from 1 in the order in which they were begun. [failure] is null for the attempt that served a
 * good answer, and for a [cancelled] one.
 *
 * @property status the upstream's HTTP status, null where no answer came
 * @property endNanos the commit point of the attempt that served
 * @property cancelled the other side of a hedge answered first
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
    val cancelled: Boolean = false,
)

/**
 * What came of an [Exchange].
 */
sealed interface Reply {
    val attempts: List<Attempt>

    /**
     * An upstream answered; also with an error status that may not fall back or that no attempt is left for.
     * [body] must be subscribed to once; cancelling it cancels the upstream. It fails with [UpstreamStreamFailure].
     *
     * @property attempt number of the attempt that served
     * @property cancel ends the upstream's request, for a body that nobody will read; does nothing once it has ended
     */
    class Served(
        val model: Model,
        val upstream: Upstream,
        val headers: ResponseHeaders,
        val body: Publisher<HttpData>,
        override val attempts: List<Attempt>,
        val attempt: Int,
        val cancel: () -> Unit,
    ) : Reply

    /**
     * No upstream gave an answer. [code] is stable: `upstream_unavailable` (502), `upstream_timeout` (504),
     * `no_healthy_upstream` or `retry_budget_spent` (503).
     */
    class Failed(val status: Int, val code: String, val message: String, override val attempts: List<Attempt>) : Reply
}

/**
 * The body of a [Reply.Served] broke after the commit point, so nothing else was tried.
 *
 * @property code `upstream_stream_cut`, `upstream_stream_idle` or `deadline_exceeded`
 */
class UpstreamStreamFailure(val code: String, message: String, cause: Throwable? = null) : RuntimeException(message, cause)

/**
 * Sends exchanges to the models of one policy; owns their health checks, ejection and retry budgets, on connections that
 * [UpstreamPool] owns. Closing it ends the health checks; exchanges that know it are still sent and finished.
 */
interface Upstreams : AutoCloseable {
    /** @throws IllegalArgumentException for a model that the policy does not have */
    suspend fun send(exchange: Exchange): Reply

    /**
     * Picks an upstream for a request that somebody else (Envoy) will send: of the first of [models] with a fit one where a
     * failure to connect may fall back, else of the first. An unfit upstream is better than none.
     *
     * @throws IllegalArgumentException for a model that the policy does not have
     */
    fun pick(models: List<Model>): Picked

    /** Per upstream id: [FIT], or why it is not. */
    fun health(): Map<String, String>

    companion object {
        const val FIT = "fit"
    }
}
