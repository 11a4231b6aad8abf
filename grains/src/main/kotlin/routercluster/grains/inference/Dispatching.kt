package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * @property pendingMax requests that may wait for workers at a time, over all of them
 * @property hedgeShare of all requests, those that may be sent to a second worker because the first is late; 0 sends none
 * @property hedgeAfterMin no answer is late before
 * @property lookEvery how often workers are asked how they fare, besides what each reply says
 * @property nanoTime the clock that deadlines are kept by
 */
class DispatchSettings(
    val pendingMax: Int = 1_024,
    val hedgeShare: Double = 0.1,
    val hedgeAfterMin: Duration = Duration.ofMillis(10),
    val circuit: CircuitSettings = CircuitSettings(),
    val lookEvery: Duration = Duration.ofSeconds(2),
    val nanoTime: () -> Long = System::nanoTime,
)

/** What a [dispatcher] is told; nothing of it leaves the node. */
internal sealed interface DispatchCommand

internal class Dispatch(val encoder: EncoderId, val request: EncodeRequest, val promise: CompletableFuture<EncodeReply>) : DispatchCommand

/** Completes [promise] when a worker offers [encoder]; fails it where none does within [timeout]. */
internal class Search(
    val encoder: EncoderId,
    val timeout: Duration,
    val promise: CompletableFuture<Map<HeadRef, Head>>,
) : DispatchCommand

internal class WorkersFound(val workers: Set<ActorRef<InferenceCommand>>) : DispatchCommand

internal class Replied(val reply: InferenceReply) : DispatchCommand

internal data class Late(val id: Long) : DispatchCommand

internal data class Expired(val id: Long) : DispatchCommand

internal class SearchEnded(val search: Search) : DispatchCommand

internal data object Tick : DispatchCommand

/**
 * A request that is not answered yet.
 *
 * @property tried workers that have it or had it
 * @property underway how many of them have it now
 * @property isHedged whether it was sent to a second worker because the first was late
 */
internal class Pending(val id: Long, val dispatch: Dispatch, val deadlineNanos: Long) {
    val encoder get() = dispatch.encoder
    val timeout: Duration get() = dispatch.request.timeout
    val passages = dispatch.request.passages.map { it.toWire() }
    val characters = dispatch.request.characters
    val expiry = Expired(id)
    val lateness = Late(id)
    val tried = HashSet<ActorRef<InferenceCommand>>()
    var underway = 0
    var isHedged = false

    val isUnderway get() = underway > 0

    fun millisLeft(now: Long): Long = Duration.ofNanos(deadlineNanos - now).toMillis()

    fun fail(failure: EncodeFailure) {
        dispatch.promise.completeExceptionally(failure)
    }
}

/** A [request] that [worker] has since [sentNanos]. */
internal data class Attempt(val request: Pending, val worker: Worker, val sentNanos: Long) {
    fun over() {
        request.underway--
        worker.inFlight--
    }
}
