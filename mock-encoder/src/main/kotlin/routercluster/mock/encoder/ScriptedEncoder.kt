package routercluster.mock.encoder

import routercluster.policy.encode.Coverage
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
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Executors
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/**
 * An encoder without a network, for tests. What it finds in a text is a function; it can be made to fail, and to hold its answers
 * back until it is told. Answers come from a thread of its own, as a real one's do.
 *
 * @param find what a head makes of a passage; [byWords] is one that needs no script
 */
class ScriptedEncoder(override val heads: Map<HeadRef, Head>, private val find: (Passage, HeadRef) -> HeadResult) : OpenEncoder {
    constructor(name: String, heads: Map<String, Head>) : this(heads.mapKeys { HeadRef(name, it.key) })

    constructor(heads: Map<HeadRef, Head>) : this(heads, { passage, ref -> byWords(passage, heads.getValue(ref)) })

    private val thread = Executors.newSingleThreadExecutor { Thread(it, "scripted-encoder").apply { isDaemon = true } }
    private val arrived = LinkedBlockingQueue<EncodeRequest>()
    private val held = CopyOnWriteArrayList<() -> Unit>()
    private val cancellations = AtomicInteger()

    /** All that came, in order. */
    val requests: List<EncodeRequest> = CopyOnWriteArrayList()

    /** Answers that were cancelled before they came. */
    val cancelled: Int get() = cancellations.get()

    /** Every request fails with this while it is set. */
    @Volatile
    var failure: EncodeFailure? = null

    @Volatile
    private var holds = false

    @Volatile
    var isClosed = false
        private set

    override val status: EncoderStatus
        get() {
            val isReady = failure == null && !isClosed
            return EncoderStatus("scripted", "cpu", fellBack = false, isReady, queuedTokens = held.size.toLong())
        }

    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> {
        val answer = CompletableFuture<EncodeReply>()
        answer.whenComplete { _, _ -> if (answer.isCancelled) cancellations.incrementAndGet() }
        val finish = {
            val fault = if (isClosed) EncodeFailure.Unavailable("the encoder is closed") else failure
            if (fault != null) answer.completeExceptionally(fault) else answer.complete(reply(request))
            Unit
        }
        (requests as CopyOnWriteArrayList).add(request)
        when {
            isClosed -> finish()
            holds -> held.add(finish)
            else -> thread.execute(finish)
        }
        arrived.add(request)
        return answer
    }

    /** What it would answer. */
    fun reply(request: EncodeRequest): EncodeReply =
        EncodeReply(
            request.passages.map { passage ->
                val length = passage.text.length
                PassageResult(passage.heads.associateWith { find(passage, it) }, Coverage(1, length / CHARS_PER_TOKEN + 1, length, length))
            },
            request.passages.size,
            Duration.ofMillis(1),
            Duration.ofMillis(2),
        )

    /** From now on no answer is given until [release]. */
    fun hold() {
        holds = true
    }

    /** Gives the answers that were held back, and holds none any more. */
    fun release() {
        holds = false
        held.forEach { thread.execute(it) }
        held.clear()
    }

    /** Waits for the next request that was not taken yet. */
    fun next(): EncodeRequest = checkNotNull(arrived.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "no request came within $WAIT_SECONDS s" }

    override fun close() {
        isClosed = true
        release()
        thread.shutdown()
    }

    private companion object {
        const val CHARS_PER_TOKEN = 4
        const val WAIT_SECONDS = 30L
    }
}
