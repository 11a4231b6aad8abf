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
import java.time.Duration

/**
 * Sends each request to the worker where it should be answered soonest; to a second one when the first is later than usual; to another one
 * when that dies, fails or has no room. Every request is answered, refused or timed out once; reading a text twice does no harm.
 *
 * @param publish told now and then how the workers fare
 */
internal fun dispatcher(settings: DispatchSettings, publish: (List<WorkerFacts>) -> Unit = {}): Behavior<DispatchCommand> =
    Behaviors.setup { context ->
        Behaviors.withTimers { timers -> Dispatcher(settings, publish, context, timers).running() }
    }

/** The actor's state: touched by its own messages only, one at a time. */
private class Dispatcher(
    private val settings: DispatchSettings,
    private val publish: (List<WorkerFacts>) -> Unit,
    private val context: ActorContext<DispatchCommand>,
    private val timers: TimerScheduler<DispatchCommand>,
) {
    private val workers = Workers(settings.circuit)
    private val pending = HashMap<Long, Pending>()

    /** What workers have, by the id that they reply with; also for requests that are answered already. */
    private val attempts = HashMap<Long, Attempt>()
    private val searches = mutableListOf<Search>()
    private val budget = HedgeBudget(settings.hedgeShare)
    private val replies = context.messageAdapter(InferenceReply::class.java, ::Replied)
    private var lastId = 0L

    fun running(): Behavior<DispatchCommand> {
        val listings = context.messageAdapter(Receptionist.Listing::class.java) { WorkersFound(it.getServiceInstances(inferenceWorkers)) }
        context.system.receptionist().tell(Receptionist.subscribe(inferenceWorkers, listings))
        timers.startTimerWithFixedDelay(Tick, settings.lookEvery)
        return Behaviors
            .receive(DispatchCommand::class.java)
            .onAnyMessage { command ->
                when (command) {
                    is Dispatch -> take(command)
                    is Search -> search(command)
                    is WorkersFound -> workersAre(command.workers)
                    is Replied -> replied(command.reply)
                    is Late -> late(command.id)
                    is Expired -> expired(command.id)
                    is SearchEnded -> searchEnded(command.search)
                    is Tick -> look()
                }
                Behaviors.same()
            }.onSignal(Terminated::class.java) { gone ->
                workers.find(gone.ref)?.let(::lost)
                Behaviors.same()
            }.onSignal(PostStop::class.java) {
                val stopping = EncodeFailure.Unavailable("this node is stopping")
                pending.values.forEach { it.fail(stopping) }
                searches.forEach { it.promise.completeExceptionally(stopping) }
                Behaviors.same()
            }.build()
    }

    private fun take(dispatch: Dispatch) {
        val waiting = maxOf(pending.size, attempts.size)
        if (waiting >= settings.pendingMax) {
            dispatch.promise.completeExceptionally(
                EncodeFailure.Overloaded("$waiting requests wait for inference workers, at most ${settings.pendingMax}"),
            )
            return
        }
        val request = Pending(++lastId, dispatch, settings.nanoTime() + dispatch.request.timeout.toNanos())
        pending[request.id] = request
        timers.startSingleTimer(request.expiry, request.expiry, dispatch.request.timeout)
        budget.earn()
        assign(request)
    }

    /** Sends it to the best worker that has not had it yet. Where there is none and nobody has it, it fails as [otherwise] says. */
    private fun assign(request: Pending, otherwise: EncodeFailure? = null) {
        val now = settings.nanoTime()
        val worker = workers.best(request.encoder, request.tried, now)
        when {
            request.millisLeft(now) < 1 -> finish(request) { it.fail(tooLate(it)) }
            worker != null -> send(request, worker, now)
            request.isUnderway || workers.mayStillCome -> Unit
            else -> finish(request) { it.fail(otherwise ?: workers.lackOf(it.encoder, now)) }
        }
    }

    private fun send(request: Pending, worker: Worker, now: Long) {
        val id = ++lastId
        attempts[id] = Attempt(request, worker, now)
        request.tried += worker.ref
        request.underway++
        worker.inFlight++
        worker.circuit.sent()
        if (!request.isHedged) expectBy(request, worker)
        worker.ref.tell(InferenceCommand.Encode(id, request.passages, request.millisLeft(now), replies))
    }

    private fun expectBy(request: Pending, worker: Worker) {
        val usual = worker.latencies.usual(request.characters) ?: (request.timeout.toNanos() / FIRST_LATE_PART)
        timers.startSingleTimer(request.lateness, request.lateness, Duration.ofNanos(maxOf(usual, settings.hedgeAfterMin.toNanos())))
    }

    /** The first worker is later than usual: whichever of two answers first, answers. */
    private fun late(id: Long) {
        val request = pending[id] ?: return
        val now = settings.nanoTime()
        attempts.values.filter { it.request === request }.forEach { it.worker.isLate(now - it.sentNanos) }
        val other = workers.best(request.encoder, request.tried, now) ?: return
        if (!budget.take()) return
        request.isHedged = true
        send(request, other, now)
    }

    private fun replied(reply: InferenceReply) {
        val now = settings.nanoTime()
        when (reply) {
            is InferenceReply.Described -> described(reply, now)
            is InferenceReply.Outcome -> attempts.remove(reply.id)?.let { ended(it, reply, now) }
        }
    }

    private fun described(reply: InferenceReply.Described, now: Long) {
        val worker = workers.find(reply.worker) ?: return
        val isNew = worker.offer == null
        worker.describes(reply.encoder)
        worker.reports(reply.load, now)
        if (!isNew) return
        assignWaiting()
        searches.filter { it.encoder == worker.id }.forEach { found(it, reply.encoder) }
        publish(workers.facts(now))
    }

    private fun ended(attempt: Attempt, outcome: InferenceReply.Outcome, now: Long) {
        val (request, worker) = attempt
        attempt.over()
        worker.reports(outcome.load, now)
        when (outcome) {
            is InferenceReply.Encoded -> {
                worker.answered(request.characters, now - attempt.sentNanos, outcome.waitedMicros * NANOS_PER_MICRO)
                worker.circuit.succeeded()
                finish(request) { it.dispatch.promise.complete(outcome.toReply()) }
            }

            is InferenceReply.NotEncoded -> {
                notEncoded(request, worker, outcome, now)
            }
        }
    }

    private fun notEncoded(request: Pending, worker: Worker, outcome: InferenceReply.NotEncoded, now: Long) {
        if (outcome.reason == Reason.UNAVAILABLE) worker.circuit.failed(now) else worker.circuit.succeeded()
        if (request.id !in pending) return
        when (outcome.reason) {
            // Another worker might do better: what the caller got wrong or waited too long for stays so.
            Reason.OVERLOADED, Reason.UNAVAILABLE -> assign(request, outcome.toFailure())

            Reason.TIMED_OUT, Reason.REFUSED -> finish(request) { it.fail(outcome.toFailure()) }
        }
    }

    private fun workersAre(found: Set<ActorRef<InferenceCommand>>) {
        workers.missing(found).forEach {
            context.watch(it)
            workers.add(it)
            it.tell(InferenceCommand.Describe(replies))
        }
        workers.beyond(found).forEach {
            context.unwatch(it.ref)
            lost(it)
        }
        if (!workers.mayStillCome) assignWaiting()
    }

    /** Those that nobody has. */
    private fun assignWaiting() = pending.values.filterNot { it.isUnderway }.forEach { assign(it) }

    /** Its requests run elsewhere. */
    private fun lost(worker: Worker) {
        workers.remove(worker)
        val its = attempts.filterValues { it.worker === worker }
        its.forEach { (id, attempt) ->
            attempts.remove(id)
            attempt.over()
        }
        its.values.map { it.request }.filter { it.id in pending }.forEach {
            assign(it, EncodeFailure.Unavailable("the inference worker stopped and there is no other"))
        }
        publish(workers.facts(settings.nanoTime()))
    }

    private fun expired(id: Long) {
        pending[id]?.let { request -> finish(request) { it.fail(tooLate(it)) } }
    }

    private fun tooLate(request: Pending) =
        EncodeFailure.TimedOut("no answer from an inference worker within ${request.timeout.toMillis()} ms")

    private inline fun finish(request: Pending, answer: (Pending) -> Unit) {
        if (pending.remove(request.id) == null) return
        timers.cancel(request.expiry)
        timers.cancel(request.lateness)
        answer(request)
    }

    private fun search(search: Search) {
        val offer = workers.offerOf(search.encoder)
        if (offer != null) {
            search.promise.complete(offer.toHeads())
        } else {
            searches += search
            timers.startSingleTimer(search, SearchEnded(search), search.timeout)
        }
    }

    private fun found(search: Search, offer: WireEncoder) {
        searches -= search
        timers.cancel(search)
        search.promise.complete(offer.toHeads())
    }

    private fun searchEnded(search: Search) {
        searches -= search
        search.promise.completeExceptionally(workers.lackOf(search.encoder, settings.nanoTime()))
    }

    /** A worker that never answered is given up a while after the deadline, as its own word that it was too late may be on the way. */
    private fun look() {
        val now = settings.nanoTime()
        val silent = attempts.filterValues { now - it.request.deadlineNanos > SILENCE_NANOS }
        silent.forEach { (id, attempt) ->
            attempts.remove(id)
            attempt.over()
            attempt.worker.circuit.failed(now)
        }
        workers.refs.forEach { it.tell(InferenceCommand.Describe(replies)) }
        publish(workers.facts(now))
    }

    private companion object {
        /** Of a request's timeout: where too little is known of a worker to say what is usual. */
        const val FIRST_LATE_PART = 3

        const val SILENCE_NANOS = 1_000_000_000L
    }
}
