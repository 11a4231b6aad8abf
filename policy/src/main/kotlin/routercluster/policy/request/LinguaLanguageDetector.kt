package routercluster.policy.request

import com.github.pemistahl.lingua.api.IsoCode639_1
import com.github.pemistahl.lingua.api.LanguageDetectorBuilder
import kotlin.math.exp

/**
 * Detects languages with lingua's trigram tables, which are loaded at the first use (some 0.3 s and 15 MB). Safe for use by
 * several threads.
 *
 * It reads the first [CHARS_READ_MAX] characters, enough for trigrams to be sure of themselves. Lingua ranks languages by the
 * ratio of their log-probabilities, so that its best always has 1.0; here these are turned back into log-probabilities, taking
 * [NATS_PER_TRIGRAM] for each trigram, and normalised to sum to 1 over all languages compared. A short or ambiguous text thus
 * gets a low confidence instead of an invented language.
 *
 * @param codes languages to tell; common ones are always compared with, since a detector that knows only Spanish takes Italian
 *   for it. Codes outside [LinguaLanguageDetector.codes] are passed over
 */
class LinguaLanguageDetector(codes: Set<String>) : LanguageDetector {
    private val compared = (codes + common).mapNotNull { isoCodes[it] }.sorted()

    private val detector by lazy {
        LanguageDetectorBuilder.fromIsoCodes639_1(*compared.toTypedArray()).withLowAccuracyMode().build()
    }

    override fun detect(text: String): DetectedLanguage? {
        val read = prefix(text)
        if (read.none { it.isLetter() }) return null
        val ratios = detector.computeLanguageConfidenceValues(read)
        val (best, _) = ratios.maxByOrNull { it.value } ?: return null
        val nats = NATS_PER_TRIGRAM * maxOf(1, trigrams(read))
        val sum = ratios.values.sumOf { exp(-nats * (1 / it - 1)) }
        return DetectedLanguage(best.isoCode639_1.toString(), 1 / sum)
    }

    companion object {
        const val CHARS_READ_MAX = 400
        private const val NATS_PER_TRIGRAM = 6.0

        private val common =
            listOf(
                "en",
                "es",
                "fr",
                "de",
                "it",
                "pt",
                "nl",
                "pl",
                "sv",
                "tr",
                "id",
                "vi",
                "ru",
                "uk",
                "ar",
                "fa",
                "hi",
                "zh",
                "ja",
                "ko",
            )

        private val isoCodes: Map<String, IsoCode639_1> = IsoCode639_1.entries.filter { it != IsoCode639_1.NONE }.associateBy {
            it
                .toString()
        }

        /** Every ISO 639-1 code that can be told. */
        val codes: Set<String> get() = isoCodes.keys

        private fun prefix(text: String): String {
            val read = text.trimStart().take(CHARS_READ_MAX)
            return if (read.isNotEmpty() && read.last().isHighSurrogate()) read.dropLast(1) else read
        }

        private fun trigrams(text: String): Int {
            var count = 0
            var letters = 0
            for (c in text) {
                letters = if (c.isLetter()) letters + 1 else 0
                if (letters >= 3) count++
            }
            return count
        }
    }
}
