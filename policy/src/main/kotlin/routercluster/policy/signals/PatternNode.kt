package routercluster.policy.signals

/** A regular expression as a tree, for all that it says of the texts it occurs in; which match is found first is RE2/J's business. */
internal sealed interface PatternNode {
    /** One character, by itself or, where [foldsCase], in any case. */
    data class Literal(val codePoint: Int, val foldsCase: Boolean) : PatternNode {
        /** The characters that it matches. */
        val meant: Set<Int> by lazy { if (foldsCase) CaseVariants.of(codePoint) else setOf(codePoint) }
    }

    /** One character of those that RE2/J takes [written] for, such as `\d`, `[^a-z]` or `.`. */
    data class AnyOf(val written: String, val foldsCase: Boolean, val dotMatchesBreaks: Boolean) : PatternNode

    data class Place(val anchor: Anchor) : PatternNode

    /** One after the other; nothing at all where there are none. */
    data class Sequence(val parts: List<PatternNode>) : PatternNode

    data class Either(val branches: List<PatternNode>) : PatternNode

    /** @property most null for any number */
    data class Repeated(val part: PatternNode, val least: Int, val most: Int?) : PatternNode
}

/** A place between two characters. */
internal enum class Anchor { TEXT_START, TEXT_END, LINE_START, LINE_END, WORD_EDGE, NO_WORD_EDGE }
