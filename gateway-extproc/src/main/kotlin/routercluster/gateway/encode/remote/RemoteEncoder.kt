package routercluster.gateway.encode.remote

import routercluster.policy.catalog.RemoteBounds
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Task
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong

/**
 * What a remote encoder is, whatever it speaks.
 *
 * @property address and [version] are shown to operators
 * @property timeout of one call
 */
internal class RemoteFacts(
    val name: String,
    val address: String,
    val version: String,
    val heads: Map<HeadRef, Head>,
    val timeout: Duration,
    val bounds: RemoteBounds,
)

/**
 * An encoder that is a [service]: texts in windows, equal ones once, in batches, a bounded number of calls at once. A head that
 * failed has failed alone; where all have, the request has.
 *
 * @param timer for deadlines
 */
internal class RemoteEncoder(
    private val facts: RemoteFacts,
    private val service: Service,
    private val timer: ScheduledExecutorService,
    private val nanos: () -> Long = System::nanoTime,
) : OpenEncoder {
    private val limit = CallLimit(facts.bounds.concurrentMax)
    private val underWay = ConcurrentHashMap.newKeySet<CompletableFuture<EncodeReply>>()
    private val characters = AtomicLong()

    @Volatile
    private var closed = false

    override val heads: Map<HeadRef, Head> get() = facts.heads

    override val status: EncoderStatus
        get() {
            val isReady = !closed && service.isReady
            return EncoderStatus(facts.version, facts.address, fellBack = false, isReady, characters.get() / CHARACTERS_PER_TOKEN)
        }

    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> =
        try {
            start(request)
        } catch (failure: EncodeFailure) {
            CompletableFuture.failedFuture(failure)
        }

    /** Callers that wait get [EncodeFailure.Unavailable]. */
    override fun close() {
        closed = true
        underWay.forEach { it.completeExceptionally(isClosed()) }
        service.close()
    }

    private fun start(request: EncodeRequest): CompletionStage<EncodeReply> {
        if (closed) throw isClosed()
        if (request.timeout <= Duration.ZERO) throw EncodeFailure.TimedOut("the request's timeout had passed before it began")
        val length = request.passages.sumOf { it.text.length.toLong() + (it.pair?.length ?: 0) }
        if (length > CHARACTERS_MAX) throw EncodeFailure.Refused("a request of $length characters; accepted: $CHARACTERS_MAX")
        request.passages.forEach(::check)
        val begun = nanos()
        if (request.passages.isEmpty()) return CompletableFuture.completedFuture(EncodeReply(emptyList(), 0, Duration.ZERO, Duration.ZERO))
        val plan = RemotePlan(request.passages, facts)
        val reply = CompletableFuture<EncodeReply>()
        val calls = ask(plan.batches(service::batchKey), begun + request.timeout.toNanos())
        characters.addAndGet(length)
        underWay += reply
        val late = EncodeFailure.TimedOut("encoder ${facts.name}: no answer within ${request.timeout.toMillis()} ms")
        val alarm = timer.schedule({ reply.completeExceptionally(late) }, request.timeout.toNanos(), TimeUnit.NANOSECONDS)
        reply.whenComplete { _, failure ->
            alarm.cancel(false)
            characters.addAndGet(-length)
            underWay -= reply
            if (failure != null) calls.forEach { it.answer.cancel(true) }
        }
        CompletableFuture.allOf(*calls.map { it.answer.handle { _, _ -> } }.toTypedArray()).thenRun {
            answer(reply, plan, calls, Duration.ofNanos(nanos() - begun))
        }
        // It may have been closed meanwhile.
        if (closed) reply.completeExceptionally(isClosed())
        return reply
    }

    private fun check(passage: Passage) {
        if (passage.heads.isEmpty()) throw EncodeFailure.Refused("a passage asks for no head")
        for (ref in passage.heads) {
            val head = heads[ref] ?: throw EncodeFailure.Refused("unknown head $ref; accepted: ${heads.keys.joinToString()}")
            if (head.task.takesPair && passage.pair == null) throw EncodeFailure.Refused("head $ref reads two texts, the passage has one")
            if (head.task != Task.EMBED) continue
            val kept = passage.vector.dimensions
            if (kept != null && kept !in 1..head.dimensions) {
                throw EncodeFailure.Refused("head $ref: $kept dimensions were asked for; accepted: 1..${head.dimensions}")
            }
            passage.vector.layer?.let { throw EncodeFailure.Refused("head $ref: layer $it was asked for; a service has none to choose") }
        }
    }

    private fun ask(batches: List<Batch>, deadline: Long): List<Call> =
        batches.map { batch ->
            val answer =
                try {
                    limit.run { service.ask(batch.head.head, batch.inputs, timeLeft(deadline)) }
                } catch (failure: EncodeFailure) {
                    CompletableFuture.failedFuture(failure)
                }
            Call(batch, answer)
        }

    /** A call begun too late fails by its own means, since none of it is awaited any more. */
    private fun timeLeft(deadline: Long): Duration =
        minOf(facts.timeout, Duration.ofNanos(maxOf(MIN_NANOS, deadline - nanos())))

    private fun answer(reply: CompletableFuture<EncodeReply>, plan: RemotePlan, calls: List<Call>, took: Duration) {
        val outcomes = calls.map { it to outcome(it) }
        val failures = outcomes.mapNotNull { it.second.failure }
        if (failures.size == calls.size) {
            reply.completeExceptionally(failures.first())
            return
        }
        val found = HashMap<Pair<HeadRef, Input>, HeadResult>()
        for ((call, outcome) in outcomes) {
            call.batch.inputs.forEachIndexed { i, input ->
                found[call.batch.head to input] =
                    outcome.results?.getOrNull(i) ?: HeadResult.Failed(outcome.failure?.message ?: "the service gave no answer")
            }
        }
        reply.complete(EncodeReply(plan.results(found), calls.maxOf { it.batch.inputs.size }, Duration.ZERO, took))
    }

    private fun outcome(call: Call): Outcome =
        try {
            val results = call.answer.join()
            val asked = call.batch.inputs.size
            if (results.size == asked) {
                Outcome(results, null)
            } else {
                Outcome(null, unavailable("${results.size} answers to $asked texts", null))
            }
        } catch (failed: CompletionException) {
            val cause = generateSequence<Throwable>(failed) { it.cause }.firstNotNullOfOrNull { it as? EncodeFailure }
            Outcome(null, cause?.let(::named) ?: unavailable("failed with ${(failed.cause ?: failed).javaClass.simpleName}", failed.cause))
        } catch (_: CancellationException) {
            Outcome(null, unavailable("the call was given up", null))
        }

    private fun named(failure: EncodeFailure): EncodeFailure {
        val told = "encoder ${facts.name}: ${failure.message}"
        return when (failure) {
            is EncodeFailure.Overloaded -> EncodeFailure.Overloaded(told)
            is EncodeFailure.TimedOut -> EncodeFailure.TimedOut(told)
            is EncodeFailure.Refused -> EncodeFailure.Refused(told)
            is EncodeFailure.Unavailable -> EncodeFailure.Unavailable(told, failure.cause)
        }
    }

    private fun unavailable(what: String, cause: Throwable?) = EncodeFailure.Unavailable("encoder ${facts.name}: $what", cause)

    private fun isClosed() = EncodeFailure.Unavailable("encoder ${facts.name} is closed")

    private class Call(val batch: Batch, val answer: CompletableFuture<List<HeadResult>>)

    private class Outcome(val results: List<HeadResult>?, val failure: EncodeFailure?)

    private companion object {
        const val CHARACTERS_MAX = 16_000_000L
        const val MIN_NANOS = 1_000_000L
    }
}

/** Texts of one call. */
internal class Batch(val head: HeadRef, val inputs: List<Input>)

/** What a request comes down to: for each passage and head the windows to ask about. */
internal class RemotePlan(private val passages: List<Passage>, private val facts: RemoteFacts) {
    private val windows: List<Map<HeadRef, Windows>> =
        passages.map { passage ->
            val takesPair = passage.heads.groupBy {
                facts.heads
                    .getValue(it)
                    .task.takesPair
            }
            takesPair
                .flatMap { (pair, heads) -> windowsOf(passage, pair, facts.bounds).let { windows -> heads.map { it to windows } } }
                .toMap()
        }

    fun batches(key: (Input) -> Any): List<Batch> {
        val inputs = LinkedHashMap<Pair<HeadRef, Any>, LinkedHashSet<Input>>()
        for (heads in windows) {
            for ((ref, cut) in heads) cut.inputs.forEach { inputs.getOrPut(ref to key(it), ::LinkedHashSet) += it }
        }
        return inputs.flatMap { (group, texts) -> texts.chunked(facts.bounds.batchMax).map { Batch(group.first, it) } }
    }

    fun results(found: Map<Pair<HeadRef, Input>, HeadResult>): List<PassageResult> =
        passages.mapIndexed { i, passage ->
            val answers =
                windows[i].mapValues { (ref, cut) ->
                    pooled(facts.heads.getValue(ref), passage.vector, cut, cut.inputs.map { found.getValue(ref to it) })
                }
            PassageResult(answers, windows[i].values.map { it.coverage }.minBy { it.charactersRead })
        }
}
