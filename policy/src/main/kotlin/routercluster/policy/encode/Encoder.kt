package routercluster.policy.encode

import java.time.Duration
import java.util.concurrent.CompletionStage

/**
 * Reads texts: the port that every source of learned signals stands behind, be it a network in this process, a worker elsewhere
 * in the cluster, or a service over HTTP. Thread-safe; calls return at once.
 */
interface Encoder {
    /** What can be asked of it, by reference. Does not change while it lives. */
    val heads: Map<HeadRef, Head>

    /**
     * Reads every passage once and answers every head that was asked of it.
     *
     * @return one result per passage, in their order. Fails with an [EncodeFailure] where the request as a whole could not be
     *   read; a head that failed by itself is a [HeadResult.Failed] among the others
     */
    fun encode(request: EncodeRequest): CompletionStage<EncodeReply>
}

/** Names one head: which [encoder] of the policy's catalog, and which of its heads. */
data class HeadRef(val encoder: String, val head: String) {
    override fun toString(): String = "$encoder/$head"
}

/** What a head makes of its input: labels for a text, labels for spans of it, a vector, or a judgement on a pair of texts. */
enum class Task(val takesPair: Boolean) { SEQ_CLS(false), TOKEN(false), EMBED(false), RERANK(true), NLI(true) }

/**
 * @property labels what it tells apart, in the order of [HeadResult.Labels.probabilities]; empty for [Task.EMBED] and [Task.RERANK]
 * @property positive the labels that mean a threat; a long text's windows are then pooled by their worst
 * @property dimensions length of the vectors of an [Task.EMBED] head, 0 for others
 * @property calibrated whether probabilities were fitted on held-out data, so that a threshold means the same as elsewhere
 * @property remote whether asking it leaves this cluster, which lazy evaluation puts off to the last
 * @property answersFrom 0..1: where its best label is less probable than this it abstains, and spans that are less certain it leaves out;
 *   0 is never, and also what is said of an encoder whose files are elsewhere
 */
data class Head(
    val task: Task,
    val labels: List<String> = emptyList(),
    val positive: Set<String> = emptySet(),
    val dimensions: Int = 0,
    val calibrated: Boolean = false,
    val remote: Boolean = false,
    val answersFrom: Double = 0.0,
)

/**
 * @property passages texts to read; equal ones are read once
 * @property timeout how long the caller waits: what cannot be answered by then is dropped rather than computed for nobody
 */
class EncodeRequest(val passages: List<Passage>, val timeout: Duration)

/**
 * A text and what is to be told of it.
 *
 * @property pair the second text for heads whose [Task.takesPair]: a premise is [text] and its hypothesis [pair]; a query is [text]
 *   and a document [pair]; a context is [text] and the answer to check against it [pair]. Spans are then offsets into [pair]
 * @property heads never empty
 * @property vector shape of the embedding where one is asked for
 */
data class Passage(
    val text: String,
    val heads: Set<HeadRef>,
    val pair: String? = null,
    val vector: VectorShape = VectorShape.WHOLE,
)

/**
 * 2D Matryoshka: an early exit and a shorter vector, where the encoder has them.
 *
 * @property layer exit after this many layers; null is the last
 * @property dimensions leading dimensions that are kept, normalised again; null is all
 */
data class VectorShape(val layer: Int? = null, val dimensions: Int? = null) {
    companion object {
        val WHOLE = VectorShape()
    }
}

/**
 * @property results one per passage
 * @property batch the most passages that shared a pass of the network with one of these
 * @property waited time in queues
 * @property computed time in tokenizer and network
 */
class EncodeReply(val results: List<PassageResult>, val batch: Int, val waited: Duration, val computed: Duration)

/** What was found in one passage: an answer for every head that was asked. */
class PassageResult(val heads: Map<HeadRef, HeadResult>, val coverage: Coverage)

/**
 * How much of a passage was read. Nothing is cut without being told here.
 *
 * @property windows passes of the network that its length took
 * @property tokens read over all windows, overlaps counted once
 * @property charactersRead of [characters]; less only where the encoder's bound on windows was met
 */
data class Coverage(val windows: Int, val tokens: Int, val charactersRead: Int, val characters: Int) {
    val isWhole: Boolean get() = charactersRead == characters
}

sealed interface HeadResult {
    /** A vector of unit length. */
    class Vector(val values: FloatArray) : HeadResult

    /**
     * @property probabilities one per label of the head, summing to 1 for exclusive labels
     * @property abstained whether the head would rather not say; the probabilities are those it has
     * @property spent what the answer took of a language model; null for other heads, and where the model does not say
     */
    class Labels(val probabilities: FloatArray, val abstained: Boolean = false, val spent: Spent? = null) : HeadResult

    /** [spans] in the order of the text, not overlapping. */
    class Spans(val spans: List<Span>) : HeadResult

    /** How well a document answers a query, 0..1. */
    class Score(val value: Float) : HeadResult

    /** [reason] is safe to show to an operator: no text of the passage is in it. */
    class Failed(val reason: String) : HeadResult
}

/** Tokens that a language model counted. */
data class Spent(val promptTokens: Long, val completionTokens: Long)

/** Characters [start] (inclusive) to [end] (exclusive) of a passage, in UTF-16 units. [confidence] is 0..1. */
data class Span(val label: String, val start: Int, val end: Int, val confidence: Float)

/** Why a request could not be read. Texts are safe to show to an operator. */
sealed class EncodeFailure(message: String, cause: Throwable? = null) : Exception(message, cause) {
    /** The queue is at its bound; more work would only be late. */
    class Overloaded(message: String) : EncodeFailure(message)

    /** The request's timeout passed. */
    class TimedOut(message: String) : EncodeFailure(message)

    /** The encoder is not there, closed or broken. */
    class Unavailable(message: String, cause: Throwable? = null) : EncodeFailure(message, cause)

    /** The caller asked for what it cannot have: an unknown head, a missing pair, a bound exceeded. */
    class Refused(message: String) : EncodeFailure(message)
}
