package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.nearestName
import routercluster.policy.request.Facts
import routercluster.policy.request.LinguaLanguageDetector

/**
 * A rule of `routing.signals.language` as written. Its name is the language's ISO 639-1 code.
 *
 * @property threshold confidence from which a language counts as detected; 0 stands for [THRESHOLD_DEFAULT]
 */
data class RawLanguage(
    override val name: String,
    override val at: Location,
    val description: String?,
    val threshold: Double,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val known = LinguaLanguageDetector.codes
        if (name in known) return LanguageSignal(name, if (threshold == 0.0) THRESHOLD_DEFAULT else threshold)
        if (name.isNotBlank()) {
            val path = at.copy(path = "${at.path}.name")
            problems.add(path, "is not a language code", name, known.sorted().joinToString(), nearestName(name, known))
        }
        return null
    }

    companion object {
        const val THRESHOLD_DEFAULT = 0.3

        fun read(section: Section): RawLanguage =
            RawLanguage(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                threshold = section.double("threshold", 0.0..1.0) ?: 0.0,
            ).also { section.close() }
    }
}

/**
 * Tells whether the newest user message is in one language. A text whose language is uncertain matches no rule. Value and
 * confidence are those of the detection.
 *
 * @property code ISO 639-1; whoever makes the [Facts] hands the codes of all these signals to the detector
 */
class LanguageSignal(val code: String, private val threshold: Double) : Signal {
    override val ref = SignalRef("language", code)
    override val cost = Cost.ANALYSIS

    override fun read(facts: Facts): Reading {
        val language = facts.language?.takeIf { it.code == code && it.confidence >= threshold } ?: return Reading.Seen(false, 0.0, 0.0)
        return Reading.Seen(true, language.confidence, language.confidence, listOf(code))
    }
}
