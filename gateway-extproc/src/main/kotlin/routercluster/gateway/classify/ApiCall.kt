package routercluster.gateway.classify

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import kotlinx.coroutines.future.await
import routercluster.gateway.encode.EncoderLease
import routercluster.gateway.encode.Inquiry
import routercluster.gateway.pipeline.Snapshot
import routercluster.policy.Policy
import routercluster.policy.classify.Judges
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Planning
import routercluster.telemetry.TraceHeaders
import routercluster.telemetry.Tracing
import java.time.Duration
import java.util.concurrent.ScheduledExecutorService

/** What an endpoint makes of a call. */
internal typealias Endpoint = suspend (ApiCall) -> ObjectNode

/**
 * A call of the API with the policy that it began with. Encoders are taken when they are first asked.
 *
 * @param lease takes its time
 * @param timeout of the whole call
 */
internal class ApiCall(
    val body: ApiBody,
    val snapshot: Snapshot,
    private val lease: (Policy) -> EncoderLease,
    private val loop: ScheduledExecutorService,
    timeout: Duration,
) : AutoCloseable {
    private val startNanos = System.nanoTime()
    private val deadlineNanos = startNanos + timeout.toNanos()
    private var leased: EncoderLease? = null

    val policy: Policy get() = snapshot.policy
    val judges = Judges(policy.catalog)
    val encoder: Encoder get() = (leased ?: lease(policy).also { leased = it }).encoder

    /** The results of [passages], in their order, from one request. */
    suspend fun read(passages: List<Passage>): List<PassageResult> {
        val left = Duration.ofNanos(deadlineNanos - System.nanoTime())
        val results = encoder.encode(EncodeRequest(passages, left)).await().results
        if (results.size != passages.size) {
            throw EncodeFailure.Unavailable("the encoder answered ${results.size} of ${passages.size} texts")
        }
        return results
    }

    /** Asks encoders for what [planning] needs until it is a plan. */
    suspend fun settle(planning: Planning): Plan =
        planning as? Plan
            ?: Inquiry(encoder, loop, Tracing.OFF.start("classify", null, TraceHeaders.NONE), deadlineNanos).plan(planning).await()

    /** [answer] with the time that the call has taken so far. */
    fun timed(answer: ObjectNode): ObjectNode = answer.put("processing_time_ms", millis())

    fun millis(): Double = (System.nanoTime() - startNanos) / NANOS_PER_MILLI

    override fun close() {
        leased?.close()
    }

    private companion object {
        const val NANOS_PER_MILLI = 1e6
    }
}

internal fun obj(): ObjectNode = JsonNodeFactory.instance.objectNode()
