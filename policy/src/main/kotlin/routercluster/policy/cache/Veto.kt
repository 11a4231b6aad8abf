package routercluster.policy.cache

import kotlin.math.abs

/**
 * A difference in words that makes an earlier answer wrong however similar the vectors are. Looked at before any estimate; costs
 * microseconds.
 */
enum class Veto {
    /** Other numbers or dates. */
    NUMBERS,

    /** One of them is negated. */
    NEGATION,

    /** Both have names, and no name of the one is in the other. */
    NAMES,

    /** Other identifiers of code. */
    IDENTIFIERS,

    /** Another language, both told for sure. */
    LANGUAGE,

    /** Other words in a text of more than [LONG_WORDS]: its vector hardly moves where a few of them change. */
    DETAIL,

    /**
     * All words of the one that carry meaning, and [ADDED_MIN] or more besides: a question with something added to it, which is how a text is made
     * that another's vector comes near to.
     */
    ADDED,

    /** One says its words again and again: [REPEATED_MIN] or more times oftener than the other. */
    REPEATED,

    /** Another conversation before it; see [EarlierTurns]. */
    CONVERSATION,
    ;

    /** In metrics and explanations. */
    val key: String = name.lowercase()

    companion object {
        const val LONG_WORDS = 64

        /** Of 1,979 labelled pairs of questions in which two or more words were added, 61 % ask the same; of those in which hits are allowed some 90 % do. */
        const val ADDED_MIN = 2

        /** Of 2,666 labelled pairs of questions whose repetitions differ by so many, 15 % ask the same; of all pairs 38 % do. */
        const val REPEATED_MIN = 2

        /** The first veto against giving the answer of [kept] to [asked]; null where there is none. */
        fun between(asked: Wording, kept: Wording, askedLanguage: String? = null, keptLanguage: String? = null): Veto? =
            when {
                asked.numbers != kept.numbers -> NUMBERS
                asked.isNegated != kept.isNegated -> NEGATION
                asked.identifiers != kept.identifiers -> IDENTIFIERS
                askedLanguage != null && keptLanguage != null && askedLanguage != keptLanguage -> LANGUAGE
                areOfOthers(asked, kept) -> NAMES
                maxOf(asked.size, kept.size) > LONG_WORDS && asked.content != kept.content -> DETAIL
                asked.content.addsTo(kept.content) || kept.content.addsTo(asked.content) -> ADDED
                abs(asked.repeats - kept.repeats) >= REPEATED_MIN -> REPEATED
                else -> null
            }

        /** Words that negate are counted by [NEGATION]. */
        private fun Set<String>.addsTo(other: Set<String>): Boolean =
            size >= other.size + ADDED_MIN && containsAll(other) && (this - other - Wording.negations).size >= ADDED_MIN

        private fun areOfOthers(asked: Wording, kept: Wording): Boolean =
            asked.names.isNotEmpty() && kept.names.isNotEmpty() && asked.names.none { it in kept.words } &&
                kept.names.none { it in asked.words }
    }
}
