package routercluster.grains.inference

import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Span
import routercluster.policy.encode.VectorShape
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.time.Duration

/*
 * The port's values and their wire forms. They are apart so that the port can change without old and new nodes losing each other.
 */

internal fun Passage.toWire() = WirePassage(text, pair, heads.map { it.toWire() }, vector.layer, vector.dimensions)

internal fun WirePassage.toPassage() =
    Passage(text, heads.mapTo(LinkedHashSet()) { it.toRef() }, pair, VectorShape(layer, dimensions))

internal fun EncodeReply.toWire(id: Long, load: WireLoad) =
    InferenceReply.Encoded(
        id,
        results.map { it.toWire() },
        batch,
        waited.toNanos() / NANOS_PER_MICRO,
        computed.toNanos() / NANOS_PER_MICRO,
        load,
    )

internal fun InferenceReply.Encoded.toReply() =
    EncodeReply(
        results.map { it.toResult() },
        batch,
        Duration.ofNanos(waitedMicros * NANOS_PER_MICRO),
        Duration.ofNanos(computedMicros * NANOS_PER_MICRO),
    )

/** Only the port's own failures have texts that are meant to be read elsewhere. */
internal fun notEncoded(id: Long, failure: Throwable, load: WireLoad): InferenceReply.NotEncoded =
    when (failure) {
        is EncodeFailure.Overloaded -> InferenceReply.NotEncoded(id, Reason.OVERLOADED, failure.message.orEmpty(), load)
        is EncodeFailure.TimedOut -> InferenceReply.NotEncoded(id, Reason.TIMED_OUT, failure.message.orEmpty(), load)
        is EncodeFailure.Refused -> InferenceReply.NotEncoded(id, Reason.REFUSED, failure.message.orEmpty(), load)
        is EncodeFailure.Unavailable -> InferenceReply.NotEncoded(id, Reason.UNAVAILABLE, failure.message.orEmpty(), load)
        else -> InferenceReply.NotEncoded(id, Reason.UNAVAILABLE, "the encoder failed: ${failure.javaClass.simpleName}", load)
    }

internal fun InferenceReply.NotEncoded.toFailure(): EncodeFailure =
    when (reason) {
        Reason.OVERLOADED -> EncodeFailure.Overloaded(message)
        Reason.TIMED_OUT -> EncodeFailure.TimedOut(message)
        Reason.UNAVAILABLE -> EncodeFailure.Unavailable(message)
        Reason.REFUSED -> EncodeFailure.Refused(message)
    }

internal fun EncoderStatus.toLoad() = WireLoad(isReady, queuedTokens, predictedWait.toNanos() / NANOS_PER_MICRO)

internal fun OpenEncoder.toWire(name: String): WireEncoder {
    val now = status
    val own = heads.filterKeys { it.encoder == name }
    val facts = own.map { (ref, head) ->
        WireHeadFacts(ref.head, head.task, head.labels, head.positive, head.dimensions, head.calibrated)
    }
    return WireEncoder(name, now.version, now.device, now.fellBack, facts)
}

internal fun WireEncoder.toHeads(): Map<HeadRef, Head> =
    heads.associate { HeadRef(name, it.name) to Head(it.task, it.labels, it.positive, it.dimensions, it.calibrated) }

private fun HeadRef.toWire() = WireHead(encoder, head)

private fun WireHead.toRef() = HeadRef(encoder, head)

private fun PassageResult.toWire() =
    WireResult(
        heads.map { (head, result) -> WireAnswer(head.toWire(), result.toWire()) },
        coverage.windows,
        coverage.tokens,
        coverage.charactersRead,
        coverage.characters,
    )

private fun WireResult.toResult() =
    PassageResult(heads.associate { it.head.toRef() to it.result.toResult() }, Coverage(windows, tokens, charactersRead, characters))

private fun HeadResult.toWire(): WireHeadResult =
    when (this) {
        is HeadResult.Vector -> WireHeadResult.Vector(packed(values))
        is HeadResult.Labels -> WireHeadResult.Labels(packed(probabilities), abstained)
        is HeadResult.Spans -> WireHeadResult.Spans(spans.map { WireSpan(it.label, it.start, it.end, it.confidence) })
        is HeadResult.Score -> WireHeadResult.Score(value)
        is HeadResult.Failed -> WireHeadResult.Failed(reason)
    }

private fun WireHeadResult.toResult(): HeadResult =
    when (this) {
        is WireHeadResult.Vector -> HeadResult.Vector(unpacked(packed))
        is WireHeadResult.Labels -> HeadResult.Labels(unpacked(packed), abstained)
        is WireHeadResult.Spans -> HeadResult.Spans(spans.map { Span(it.label, it.start, it.end, it.confidence) })
        is WireHeadResult.Score -> HeadResult.Score(value)
        is WireHeadResult.Failed -> HeadResult.Failed(reason)
    }

private fun packed(values: FloatArray): ByteArray {
    val bytes = ByteBuffer.allocate(values.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
    bytes.asFloatBuffer().put(values)
    return bytes.array()
}

private fun unpacked(bytes: ByteArray): FloatArray {
    val values = FloatArray(bytes.size / Float.SIZE_BYTES)
    ByteBuffer
        .wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values)
    return values
}

internal const val NANOS_PER_MICRO = 1_000L
