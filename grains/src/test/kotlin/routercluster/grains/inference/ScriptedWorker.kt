package routercluster.grains.inference

import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Span
import routercluster.policy.encode.Task
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

internal val ENCODER = EncoderId("default", "v1")
internal val VECTOR = HeadRef("default", "embedding")
internal val DOMAIN = HeadRef("default", "domain")
internal val scriptedHeads =
    mapOf(
        VECTOR to Head(Task.EMBED, dimensions = 3),
        DOMAIN to Head(Task.SEQ_CLS, listOf("law", "other"), setOf("law"), calibrated = true),
    )

internal fun request(timeout: Duration = Duration.ofSeconds(20), text: String = "some text") =
    EncodeRequest(listOf(Passage(text, setOf(VECTOR))), timeout)

/** A reply with one result of every kind, [mark] telling who made it. */
internal fun reply(mark: Float, waited: Duration = Duration.ofMillis(2)): EncodeReply {
    fun head(name: String) = HeadRef("default", name)
    val results =
        mapOf(
            VECTOR to HeadResult.Vector(floatArrayOf(mark, -0.25f, 1e-7f)),
            DOMAIN to HeadResult.Labels(floatArrayOf(0.75f, 0.25f), abstained = true),
            head("pii") to HeadResult.Spans(listOf(Span("PERSON", 3, 8, 0.5f))),
            head("rerank") to HeadResult.Score(0.125f),
            head("broken") to HeadResult.Failed("not there"),
        )
    return EncodeReply(listOf(PassageResult(results, Coverage(2, 40, 90, 100))), 7, waited, Duration.ofMillis(5))
}

internal fun markOf(reply: EncodeReply): Float =
    (reply.results.single().heads[VECTOR] as HeadResult.Vector).values.first()

/** Answers what it is asked only when the test says so. */
internal class ScriptedWorker(version: String = ENCODER.version, device: String = "cpu") : OpenEncoder {
    override val heads = scriptedHeads
    private val asked = LinkedBlockingQueue<CompletableFuture<EncodeReply>>()

    @Volatile
    override var status = EncoderStatus(version, device, fellBack = false, isReady = true, queuedTokens = 0)

    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> = CompletableFuture<EncodeReply>().also(asked::add)

    override fun close() = Unit

    /** The next request that came here, to be answered; waits for it. */
    fun next(): CompletableFuture<EncodeReply> =
        checkNotNull(asked.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "no request came to this worker within $WAIT_SECONDS s" }

    /** Requests that came here and were not taken with [next]. */
    val waiting: Int get() = asked.size
}

internal const val WAIT_SECONDS = 20L
internal val WAIT: Duration = Duration.ofSeconds(WAIT_SECONDS)
