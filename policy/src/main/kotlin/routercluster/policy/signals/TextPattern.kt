package routercluster.policy.signals

import com.google.re2j.Pattern
import com.google.re2j.PatternSyntaxException
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.request.Words

/**
 * A regular expression of a policy, in RE2's syntax, so its time grows only linearly with the text.
 *
 * Expressions that only list literals, such as `\b(ssn|credit card)\b` or `[?!]`, are searched for as such, many times faster.
 * For all others the text is first searched for literals of which every match must hold one, where the expression shows any, and then by
 * a [LazyAutomaton].
 */
internal sealed interface TextPattern {
    /** What to look for in the text: matches, or parts of which every match holds at least one; empty where a match can do without. */
    val phrases: List<Phrase>

    /** @param isSighted whether any of [phrases] occurs in the text */
    fun occursIn(words: Words, isSighted: Boolean): Boolean

    /** Every occurrence of [phrases] is a match, and nothing else is. */
    class Literals(override val phrases: List<Phrase>) : TextPattern {
        override fun occursIn(words: Words, isSighted: Boolean): Boolean = isSighted
    }

    /** @param quick tells whether there is a match, where it can; what it cannot tell RE2/J does */
    class Automaton(private val compiled: Pattern, override val phrases: List<Phrase>, private val quick: LazyAutomaton?) : TextPattern {
        override fun occursIn(words: Words, isSighted: Boolean): Boolean =
            (isSighted || phrases.isEmpty()) && (quick?.occursIn(words.raw) ?: compiled.matcher(words.raw).find())

        /** Matches that do not overlap. */
        fun countIn(words: Words, isSighted: Boolean): Int {
            if (!occursIn(words, isSighted)) return 0
            val matcher = compiled.matcher(words.raw)
            var count = 0
            while (matcher.find()) count++
            return count
        }
    }

    companion object {
        const val PATTERN_CHARS_MAX = 2_000

        /** Characters and classes once every repetition with bounds is written out. */
        const val PATTERN_STEPS_MAX = 10_000

        /**
         * @param counted whether matches are to be counted, so that alternatives must not overlap
         * @return null after reporting why [written] cannot be used
         */
        fun of(written: String, caseSensitive: Boolean, at: Location, problems: Problems, counted: Boolean = false): TextPattern? {
            if (written.isEmpty() || written.length > PATTERN_CHARS_MAX) {
                problems.add(at, "is not a usable pattern", "${written.length} characters", "1 to $PATTERN_CHARS_MAX characters")
                return null
            }
            if (expandedSize(written) > PATTERN_STEPS_MAX) {
                problems.add(at, "repeats too much", written, "repetitions that come to at most $PATTERN_STEPS_MAX steps")
                return null
            }
            val compiled =
                try {
                    Pattern.compile(written, if (caseSensitive) 0 else Pattern.CASE_INSENSITIVE)
                } catch (invalid: PatternSyntaxException) {
                    val fault = "${invalid.description} `${invalid.pattern}`"
                    problems.add(at, "is not a regular expression that RE2 knows: $fault", written, UNKNOWN_TO_RE2)
                    return null
                }
            val literals = literalsOf(written, caseSensitive)?.takeUnless { counted && canOverlap(it) }
            return literals?.let(::Literals) ?: automaton(compiled, PatternReader(written, caseSensitive).read())
        }

        private fun automaton(compiled: Pattern, node: PatternNode?): Automaton =
            Automaton(
                compiled,
                node?.let(::requiredParts).orEmpty().map(::part),
                node?.let(PatternProgram::of)?.let(::LazyAutomaton),
            )

        private fun part(literal: String) = Phrase(literal, caseSensitive = false, wholeWords = false, looseBlanks = false)

        private const val UNKNOWN_TO_RE2 = "RE2 syntax, which has no look-ahead, look-behind, back-references or possessive quantifiers"
    }
}
