package routercluster.policy.signals

import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.pieces

/** One way to find a threat in texts. */
internal sealed interface ThreatDetector {
    fun passages(texts: List<String>): List<Passage>

    /** The worst over all [results], one per passage. */
    fun read(results: List<PassageResult>): Reading
}

/**
 * Asks a trained head. The value is the probability of the [positive] labels together in the worst piece of the texts, which is
 * also the confidence; it matches from [threshold] on, even where the head abstains: doubt must not open the door.
 */
internal class ThreatClassifier(val head: LabelHead, private val positive: Set<String>, private val threshold: Double) : ThreatDetector {
    /** Abstention counts for nothing here. Where every label is a threat, all of their probabilities are: 1. */
    val heldAgainst: HeadThreshold
        get() =
            HeadThreshold(
                threshold,
                listOf("threshold", ModuleKeys.GUARD),
                least = if (positive.containsAll(head.labels)) 1.0 else 0.0,
                mostNever = head.staysBelowOne && !positive.containsAll(head.labels),
                below = "is always reached, since every label of the head counts as a threat",
                isSame = false,
            )

    override fun passages(texts: List<String>): List<Passage> =
        texts.flatMap(::guardPieces).map { head.passage(it.text) }

    override fun read(results: List<PassageResult>): Reading =
        head.read(results) { answers ->
            val worst = answers.maxByOrNull { it.of(positive) } ?: return@read nothing
            val value = worst.of(positive)
            val matched = value >= threshold
            val found = if (matched) positive.filter { worst.of(it) > 0.0 }.sortedByDescending(worst::of) else emptyList()
            val abstain = mapOf(ABSTAIN to flag(answers.any { it.abstained }))
            Reading.Seen(matched, if (matched) value else 0.0, value, found, abstain)
        }
}

/**
 * Compares with known attacks. The value is the lead of the most similar of [attacks] over the most similar of [benign], in
 * the worst piece of the texts; pieces are about a sentence or two long, so that one line of attack in a long text shows. It
 * matches from [threshold] on; confidence: how far beyond, by [edgeConfidence].
 *
 * @property known the vectors of [texts], once embedded
 */
internal class ThreatComparison(
    val head: VectorHead,
    private val attacks: List<String>,
    private val benign: List<String>,
    private val threshold: Double,
    private val known: List<FloatArray>? = null,
) : ThreatDetector {
    val texts: List<String> get() = attacks + benign

    fun prepared(vectors: List<FloatArray>) = ThreatComparison(head, attacks, benign, threshold, vectors)

    /** Texts of any length make a bounded number of pieces: they are longer where there would be too many. */
    override fun passages(texts: List<String>): List<Passage> {
        val length = maxOf(PIECE_CHARS, texts.sumOf { it.length } / PIECES)
        return texts.flatMap { pieces(it, length, OVERLAP_CHARS) }.map { head.passage(it.text) }
    }

    override fun read(results: List<PassageResult>): Reading =
        head.read(results) { vectors ->
            if (known == null) return@read NOT_PREPARED
            val value = vectors.maxOfOrNull { lead(it, known) } ?: return@read nothing
            val matched = value >= threshold
            Reading.Seen(matched, if (matched) edgeConfidence(value - threshold) else 0.0, value)
        }

    private fun lead(piece: FloatArray, known: List<FloatArray>): Double {
        val similarities = known.map { cosine(piece, it) }
        return similarities.take(attacks.size).max() - similarities.drop(attacks.size).max()
    }

    private companion object {
        const val PIECE_CHARS = 400
        const val OVERLAP_CHARS = 64
        const val PIECES = 1_024
    }
}
