package routercluster.policy.cache

import kotlin.math.abs
import kotlin.math.ln
import kotlin.math.min

/**
 * How a request is like one that was answered before, in numbers that a [RiskModel] weighs.
 *
 * @property values one per [Trait], in its order; none is NaN
 */
class Likeness(val values: DoubleArray) {
    init {
        require(values.size == Trait.entries.size) { "a likeness has ${Trait.entries.size} numbers, not ${values.size}" }
    }

    operator fun get(trait: Trait): Double = values[trait.ordinal]

    /**
     * What is compared.
     *
     * @property rising whether more of it speaks for the same meaning; null where that has to be learnt
     */
    enum class Trait(val rising: Boolean?) {
        /** Cosine of the two vectors, -1 to 1. */
        SIMILARITY(true),

        /** By how much the second nearest entry is less similar; 0 to 2. */
        LEAD(true),

        /** Shared part of the content words of both, 0 to 1. */
        CONTENT(true),

        /** Shared part of all runs of three characters, 0 to 1. */
        SPELLING(true),

        /** Shared part of all pairs of neighbouring words, 0 to 1. */
        ORDER(true),

        /** Part of the shorter one's content words that the longer one has, 0 to 1. */
        CONTAINED(true),

        /** Content words that only the request has, at most [WORDS_MAX]. */
        ADDED(null),

        /** Content words that only the entry has, at most [WORDS_MAX]. */
        MISSING(null),

        /** Natural logarithm of the longer one's words over the shorter one's, 0 and more. */
        LENGTH(false),

        /** Names that only one of them has, at most [WORDS_MAX]. */
        NAMES(false),

        /** 1 where they begin to ask with other words. */
        OPENER(false),

        /** Verdicts that the entry's answer was right, over all verdicts, with one of each taken for granted; 0 to 1. */
        RECORD(true),
    }

    companion object {
        const val WORDS_MAX = 4

        /**
         * @param similarity cosine of the two vectors
         * @param lead similarity less that of the second nearest entry; all of it where there is none
         * @param right verdicts that the entry's answer was right for a request like it
         * @param wrong verdicts that it was wrong
         */
        fun of(asked: Wording, kept: Wording, similarity: Double, lead: Double, right: Int = 0, wrong: Int = 0): Likeness {
            val shared = asked.content.count { it in kept.content }
            val shorter = min(asked.content.size, kept.content.size)
            val names = asked.names.count { it !in kept.words } + kept.names.count { it !in asked.words }
            return Likeness(
                doubleArrayOf(
                    similarity,
                    lead.coerceIn(0.0, 2.0),
                    asked.content.sharedWith(kept.content),
                    asked.trigrams.sharedWith(kept.trigrams),
                    asked.pairs.sharedWith(kept.pairs),
                    if (shorter == 0) 0.0 else shared.toDouble() / shorter,
                    min(asked.content.size - shared, WORDS_MAX).toDouble(),
                    min(kept.content.size - shared, WORDS_MAX).toDouble(),
                    abs(ln((asked.size + 1.0) / (kept.size + 1.0))),
                    min(names, WORDS_MAX).toDouble(),
                    if (asked.opener == kept.opener) 0.0 else 1.0,
                    (right + 1.0) / (right + wrong + 2.0),
                ),
            )
        }
    }
}

/** Jaccard's measure; 1 for two empty sets. */
internal fun <T> Set<T>.sharedWith(other: Set<T>): Double {
    val shared = count { it in other }
    val all = size + other.size - shared
    return if (all == 0) 1.0 else shared.toDouble() / all
}
