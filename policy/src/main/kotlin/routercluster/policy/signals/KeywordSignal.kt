package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.request.Facts

/** How many of its keywords a rule wants. */
enum class KeywordOperator {
    OR,
    AND,

    /** None at all. */
    NOR,
    ;

    fun holds(hits: Int, keywords: Int): Boolean =
        when (this) {
            OR -> hits > 0
            AND -> hits == keywords
            NOR -> hits == 0
        }
}

/** How keywords are looked for; no method in the file is [LITERAL]. */
enum class KeywordMethod { LITERAL, REGEX, BM25, NGRAM, FUZZY }

/**
 * A rule of `routing.signals.keywords` as written.
 *
 * @property method null where none is written or the one written is unknown
 * @property fuzzyThreshold see [Fuzziness]
 */
data class RawKeyword(
    override val name: String,
    override val at: Location,
    val description: String?,
    val operator: KeywordOperator?,
    val method: KeywordMethod?,
    val keywords: List<String>,
    val keywordsAt: Location,
    val caseSensitive: Boolean,
    val bm25Threshold: Double,
    val ngramThreshold: Double,
    val ngramArity: Int,
    val fuzzyMatch: Boolean,
    val fuzzyThreshold: Int,
    val fuzzyAt: Location,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val before = problems.all.size
        if (keywords.isEmpty()) problems.add(keywordsAt, "is required", accepted = "a list of at least one keyword")
        if (keywords.size > KEYWORDS_MAX) problems.add(keywordsAt, "has too many", "${keywords.size} keywords", "at most $KEYWORDS_MAX")
        keywords.forEachIndexed { index, keyword -> proveKeyword(keyword, keywordsAt.item(index), problems) }
        val fuzziness = Fuzziness.of(fuzzyThreshold)
        if (fuzziness ==
            null
        ) {
            problems.add(fuzzyAt, "wrong value", "$fuzzyThreshold", "1 to 10 edits, or a similarity of 50 to 100 percent")
        }
        val search = if (problems.all.size == before && fuzziness != null) search(fuzziness, problems) else null
        return if (search == null || operator == null ||
            problems.all.size != before
        ) {
            null
        } else {
            KeywordSignal(name, operator, keywords, search)
        }
    }

    private fun proveKeyword(keyword: String, at: Location, problems: Problems) {
        if (method == KeywordMethod.REGEX) return
        if (keyword.isBlank() || keyword.length > KEYWORD_CHARS_MAX) {
            problems.add(at, "is not a usable keyword", keyword, "1 to $KEYWORD_CHARS_MAX characters")
        } else if (isBySimilarity && joinedKeyword(keyword, caseSensitive).isEmpty()) {
            problems.add(at, "holds no word to compare", keyword, "letters or digits, or another method")
        }
    }

    private val isBySimilarity: Boolean get() = fuzzyMatch || method == KeywordMethod.NGRAM || method == KeywordMethod.FUZZY

    private fun search(fuzziness: Fuzziness, problems: Problems): KeywordSearch? =
        when (method) {
            KeywordMethod.REGEX -> {
                val patterns = keywords.mapIndexedNotNull {
                    index,
                    it,
                    ->
                    TextPattern.of(it, caseSensitive, keywordsAt.item(index), problems)
                }
                if (patterns.size == keywords.size) PatternSearch(patterns) else null
            }

            KeywordMethod.BM25 -> {
                Bm25Search(keywords, bm25Threshold, caseSensitive)
            }

            KeywordMethod.NGRAM -> {
                NgramSearch(keywords, ngramArity, ngramThreshold, caseSensitive)
            }

            KeywordMethod.FUZZY -> {
                FuzzySearch(keywords, fuzziness, caseSensitive)
            }

            KeywordMethod.LITERAL -> {
                if (fuzzyMatch) FuzzySearch(keywords, fuzziness, caseSensitive) else LiteralSearch(keywords, caseSensitive)
            }

            null -> {
                null
            }
        }

    companion object {
        const val KEYWORDS_MAX = 1_000
        const val KEYWORD_CHARS_MAX = 200
        private val operators = KeywordOperator.entries.associateBy { it.name }
        private val methods = KeywordMethod.entries.filter { it != KeywordMethod.LITERAL }.associateBy { it.name.lowercase() }

        /** Parameters that only one method looks at. */
        private val ofMethod =
            mapOf(
                "bm25_threshold" to KeywordMethod.BM25,
                "ngram_threshold" to KeywordMethod.NGRAM,
                "ngram_arity" to KeywordMethod.NGRAM,
                "fuzzy_threshold" to KeywordMethod.FUZZY,
            )

        private fun tellIdle(section: Section, method: KeywordMethod) =
            ofMethod.filter { (key, its) -> its != method && section.has(key) }.forEach { (key, its) ->
                section.problems.notice(section.at(key), "has no effect without method ${its.name.lowercase()}", section.string(key))
            }

        fun read(section: Section): RawKeyword {
            val fuzzyMatch = section.boolean("fuzzy_match") ?: false
            val written = section.oneOf("method", methods)
            val method = if (section.has("method")) written else KeywordMethod.LITERAL
            if (fuzzyMatch && method != null && method != KeywordMethod.FUZZY && method != KeywordMethod.LITERAL) {
                section.problems.add(
                    section.at("fuzzy_match"),
                    "does not go with method ${method.name.lowercase()}",
                    "true",
                    "method fuzzy",
                )
            }
            if (!section.has(
                    "operator",
                )
            ) {
                section.problems.add(section.at("operator"), "is required", accepted = operators.keys.joinToString())
            }
            if (method != null) tellIdle(section, if (fuzzyMatch) KeywordMethod.FUZZY else method)
            return RawKeyword(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                operator = section.oneOf("operator", operators),
                method = method,
                keywords = section.strings("keywords"),
                keywordsAt = section.at("keywords"),
                caseSensitive = section.boolean("case_sensitive") ?: false,
                bm25Threshold = section.double("bm25_threshold", 0.0..1.0) ?: 0.1,
                ngramThreshold = section.double("ngram_threshold", 0.05..1.0) ?: 0.4,
                ngramArity = section.int("ngram_arity", 1..4) ?: 3,
                fuzzyMatch = fuzzyMatch,
                fuzzyThreshold = section.int("fuzzy_threshold", 0..100) ?: 0,
                fuzzyAt = section.at("fuzzy_threshold"),
            ).also { section.close() }
        }
    }
}

/** What a rule looks for, and how. */
internal class KeywordRule(val operator: KeywordOperator, val keywords: List<String>, val search: KeywordSearch) {
    fun judge(hits: BooleanArray): Reading.Seen {
        val count = hits.count { it }
        val confidence =
            when {
                !operator.holds(count, keywords.size) -> 0.0
                operator == KeywordOperator.NOR -> 1.0
                else -> 0.5 + 0.5 * count / keywords.size
            }
        return Reading.Seen(confidence > 0.0, confidence, count.toDouble(), keywords.filterIndexed { index, _ -> hits[index] })
    }
}

/**
 * Looks for keywords in the newest user message. Confidence of a match is `0.5 + 0.5 * hits / keywords`, or 1.0 for
 * [KeywordOperator.NOR]; the value is the number of keywords that were found.
 *
 * Hardly any of a thousand rules finds anything, and what that costs is memory that is fetched to learn it. So a rule asks for no more
 * than its place in the index, is small, and shares with all others what it says of nothing.
 */
internal class KeywordSignal private constructor(
    override val ref: SignalRef,
    private val rule: KeywordRule,
    private val index: PhraseIndex,
    private val reader: Int,
) : PhraseReader {
    constructor(name: String, operator: KeywordOperator, keywords: List<String>, search: KeywordSearch) :
        this(SignalRef("keyword", name), KeywordRule(operator, keywords, search), Lookout.alone(search.phrases, search.groups))

    private constructor(ref: SignalRef, rule: KeywordRule, lookout: Lookout) : this(ref, rule, lookout.index, lookout.reader)

    /** The reading where none of the phrases occurs; null where there may be hits all the same. */
    private val unseen = nothingSeen(rule.operator).takeIf { rule.search.goesByPhrases }

    override val cost get() = Cost.SCAN
    override val phrases: List<Phrase> get() = search.phrases
    override val groups: List<IntArray>? get() = search.groups
    val search: KeywordSearch get() = rule.search

    override fun by(lookout: Lookout): Signal = KeywordSignal(ref, rule, lookout)

    override fun read(facts: Facts): Reading {
        val sightings = facts.derived(index)
        if (unseen != null && !sightings.isReached[reader]) return unseen
        val hits = search.hits(facts, index.of(reader, sightings))
        return if (hits.any { it }) rule.judge(hits) else nothingSeen(rule.operator)
    }

    fun searching(search: KeywordSearch) =
        KeywordSignal(ref, KeywordRule(rule.operator, rule.keywords, search), Lookout(index, reader))

    private companion object {
        private val missed = Reading.Seen(false, 0.0, 0.0)
        private val avoided = Reading.Seen(true, 1.0, 0.0)

        /** What a rule says where none of its keywords, of which it has one at least, is held. */
        fun nothingSeen(operator: KeywordOperator) = if (operator == KeywordOperator.NOR) avoided else missed
    }
}

/** The place of one entry of the list at this place. */
internal fun Location.item(index: Int): Location = copy(path = "$path[$index]")
