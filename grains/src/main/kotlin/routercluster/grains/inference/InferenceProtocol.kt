package routercluster.grains.inference

import com.fasterxml.jackson.annotation.JsonSubTypes
import com.fasterxml.jackson.annotation.JsonTypeInfo
import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.policy.encode.Task

/** What an inference grain is told. */
sealed interface InferenceCommand {
    /**
     * Read [passages] within [timeoutMillis] of this message's arrival; the grain drops what it cannot read by then.
     *
     * @property id chosen by the caller, and told again in the reply
     */
    data class Encode(
        val id: Long,
        val passages: List<WirePassage>,
        val timeoutMillis: Long,
        val replyTo: ActorRef<InferenceReply>,
    ) : InferenceCommand,
        WireMessage

    /** Say what you offer and how busy you are. */
    data class Describe(val replyTo: ActorRef<InferenceReply>) :
        InferenceCommand,
        WireMessage
}

/** What an inference grain says. Every reply tells how busy its device is now. */
sealed interface InferenceReply {
    val load: WireLoad

    /** The answer to an [InferenceCommand.Describe]. */
    data class Described(
        val worker: ActorRef<InferenceCommand>,
        val encoder: WireEncoder,
        override val load: WireLoad,
    ) : InferenceReply,
        WireMessage

    /** What came of an [InferenceCommand.Encode]. */
    sealed interface Outcome : InferenceReply {
        val id: Long
    }

    /** @property results one per passage, in their order */
    data class Encoded(
        override val id: Long,
        val results: List<WireResult>,
        val batch: Int,
        val waitedMicros: Long,
        val computedMicros: Long,
        override val load: WireLoad,
    ) : Outcome,
        WireMessage

    data class NotEncoded(
        override val id: Long,
        val reason: Reason,
        val message: String,
        override val load: WireLoad,
    ) : Outcome,
        WireMessage
}

/**
 * @property isReady whether the device takes work now
 * @property predictedWaitMicros until work that came now would begin
 */
data class WireLoad(val isReady: Boolean, val queuedTokens: Long, val predictedWaitMicros: Long)

/** @property version hash of the encoder's files */
data class WireEncoder(
    val name: String,
    val version: String,
    val device: String,
    val fellBack: Boolean,
    val heads: List<WireHeadFacts>,
)

data class WireHeadFacts(
    val name: String,
    val task: Task,
    val labels: List<String>,
    val positive: Set<String>,
    val dimensions: Int,
    val calibrated: Boolean,
)

/** The cases of an encode failure, as they are written on the wire. */
enum class Reason { OVERLOADED, TIMED_OUT, UNAVAILABLE, REFUSED }

data class WireHead(val encoder: String, val head: String)

data class WirePassage(val text: String, val pair: String?, val heads: List<WireHead>, val layer: Int?, val dimensions: Int?)

data class WireResult(
    val heads: List<WireAnswer>,
    val windows: Int,
    val tokens: Int,
    val charactersRead: Int,
    val characters: Int,
)

data class WireAnswer(val head: WireHead, val result: WireHeadResult)

/** Numbers are packed as little-endian 32-bit floats: a vector of 384 takes 1.5 KB rather than 4 KB of text. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes(
    JsonSubTypes.Type(value = WireHeadResult.Vector::class, name = "vector"),
    JsonSubTypes.Type(value = WireHeadResult.Labels::class, name = "labels"),
    JsonSubTypes.Type(value = WireHeadResult.Spans::class, name = "spans"),
    JsonSubTypes.Type(value = WireHeadResult.Score::class, name = "score"),
    JsonSubTypes.Type(value = WireHeadResult.Failed::class, name = "failed"),
)
sealed interface WireHeadResult {
    class Vector(val packed: ByteArray) : WireHeadResult

    class Labels(val packed: ByteArray, val abstained: Boolean) : WireHeadResult

    class Spans(val spans: List<WireSpan>) : WireHeadResult

    class Score(val value: Float) : WireHeadResult

    class Failed(val reason: String) : WireHeadResult
}

data class WireSpan(val label: String, val start: Int, val end: Int, val confidence: Float)
