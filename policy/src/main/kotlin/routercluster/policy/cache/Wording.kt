package routercluster.policy.cache

import routercluster.policy.encode.undisguised
import routercluster.policy.request.Words

/**
 * What of a request's text tells it from one that is worded alike: taken apart once, compared often. Works on words, so it knows nothing of
 * meaning; the lists are English, and a language without words in them is compared by its words alone. The text is read as encoders read
 * it: with characters that cannot be seen and letters that only look Latin, vectors would say the same and words would not.
 *
 * @property content words that carry meaning, without endings
 * @property repeats how many words that carry meaning were there before
 * @property numbers as they are written, in digits 0 to 9; a date is several
 * @property names words with a capital that do not open the text, and all that hold a capital behind their first letter, in lower case
 * @property identifiers words of code: with an underscore, a dot or a capital inside
 * @property isNegated whether an odd number of words negates
 * @property opener the first word that asks for something; empty where none does
 */
class Wording private constructor(
    val size: Int,
    val content: Set<String>,
    val repeats: Int,
    val numbers: Set<String>,
    val names: Set<String>,
    val identifiers: Set<String>,
    val isNegated: Boolean,
    val opener: String,
    internal val words: Set<String>,
    internal val pairs: Set<Long>,
    internal val trigrams: Set<Long>,
) {
    companion object {
        /** A longer text is read up to here, in UTF-16 units. It is like no other: beyond it the vector alone would tell texts apart. */
        const val LENGTH_MAX = 16_384

        fun of(text: String): Wording {
            val words = Words.of(undisguised(text.take(LENGTH_MAX)).text.replace(strayMarks, ""))
            val lower = List(words.size) { words.folded.substring(words.start(it), words.end(it)) }
            val meant = lower.filterNot { it in fillers }
            val content = meant.mapTo(HashSet(), ::stem)
            return Wording(
                size = words.size,
                content = content,
                repeats = meant.size - content.size,
                numbers = numberPattern.findAll(words.raw).mapTo(HashSet()) { digits(it.value) },
                names = (1 until words.size)
                    .filter { words.raw[words.start(it)].isUpperCase() && lower[it] !in fillers }
                    .mapTo(HashSet()) { lower[it] },
                identifiers = identifierPattern.findAll(words.raw).mapTo(HashSet()) { it.value },
                isNegated = lower.count { it in negations } % 2 == 1,
                opener = lower.firstOrNull { it in openers }.orEmpty(),
                words = lower.toHashSet(),
                pairs = lower.zipWithNext { first, second -> first.hashCode() * PAIR_FACTOR + second.hashCode() }.toHashSet(),
                trigrams = trigrams(lower.joinToString(" ")),
            )
        }

        private fun trigrams(text: String): Set<Long> =
            (0..text.length - TRIGRAM).mapTo(HashSet()) { at ->
                (text[at].code.toLong() shl 2 * Char.SIZE_BITS) or (text[at + 1].code.toLong() shl Char.SIZE_BITS) or
                    text[at + 2].code.toLong()
            }

        private fun digits(number: String): String =
            if (number.all { it <= '9' }) number else String(CharArray(number.length) { digit(number[it]) })

        private fun digit(char: Char): Char = if (Character.isDigit(char)) '0' + Character.digit(char, DECIMAL) else char

        private fun stem(word: String): String {
            val ending = endings.firstOrNull { word.length > it.length + STEM_MIN && word.endsWith(it) } ?: return word
            return word.dropLast(ending.length)
        }

        private const val TRIGRAM = 3
        private const val PAIR_FACTOR = 0x1_0000_0001L
        private const val STEM_MIN = 2
        private val endings = listOf("ing", "ies", "ed", "es", "s", "ly")
        private const val DECIMAL = 10
        private val numberPattern = Regex("""\p{Nd}+(?:[.,:/-]\p{Nd}+)*""")

        /** Lines and dots that are drawn over a plain letter, of which no other letter is made. */
        private val strayMarks = Regex("""(?<=[A-Za-z])\p{Mn}+""")
        private val identifierPattern = Regex("""\b[A-Za-z]\w*(?:[._]\w+)+\b|\b[a-z]+[A-Z]\w*\b""")
        internal val negations = setOf(
            "no",
            "not",
            "never",
            "none",
            "nobody",
            "nothing",
            "neither",
            "nor",
            "without",
            "cannot",
            "can't",
            "don't",
            "doesn't",
            "didn't",
            "isn't",
            "aren't",
            "wasn't",
            "weren't",
            "won't",
            "wouldn't",
            "shouldn't",
            "couldn't",
            "haven't",
            "hasn't",
            "unable",
            "except",
            "avoid",
            "stop",
            "nicht",
            "kein",
            "keine",
            "nie",
            "ohne",
            "jamais",
            "sans",
            "nunca",
            "sin",
            "non",
            "senza",
            "não",
            "sem",
        )
        private val openers = setOf(
            "what",
            "which",
            "who",
            "whom",
            "whose",
            "when",
            "where",
            "why",
            "how",
            "is",
            "are",
            "can",
            "should",
            "do",
            "does",
            "did",
            "will",
        )
        private val fillers = openers + setOf(
            "a",
            "an",
            "the",
            "of",
            "to",
            "in",
            "on",
            "for",
            "and",
            "or",
            "was",
            "were",
            "be",
            "been",
            "am",
            "could",
            "would",
            "shall",
            "may",
            "might",
            "must",
            "i",
            "you",
            "he",
            "she",
            "it",
            "we",
            "they",
            "me",
            "my",
            "your",
            "his",
            "her",
            "its",
            "our",
            "their",
            "this",
            "that",
            "these",
            "those",
            "with",
            "at",
            "by",
            "from",
            "as",
            "about",
            "into",
            "than",
            "then",
            "there",
            "here",
            "if",
            "so",
            "too",
            "very",
            "just",
            "also",
            "any",
            "some",
            "all",
            "more",
            "most",
            "best",
            "good",
            "get",
            "got",
            "have",
            "has",
            "had",
            "one",
            "please",
        )
    }
}
