package routercluster.policy.signals

import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.VectorShape
import routercluster.policy.request.Facts
import java.time.Duration

/**
 * A signal that encoders must be asked for. Pure like any other: it says what is to be read, others read it, and the same
 * results give the same reading.
 */
interface LearnedSignal : Signal {
    /** How long a request waits for its results; after that the signal counts as failed. */
    val timeout: Duration

    /** Texts that requests are compared with. They are embedded once, before the policy serves; see [prepared]. */
    val exemplars: Exemplars? get() = null

    /** This signal with the vectors of its [exemplars], in their order. One without exemplars is returned as it is. */
    fun prepared(vectors: List<FloatArray>): LearnedSignal = this

    /**
     * This signal once it knows [peers]: the recipe's signals of its family, itself among them, in the order of the file. For
     * families that judge their rules side by side. Called once, before [exemplars] are asked for.
     */
    fun among(peers: List<LearnedSignal>): LearnedSignal = this

    /** What an external model must be told to serve this signal's head; null where a head of the catalog serves it. */
    val question: LabelQuestion? get() = null

    /** What to read in this request. Empty where there is nothing to ask, as for a text that is not there. */
    fun passages(facts: Facts): List<Passage>

    /** @param results one per passage of [passages], in their order; a head may have failed, or be missing where it was not answered */
    fun read(facts: Facts, results: List<PassageResult>): Reading

    /** Without an encoder there is nothing to say. */
    override fun read(facts: Facts): Reading = Reading.Failed("no encoder was asked")
}

/** [texts] to be embedded by the head [by], in the [shape] that requests are embedded in. */
class Exemplars(val by: HeadRef, val texts: List<String>, val shape: VectorShape = VectorShape.WHOLE)
