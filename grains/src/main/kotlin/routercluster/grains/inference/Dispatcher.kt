package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.PostStop
import org.apache.pekko.actor.typed.Terminated
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.javadsl.TimerScheduler
import org.apache.pekko.actor.typed.receptionist.Receptionist
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import java.time.Duration
import java.util.concurrent.CompletableFuture

/** The name of the dispatcher's actor on its node. */
const val INFERENCE_DISPATCHER = "inference-dispatcher"

/**
 * @property pendingMax requests that may wait for workers at a time, over all of them
 * @property nanoTime the clock that deadlines are kept by
 */
class DispatchSettings(val pendingMax: Int = 1_024, val nanoTime: () -> Long = System::nanoTime)

/** What a [dispatcher] is told; nothing of it leaves the node. */
sealed interface DispatchCommand

internal class Dispatch(val request: EncodeRequest, val promise: CompletableFuture<EncodeReply>) : DispatchCommand

private class WorkersFound(val workers: Set<ActorRef<InferenceCommand>>) : DispatchCommand

private class Answered(val reply: InferenceReply) : DispatchCommand

private class Expired(val id: Long) : DispatchCommand

/**
 * Sends each request to the inference grain where it should be answered soonest, and to another one when that grain dies or has no
 * room. Every request is answered, refused or timed out once; reading a text twice does no harm.
 */
fun dispatcher(settings: DispatchSettings = DispatchSettings()): Behavior<DispatchCommand> =
    Behaviors.setup { context ->
        Behaviors.withTimers { timers -> Dispatcher(settings, context, timers).running() }
    }

/** @property tried workers that had it and did not answer it */
private class Pending(val dispatch: Dispatch, val deadlineNanos: Long, var worker: Worker?, var sentNanos: Long) {
    val tried = HashSet<ActorRef<InferenceCommand>>()
}

private class Worker(val ref: ActorRef<InferenceCommand>) {
    var inFlight = 0
    private var answerNanos = FIRST_GUESS_NANOS

    /** Expected time to an answer, if those in flight are answered one after the other. */
    val expectedNanos: Double get() = answerNanos * (inFlight + 1)

    fun answered(nanos: Long) {
        answerNanos += WEIGHT * (nanos - answerNanos)
    }

    private companion object {
        /** Less than most answers take, so that a new worker gets work soon. */
        const val FIRST_GUESS_NANOS = 1e6

        /** Of the newest answer in the moving average: some ten answers back count. */
        const val WEIGHT = 0.2
    }
}

/** The actor's state: touched by its own messages only, one at a time. */
private class Dispatcher(
    private val settings: DispatchSettings,
    private val context: ActorContext<DispatchCommand>,
    private val timers: TimerScheduler<DispatchCommand>,
) {
    private val workers = LinkedHashMap<ActorRef<InferenceCommand>, Worker>()
    private val pending = HashMap<Long, Pending>()
    private val replies = context.messageAdapter(InferenceReply::class.java, ::Answered)
    private var lastId = 0L

    /** Whether the receptionist has named the workers. Requests that come before wait for it. */
    private var isInformed = false

    fun running(): Behavior<DispatchCommand> {
        val listings = context.messageAdapter(Receptionist.Listing::class.java) { WorkersFound(it.getServiceInstances(inferenceWorkers)) }
        context.system.receptionist().tell(Receptionist.subscribe(inferenceWorkers, listings))
        return Behaviors
            .receive(DispatchCommand::class.java)
            .onAnyMessage { command ->
                when (command) {
                    is Dispatch -> take(command)
                    is WorkersFound -> workersAre(command.workers)
                    is Answered -> answered(command.reply)
                    is Expired -> expired(command.id)
                }
                Behaviors.same()
            }.onSignal(Terminated::class.java) { gone ->
                workers.keys.find { it == gone.ref }?.let(::lost)
                Behaviors.same()
            }.onSignal(PostStop::class.java) {
                pending.values.forEach { it.fail(EncodeFailure.Unavailable("this node is stopping")) }
                Behaviors.same()
            }.build()
    }

    private fun take(dispatch: Dispatch) {
        if (pending.size >= settings.pendingMax) {
            dispatch.promise.completeExceptionally(
                EncodeFailure.Overloaded("${pending.size} requests wait for inference workers, at most ${settings.pendingMax}"),
            )
            return
        }
        val id = ++lastId
        val now = settings.nanoTime()
        val request = Pending(dispatch, now + dispatch.request.timeout.toNanos(), worker = null, sentNanos = now)
        pending[id] = request
        timers.startSingleTimer(id, Expired(id), dispatch.request.timeout)
        if (isInformed) send(id, request, nobody())
    }

    private fun nobody() = EncodeFailure.Unavailable("no inference worker is in the cluster")

    /** Sends to the best worker that has not had it yet; where there is none, it fails as [otherwise] says. */
    private fun send(id: Long, request: Pending, otherwise: EncodeFailure) {
        val left = Duration.ofNanos(request.deadlineNanos - settings.nanoTime())
        val worker = workers.values.filter { it.ref !in request.tried }.minWithOrNull(soonest)
        if (worker == null || left.toMillis() < 1) {
            finish(id) { it.fail(if (worker == null) otherwise else tooLate(request)) }
            return
        }
        request.worker = worker
        request.sentNanos = settings.nanoTime()
        request.tried += worker.ref
        worker.inFlight++
        val passages = request.dispatch.request.passages
            .map { it.toWire() }
        worker.ref.tell(InferenceCommand.Encode(id, passages, left.toMillis(), replies))
    }

    private fun workersAre(found: Set<ActorRef<InferenceCommand>>) {
        (found - workers.keys).forEach {
            context.watch(it)
            workers[it] = Worker(it)
        }
        (workers.keys - found).forEach {
            context.unwatch(it)
            lost(it)
        }
        if (isInformed) return
        isInformed = true
        pending.toMap().forEach { (id, request) -> send(id, request, nobody()) }
    }

    /** Its requests run elsewhere. */
    private fun lost(ref: ActorRef<InferenceCommand>) {
        val worker = workers.remove(ref) ?: return
        pending.filterValues { it.worker === worker }.forEach { (id, request) ->
            send(id, request, EncodeFailure.Unavailable("the inference worker stopped and there is no other"))
        }
    }

    private fun answered(reply: InferenceReply) {
        val request = pending[reply.id] ?: return
        val worker = request.worker
        worker?.let { it.inFlight-- }
        when (reply) {
            is InferenceReply.Encoded -> {
                worker?.answered(settings.nanoTime() - request.sentNanos)
                finish(reply.id) { it.dispatch.promise.complete(reply.toReply()) }
            }

            is InferenceReply.NotEncoded -> {
                val failure = reply.toFailure()
                if (isTheirs(reply.reason)) send(reply.id, request, failure) else finish(reply.id) { it.fail(failure) }
            }
        }
    }

    /** Whether another worker might do better: what the caller got wrong or waited too long for stays so. */
    private fun isTheirs(reason: Reason): Boolean =
        when (reason) {
            Reason.OVERLOADED, Reason.UNAVAILABLE -> true
            Reason.TIMED_OUT, Reason.REFUSED -> false
        }

    private fun expired(id: Long) {
        pending[id]?.worker?.let { it.inFlight-- }
        finish(id) { it.fail(tooLate(it)) }
    }

    private fun tooLate(request: Pending) =
        EncodeFailure.TimedOut("no answer from an inference worker within ${request.dispatch.request.timeout.toMillis()} ms")

    private inline fun finish(id: Long, answer: (Pending) -> Unit) {
        timers.cancel(id)
        pending.remove(id)?.let(answer)
    }

    private fun Pending.fail(failure: EncodeFailure) {
        dispatch.promise.completeExceptionally(failure)
    }

    /** Of equals the one on this node, which costs no wire. */
    private val soonest = compareBy<Worker>({ it.expectedNanos }, {
        !it.ref
            .path()
            .address()
            .hasLocalScope()
    })
}
