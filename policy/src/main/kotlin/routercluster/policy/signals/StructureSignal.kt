package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.readPredicate
import routercluster.policy.decisions.Predicate
import routercluster.policy.request.Facts

/** What is made of a source's count. */
enum class StructureFeature {
    EXISTS,
    COUNT,

    /** Count per word; in scripts without blanks, and in Korean, per letter. 0 for a text without words. */
    DENSITY,

    /** Whether the markers of any sequence occur in order; only with source `sequence`. */
    SEQUENCE,
}

enum class StructureSource { REGEX, KEYWORD_SET, SEQUENCE, TEXT_BYTES }

/**
 * A rule of `routing.signals.structure` as written.
 *
 * @property caseSensitive of all sources but `text_bytes`
 * @property predicate null means more than none
 */
data class RawStructure(
    override val name: String,
    override val at: Location,
    val description: String?,
    val feature: StructureFeature?,
    val source: StructureSource?,
    val sourceAt: Location,
    val pattern: String?,
    val keywords: List<String>,
    val sequences: List<List<String>>,
    val caseSensitive: Boolean,
    val predicate: Predicate?,
    val isPredicateWritten: Boolean,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        if (feature == null || source == null || (isPredicateWritten && predicate == null)) return null
        if (!isFitting(feature, source, problems)) return null
        val count =
            when (source) {
                StructureSource.REGEX -> patternCount(problems)
                StructureSource.KEYWORD_SET -> keywordCount(problems)
                StructureSource.SEQUENCE -> sequenceCount(problems)
                StructureSource.TEXT_BYTES -> ByteCount
            } ?: return null
        return StructureSignal(name, feature, count, predicate)
    }

    private fun isFitting(feature: StructureFeature, source: StructureSource, problems: Problems): Boolean {
        if (feature == StructureFeature.SEQUENCE && source != StructureSource.SEQUENCE) {
            problems.add(
                sourceAt.copy(path = "${sourceAt.path}.type"),
                "does not go with feature type sequence",
                source.written,
                "sequence",
            )
            return false
        }
        if (source == StructureSource.TEXT_BYTES && feature != StructureFeature.COUNT) {
            problems.add(sourceAt.copy(path = "${sourceAt.path}.type"), "goes only with feature type count", source.written)
            return false
        }
        return true
    }

    private fun patternCount(problems: Problems): TextCount? {
        val at = sourceAt.copy(path = "${sourceAt.path}.pattern")
        return when (val compiled = TextPattern.of(pattern.orEmpty(), caseSensitive, at, problems, feature != StructureFeature.EXISTS)) {
            null -> {
                null
            }

            is TextPattern.Literals -> {
                PhraseCount(compiled.phrases)
            }

            is TextPattern.Automaton -> {
                PatternCount(compiled, onlyWhether = feature == StructureFeature.EXISTS)
            }
        }
    }

    private fun keywordCount(problems: Problems): TextCount? {
        if (!areUsable(keywords, "keywords", problems)) return null
        return PhraseCount(keywords.map { Phrase(it, caseSensitive) }.distinct())
    }

    private fun sequenceCount(problems: Problems): TextCount? {
        if (!areUsable(sequences.flatten(), "sequences", problems)) return null
        sequences.forEachIndexed { index, markers ->
            val at = sourceAt.copy(path = "${sourceAt.path}.sequences[$index]")
            if (markers.size < 2) problems.add(at, "is too short", "${markers.size} markers", "at least 2 markers")
        }
        if (sequences.any { it.size < 2 }) return null
        return SequenceCount(sequences.map { markers -> markers.map { Phrase(it, caseSensitive) } })
    }

    private fun areUsable(texts: List<String>, key: String, problems: Problems): Boolean {
        val fault =
            when {
                texts.isEmpty() -> "is required"
                texts.size > RawKeyword.KEYWORDS_MAX -> "has too many entries"
                texts.any { it.isBlank() || it.length > RawKeyword.KEYWORD_CHARS_MAX } -> "has an entry that is empty or too long"
                else -> return true
            }
        val accepted = "1 to ${RawKeyword.KEYWORDS_MAX} entries of 1 to ${RawKeyword.KEYWORD_CHARS_MAX} characters"
        problems.add(sourceAt.copy(path = "${sourceAt.path}.$key"), fault, accepted = accepted)
        return false
    }

    companion object {
        private val features = StructureFeature.entries.associateBy { it.name.lowercase() }
        private val sources = StructureSource.entries.associateBy { it.written }

        fun read(section: Section): RawStructure {
            val feature = section.requiredSection("feature")
            val source = feature?.requiredSection("source")
            val predicate = section.section("predicate")
            return RawStructure(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                feature = feature?.requiredOneOf("type", features),
                source = source?.requiredOneOf("type", sources),
                sourceAt = source?.here ?: section.here,
                pattern = source?.string("pattern"),
                keywords = source?.strings("keywords").orEmpty(),
                sequences = source?.stringLists("sequences").orEmpty(),
                caseSensitive = source?.boolean("case_sensitive") ?: false,
                predicate = predicate?.let(::readPredicate),
                isPredicateWritten = predicate != null,
            ).also {
                source?.close()
                feature?.close()
                section.close()
            }
        }
    }
}

private val StructureSource.written: String get() = name.lowercase()

/** Measures the form of the newest user message; the value is the count or density, or 1 or 0 for `exists` and `sequence`. */
internal class StructureSignal(
    name: String,
    private val feature: StructureFeature,
    private val count: TextCount,
    private val predicate: Predicate?,
    private val lookout: Lookout = Lookout.alone(count.phrases),
) : PhraseReader {
    override val ref = SignalRef("structure", name)
    override val cost = Cost.SCAN
    override val phrases: List<Phrase> get() = count.phrases

    override fun by(lookout: Lookout): Signal = StructureSignal(ref.name, feature, count, predicate, lookout)

    override fun read(facts: Facts): Reading {
        val counted = count.of(facts.words, lookout.look(facts))
        val value =
            when (feature) {
                StructureFeature.EXISTS, StructureFeature.SEQUENCE -> if (counted > 0) 1.0 else 0.0
                StructureFeature.COUNT -> counted.toDouble()
                StructureFeature.DENSITY -> if (facts.words.size == 0) 0.0 else counted.toDouble() / facts.words.size
            }
        val matched = predicate?.holds(value) ?: (value > 0)
        return Reading.Seen(matched, if (matched) 1.0 else 0.0, value)
    }
}
