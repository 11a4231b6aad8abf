package routercluster.grains.inference

import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Span
import routercluster.policy.encode.Task
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

internal val VECTOR = HeadRef("default", "embedding")
internal val heads = mapOf(VECTOR to Head(Task.EMBED, dimensions = 3))

internal fun request(timeout: Duration = Duration.ofSeconds(20), text: String = "some text") =
    EncodeRequest(listOf(Passage(text, setOf(VECTOR))), timeout)

/** A reply with one result of every kind, [mark] telling who made it. */
internal fun reply(mark: Float): EncodeReply {
    fun head(name: String) = HeadRef("default", name)
    val results =
        mapOf(
            VECTOR to HeadResult.Vector(floatArrayOf(mark, -0.25f, 1e-7f)),
            head("domain") to HeadResult.Labels(floatArrayOf(0.75f, 0.25f), abstained = true),
            head("pii") to HeadResult.Spans(listOf(Span("PERSON", 3, 8, 0.5f))),
            head("rerank") to HeadResult.Score(0.125f),
            head("broken") to HeadResult.Failed("not there"),
        )
    return EncodeReply(listOf(PassageResult(results, Coverage(2, 40, 90, 100))), 7, Duration.ofMillis(2), Duration.ofMillis(5))
}

internal fun markOf(reply: EncodeReply): Float =
    (reply.results.single().heads[VECTOR] as HeadResult.Vector).values.first()

/** Answers what it is asked only when the test says so. */
internal class ScriptedWorker : Encoder {
    override val heads = routercluster.grains.inference.heads
    private val asked = LinkedBlockingQueue<CompletableFuture<EncodeReply>>()

    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> = CompletableFuture<EncodeReply>().also(asked::add)

    /** The next request that came here, to be answered; waits for it. */
    fun next(): CompletableFuture<EncodeReply> =
        checkNotNull(asked.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "no request came to this worker within $WAIT_SECONDS s" }

    val idle: Boolean get() = asked.isEmpty()
}

internal const val WAIT_SECONDS = 20L
