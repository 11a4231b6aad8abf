package routercluster.inference

import routercluster.inference.batch.Device
import routercluster.inference.folder.HeadSpec
import routercluster.inference.read.Call
import routercluster.inference.read.planOf
import routercluster.inference.text.Tokenizer
import routercluster.inference.text.WindowPlan
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.ScheduledThreadPoolExecutor
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLong

/**
 * An encoder in this process: one network on one device, all its heads from one pass. Made by [openEncoder].
 *
 * Replies complete on a thread of the encoder's own; go on elsewhere with anything that takes longer than some microseconds.
 */
class OnnxEncoder internal constructor(
    private val config: EncoderConfig,
    private val parts: EncoderParts,
) : Encoder, AutoCloseable {
    private val specs: Map<HeadRef, HeadSpec> = parts.heads.associateBy { HeadRef(config.name, it.name) }
    private val timedOut = AtomicLong()
    private val overloaded = AtomicLong()
    private val closed = AtomicBoolean()

    override val heads: Map<HeadRef, Head> = specs.mapValues { it.value.head }

    val status: EncoderStatus
        get() {
            val facts = parts.device.facts
            val state = if (closed.get()) {
                EncoderState.CLOSED
            } else if (facts.reopening) {
                EncoderState.REOPENING
            } else {
                EncoderState.READY
            }
            return EncoderStatus(
                config.name,
                state,
                parts.provider,
                parts.missing,
                facts.queuedTokens,
                facts.tokensPerSecond,
                facts.passes,
                facts.rows,
                facts.failures,
                timedOut.get(),
                overloaded.get(),
            )
        }

    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> =
        try {
            start(request)
        } catch (failure: EncodeFailure) {
            if (failure is EncodeFailure.Overloaded) overloaded.incrementAndGet()
            CompletableFuture.failedFuture(failure)
        }

    /** Callers that wait get [EncodeFailure.Unavailable]. Returns once the network is closed. */
    override fun close() {
        if (!closed.compareAndSet(false, true)) return
        parts.close()
    }

    private fun start(request: EncodeRequest): CompletionStage<EncodeReply> {
        if (closed.get()) throw EncodeFailure.Unavailable("encoder ${config.name} is closed")
        if (request.timeout <= Duration.ZERO) throw EncodeFailure.TimedOut("the request's timeout had passed before it began")
        val characters = request.passages.sumOf { it.text.length.toLong() + (it.pair?.length ?: 0) }
        if (characters > CHARACTERS_MAX) throw EncodeFailure.Refused("a request of $characters characters; accepted: $CHARACTERS_MAX")
        if (request.passages.isEmpty()) return CompletableFuture.completedFuture(EncodeReply(emptyList(), 0, Duration.ZERO, Duration.ZERO))
        val call = Call(request, System::nanoTime, parts.pool)
        startTimer(call, request)
        // Short texts are tokenised faster than they are handed to another thread.
        if (characters <= CALLERS_CHARACTERS) submit(call, request) else handOver(call, request)
        return call.reply
    }

    private fun handOver(call: Call, request: EncodeRequest) {
        try {
            parts.pool.execute { submit(call, request) }
        } catch (_: RejectedExecutionException) {
            if (closed.get()) throw EncodeFailure.Unavailable("encoder ${config.name} is closed")
            throw EncodeFailure.Overloaded("encoder ${config.name}: too many long texts wait to be tokenised")
        }
    }

    private fun submit(call: Call, request: EncodeRequest) {
        try {
            val now = System.nanoTime()
            val plan = planOf(request, specs, config.vector)
            val rows = call.rows(plan, { it.prepare(parts.tokenizer, parts.windows) }) { tokens -> parts.device.rank(now, tokens) }
            if (!call.isOver) parts.device.submit(rows, call.deadline - now)
        } catch (failure: EncodeFailure) {
            if (failure is EncodeFailure.Overloaded) overloaded.incrementAndGet()
            call.reply.completeExceptionally(failure)
        } catch (failure: RuntimeException) {
            call.reply.completeExceptionally(EncodeFailure.Unavailable("encoder ${config.name}: the text could not be tokenised", failure))
        }
    }

    private fun startTimer(call: Call, request: EncodeRequest) {
        val late = EncodeFailure.TimedOut("encoder ${config.name}: no answer within ${request.timeout.toMillis()} ms")
        val timer =
            parts.timer.schedule(
                { if (call.reply.completeExceptionally(late)) timedOut.incrementAndGet() },
                request.timeout.toNanos(),
                TimeUnit.NANOSECONDS,
            )
        call.reply.whenComplete { _, _ -> timer.cancel(false) }
    }

    private companion object {
        const val CHARACTERS_MAX = 16_000_000L
        const val CALLERS_CHARACTERS = 4_096L
    }
}

/** What [openEncoder] puts together. */
internal class EncoderParts(
    val heads: List<HeadSpec>,
    val tokenizer: Tokenizer,
    val windows: WindowPlan,
    val device: Device,
    val provider: Provider,
    val missing: Map<Provider, String>,
    val pool: ThreadPoolExecutor,
    val timer: ScheduledThreadPoolExecutor,
) : AutoCloseable {
    override fun close() {
        device.close()
        pool.shutdown()
        pool.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS)
        timer.shutdownNow()
        tokenizer.close()
    }

    private companion object {
        const val CLOSING_SECONDS = 10L
    }
}
