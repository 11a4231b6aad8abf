package routercluster.policy.language

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.dsl.Condition
import routercluster.policy.dsl.Field
import routercluster.policy.dsl.Item
import routercluster.policy.dsl.Name
import routercluster.policy.dsl.Value
import routercluster.policy.request.LinguaLanguageDetector
import java.util.Locale

/** Which requests are meant. */
internal sealed interface Subject {
    data object Everything : Subject

    /** @property signals what [condition] reads, some of it perhaps twice */
    class Some(val name: String, val signals: List<Item.Signal>, val condition: Condition) : Subject

    class Unclear(val reason: String) : Subject
}

/** A signal that a template brings, and the condition on it. */
private class Read(val signal: Item.Signal, label: String? = null) {
    val condition = Condition.Signal(signal.type, Name(signal.name.text + label?.let { ":$it" }.orEmpty(), quoted = true), emptyList())
}

/**
 * A piece of a subject: any of [reads].
 *
 * @property quality what kind of quality it is, such as a length; null for what requests are about
 */
private class Trait(val name: String, val reads: List<Read>, val quality: String? = null) {
    val condition get() = anyOf(reads.map { it.condition })
}

/** A recognised form of words; [make] may find that the policy lacks what it takes. */
private class Recogniser(pattern: String, val make: (MatchResult) -> Trait) {
    val pattern = Regex("""\b(?:$pattern)\b""", RegexOption.IGNORE_CASE)
}

private class Lacking(override val message: String) : Exception(message)

/** Reads words for requests as conditions that a policy with [catalog] can check. */
internal class Subjects(private val catalog: Catalog) {
    private val domains: Set<String> =
        catalog
            .headFor(Slot.DOMAIN)
            ?.head
            ?.labels
            .orEmpty()
            .toSet()

    private val recognisers =
        listOf(
            Recogniser(PERSONAL) {
                Trait("personal_data", listOf(learned(Slot.PII, "pii", "personal_data", field("include_history", Value.Truth(true)))))
            },
            Recogniser(ATTACK) { Trait("attack", listOf(learned(Slot.JAILBREAK, "jailbreak", "attack"))) },
            Recogniser(LONGER) { long(it.groupValues[1].replace(",", "") + it.groupValues[2].uppercase()) },
            Recogniser(LONG) { long(LONG_TOKENS) },
            Recogniser("hard|complex|difficult|tricky|demanding") { difficulty("hard") },
            Recogniser("easy|simple|trivial|straightforward") { difficulty("easy") },
            Recogniser("code|coding|programming|software") { code() },
            Recogniser(languages.keys.joinToString("|")) { language(it.value.lowercase()) },
        )

    fun subjectOf(words: String): Subject {
        val denial = denialIn(words)
        if (denial !=
            null
        ) {
            return Subject.Unclear("\"$denial\" turns the meaning around, which templates cannot do; say which requests are meant")
        }
        return try {
            val parts = words
                .split(alternative)
                .filter { it.isNotBlank() }
                .map(::traits)
                .filter { it.isNotEmpty() }
            when {
                parts.isNotEmpty() -> some(parts, words)
                everything.containsMatchIn(words) -> Subject.Everything
                else -> Subject.Unclear("\"$words\" names no requests")
            }
        } catch (lacking: Lacking) {
            Subject.Unclear(lacking.message)
        }
    }

    /**
     * Any of the topics in [parts], with all of the qualities that stand before them: "long German contract or invoice questions". Where a
     * reader could group them otherwise, nothing is guessed.
     */
    private fun some(parts: List<List<Trait>>, words: String): Subject {
        val first = parts.indexOfFirst { part -> part.any { it.quality == null } }
        val later = if (first < 0) emptyList() else parts.drop(first + 1)
        val qualities = parts
            .flatten()
            .filter { it.quality != null }
            .groupBy { it.quality }
            .values
        if (later.any { part -> part.any { it.quality != null } } || (or.containsMatchIn(words) && isMixed(parts))) {
            return Subject.Unclear("\"$words\" can be meant in two ways; say it in two parts")
        }
        val topics = parts.map { part -> part.filter { it.quality == null } }.filter { it.isNotEmpty() }
        val conditions = qualities.map { same -> anyOf(same.map { it.condition }) } + listOfNotNull(topicsOf(topics))
        val traits = parts.flatten()
        val name = traits
            .map { it.name }
            .distinct()
            .joinToString("_")
            .take(NAME_CHARS_MAX)
        return Subject.Some(name, traits.flatMap { trait -> trait.reads.map { it.signal } }, all(conditions))
    }

    /** Whether parts are alternatives of different qualities, as in "long or German". */
    private fun isMixed(parts: List<List<Trait>>): Boolean {
        val qualities = parts.map { part -> part.mapNotNull { it.quality }.toSet() }.filter { it.isNotEmpty() }
        return qualities.isNotEmpty() && !qualities.last().containsAll(qualities.flatten())
    }

    private fun topicsOf(topics: List<List<Trait>>) =
        if (topics.isEmpty()) null else anyOf(topics.map { part -> all(part.map { it.condition }) })

    /** All that [words] say of a request at once. */
    private fun traits(words: String): List<Trait> {
        var rest = words
        val found = mutableListOf<Trait>()
        quoted.findAll(words).forEach { found += keywords(listOf(it.groupValues[1])) }
        rest = quoted.replace(rest, " ")
        recognisers.forEach { recogniser ->
            val matches = recogniser.pattern.findAll(rest).distinctBy { it.value.lowercase() }
            found += matches.map(recogniser.make).distinctBy { it.name }
            rest = recogniser.pattern.replace(rest, " ")
        }
        val topic = rest.split(Regex("[^\\p{L}\\p{N}+#.-]+")).filter { it.isNotEmpty() && it.lowercase() !in filling }.joinToString(" ")
        if (topic.isNotEmpty()) found += topic(topic.lowercase())
        return found
    }

    private fun topic(topic: String): Trait {
        val domain = aliases[topic] ?: topic
        return if (domain in domains) Trait(named(domain), listOf(domain(domain))) else keywords(forms(topic))
    }

    private fun keywords(words: List<String>) = Trait(named(words.first()), listOf(keyword(named(words.first()), words)))

    private fun code(): Trait {
        val words = keyword("code", codeWords)
        return Trait("code", listOfNotNull(words, domain(COMPUTING).takeIf { COMPUTING in domains }))
    }

    private fun domain(name: String) = Read(signal("domain", name, field("description", Value.Text("Questions of $name."))))

    private fun long(tokens: String) = Trait(
        "long",
        listOf(Read(signal("context", "from_$tokens", field("min_tokens", Value.Text(tokens))))),
        "length",
    )

    private fun difficulty(level: String): Trait {
        val method = field("method", Value.Text("classifier"))
        return Trait(level, listOf(Read(learned(Slot.COMPLEXITY, "complexity", "difficulty", method).signal, level)), "difficulty")
    }

    private fun language(name: String): Trait {
        val code = languages.getValue(name)
        return Trait(
            name,
            listOf(Read(signal("language", code, field("description", Value.Text("Requests in ${capital(name)}."))))),
            "language",
        )
    }

    private fun learned(slot: Slot, type: String, name: String, vararg fields: Field): Read {
        if (catalog.headFor(slot) == null) throw Lacking("it takes an encoder head for ${slot.key}, and ${catalog.lackOf(slot)}")
        return Read(signal(type, name, *fields))
    }

    private companion object {
        const val PERSONAL = "personal(?:ly identifiable)? (?:data|information|info|details)|private (?:data|information)|pii"
        const val ATTACK = "jailbreak(?:s|ing)?(?: attempts?)?|(?:prompt[- ])?injections?(?: attempts?)?|attacks?"
        const val LONGER = """(?:longer than|more than|over|above|at least|beyond) (\d+(?:[.,]\d+)*)\s?([km]?) ?tokens?"""
        const val LARGE = "(?:large|huge) (?:contexts?|prompts?|documents?|requests?|inputs?|texts?|conversations?)"
        const val LONG = "(?:very )?(?:long|lengthy|$LARGE)"
        const val COMPUTING = "computer science"

        /** What counts as long where no number is given. */
        const val LONG_TOKENS = "8K"
        const val NAME_CHARS_MAX = 60

        val alternative =
            Regex(
                """\s*(?:,(?!\d)|/|\bor\b|\band\b)\s*(?=(?:[^$QUOTES]*[$QUOTES][^$QUOTES]*[$QUOTES])*[^$QUOTES]*$)""",
                RegexOption.IGNORE_CASE,
            )
        val or = Regex("\\bor\\b", RegexOption.IGNORE_CASE)
        val quoted = Regex("[$QUOTES]([^$QUOTES]+)[$QUOTES]")
        val everything = Regex("""\b(?:everything|anything|all|rest|others?)\b""", RegexOption.IGNORE_CASE)

        /** Names of languages in English to their codes. */
        val languages: Map<String, String> =
            LinguaLanguageDetector.codes.associateBy { Locale.forLanguageTag(it).getDisplayLanguage(Locale.ENGLISH).lowercase() }

        /** Other words for topics that classifiers know. */
        val aliases =
            mapOf(
                "legal" to "law",
                "medical" to "health",
                "medicine" to "health",
                "maths" to "math",
                "mathematics" to "math",
                "economy" to "economics",
            )

        val codeWords =
            listOf("code", "function", "compile", "stack trace", "exception", "unit test", "refactor", "debug", "sql", "regex", "script")

        /** Words that say nothing of a topic. */
        val filling: Set<String> =
            """
            a an the all any every each anything everything something else rest other others it its is are be was with in on of about from
            to for at by as than more over that which who whose when if has have having contains contain containing includes include
            including mentions mention mentioning names naming concerns concerning regarding related involving asking asks ask written
            writing speaking speakers users user people customers request requests question questions prompt prompts query queries message
            messages text texts task tasks work topic topics stuff things ones please our my your attempts attempt language conversation
            conversations context contexts document documents input inputs word words
            """.trim().split(Regex("\\s+")).toSet()
    }
}

internal fun field(key: String, value: Value) = Field(Name(key), value)

private fun signal(type: String, name: String, vararg fields: Field) = Item.Signal(Name(type), Name(name), Value.Fields(fields.toList()))

private fun keyword(name: String, words: List<String>) =
    Read(signal("keyword", name, field("operator", Value.Text("OR")), field("keywords", Value.Items(words.map { Value.Text(it) }))))

private fun all(parts: List<Condition>): Condition =
    parts.singleOrNull() ?: Condition.All(parts.flatMap { (it as? Condition.All)?.parts ?: listOf(it) })

/** Without groups within groups of its own kind, which the layout would write as such. */
private fun anyOf(parts: List<Condition>): Condition =
    parts.singleOrNull() ?: Condition.AnyOf(parts.flatMap { (it as? Condition.AnyOf)?.parts ?: listOf(it) })

private fun capital(word: String) = word.replaceFirstChar { it.uppercase() }

private fun named(words: String) = words
    .lowercase()
    .replace(Regex("[^\\p{L}\\p{N}]+"), "_")
    .trim('_')
    .ifEmpty { "topic" }

/** A word with its plural or its singular. */
private fun forms(word: String): List<String> =
    when {
        word.endsWith("ies") -> listOf(word.dropLast(3) + "y", word)
        word.endsWith("ss") || !word.endsWith("s") -> listOf(word, if (word.endsWith("y")) word.dropLast(1) + "ies" else word + "s")
        else -> listOf(word.dropLast(1), word)
    }
