package routercluster.gateway.encode.remote

import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadResult
import java.time.Duration
import java.util.concurrent.CompletableFuture

/** A text, or a pair of them, that a service is asked about. */
internal data class Input(val text: String, val pair: String? = null)

/**
 * A service in its own protocol. Thread-safe; calls return at once. Texts never stand in what it throws.
 */
internal interface Service : AutoCloseable {
    /**
     * What the head called [head] makes of each of [inputs], in their order. Fails with an [EncodeFailure]. Cancelling the answer
     * ends the call.
     */
    fun ask(head: String, inputs: List<Input>, timeout: Duration): CompletableFuture<List<HeadResult>>

    /** Inputs with different keys cannot stand in one call. */
    fun batchKey(input: Input): Any = Unit

    /** Whether it would take a call now, as far as is known. */
    val isReady: Boolean get() = true

    override fun close() = Unit
}
