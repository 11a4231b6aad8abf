package routercluster.policy.selectors

import routercluster.policy.Decision
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.NamedHead
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.plugins.Plugin
import routercluster.policy.request.Facts
import routercluster.policy.signals.Cost
import routercluster.policy.signals.decimal
import routercluster.policy.signals.isSameLabel
import java.time.Duration

/**
 * What encoders said of a request's newest user message, for selectors.
 *
 * @property needs those that were asked for
 * @property lacks why those are missing that are
 * @property advised what language models said, by the question
 * @property halves of the message's halves, each read for itself; null where nobody did
 */
internal class Sight(
    val needs: Set<Need>,
    val embedding: FloatArray? = null,
    val domains: Map<String, Double>? = null,
    val complexity: Double? = null,
    val lacks: Map<Need, String> = emptyMap(),
    val advised: Map<HeadRef, Advised> = emptyMap(),
    val halves: List<Sight>? = null,
) {
    /** With what was asked of language models besides; [other] says nothing else that this says. */
    internal fun with(other: Sight) =
        Sight(
            needs + other.needs,
            embedding ?: other.embedding,
            domains ?: other.domains,
            complexity ?: other.complexity,
            lacks + other.lacks,
            advised + other.advised,
            halves ?: other.halves,
        )

    /** With [halves], or with why there are none. */
    internal fun with(halves: List<Sight>?, lack: String? = null) =
        Sight(needs, embedding, domains, complexity, lacks + listOfNotNull(lack?.let { Need.HALVES to it }), advised, halves)
}

/**
 * What is asked for one selection, once its decision has won.
 *
 * @property needs those that the first passage of [request] is about; where there are none it has no such passage
 * @property advices those that its last passage is about; where there are none it has no such passage
 */
internal class Selecting(val needs: Set<Need>, val advices: List<Advice>, val request: EncodeRequest)

/** What the selectors of a recipe's decisions have encoders asked. */
class Sights(decisions: List<Decision>, private val catalog: Catalog) {
    private val heads: Map<Need, NamedHead> =
        Need.entries.mapNotNull { need -> need.slot?.let(catalog::headFor)?.let { need to it } }.toMap()
    private val byDecision: Map<Decision, Set<Need>> = decisions.associateWith(::needed)
    private val cacheNeeds: Set<Need> = setOf(Need.EMBEDDING, Need.DOMAIN).filterTo(LinkedHashSet()) { it in heads }
    private val byCache: Map<Decision, Set<Need>> = decisions.associateWith { if (cachesAlike(it)) cacheNeeds else emptySet() }

    private val advicesByDecision: Map<Decision, List<Advice>> =
        decisions.associateWith { if (chooses(it)) it.selector.advices else emptyList() }

    /** What any of them may ask. */
    private val all: Set<Need> = encoded((byDecision.values + byCache.values).flatten())

    /** Whether selectors ask encoders at all. */
    val isAsked: Boolean = all.isNotEmpty() || advicesByDecision.values.any { it.isNotEmpty() }

    /** Whether any of that is asked of encoders, not of language models alone. */
    val asksEncoders: Boolean = all.isNotEmpty()

    /** Language models that selectors ask. */
    val advices: List<Advice> = advicesByDecision.values.flatten().distinctBy { it.ref }

    /** Whether selectors go by what came before in the conversation. */
    val wantsSession: Boolean = byDecision.values.any { Need.SESSION in it }

    /** Whether selectors go by what the caller may still spend. */
    val wantsBudget: Boolean = byDecision.values.any { Need.BUDGET in it }

    /** How dear asking is. */
    internal val cost: Cost = if (heads.any { (need, head) -> need in all && head.head.remote }) Cost.ASK else Cost.ENCODE

    /** How long a selector waits for encoders. */
    val patience: Duration = (if (isAsked) timeout(all, advices) else Duration.ZERO) +
        (if (byDecision.values.any { Need.HALVES in it }) timeout(all, emptyList()) else Duration.ZERO)

    /** What the selector of [decision] goes by: nothing where there is nothing to choose between. */
    internal fun needs(decision: Decision): Set<Need> = byDecision[decision].orEmpty()

    /** What its cache goes by: the request's vector, and its topic where a head tells one. */
    internal fun cacheNeeds(decision: Decision): Set<Need> = byCache[decision].orEmpty()

    /** What encoders are asked for the selector and the cache of [decision]. */
    internal fun asked(decision: Decision): Set<Need> = encoded(needs(decision) + cacheNeeds(decision))

    /** Those of [needs] that encoders tell. */
    internal fun encoded(needs: Collection<Need>): Set<Need> = needs.filterTo(LinkedHashSet()) { it.slot != null }

    /** What to read of a request for [needs]; null where there is nothing to read. */
    internal fun passage(needs: Set<Need>, facts: Facts): Passage? {
        val refs = headsFor(needs).mapTo(LinkedHashSet()) { it.ref }
        return if (refs.isEmpty() || facts.userText.isBlank()) null else Passage(facts.userText, refs, vector = catalog.embedding.shape)
    }

    /**
     * What has to be asked so that selector and cache of [decision] know what they need, where [seen] is known already. Null where there is nothing
     * to ask.
     */
    internal fun selecting(decision: Decision, seen: Sight?, session: SessionFacts?, facts: Facts): Selecting? {
        val needs = asked(decision).takeUnless { seen?.needs.orEmpty().containsAll(it) }.orEmpty()
        val advices = advicesByDecision[decision].orEmpty().filter { it.settled(session) == null && facts.userText.isNotBlank() }
        val read = passage(needs, facts)
        val passages =
            listOfNotNull(read, advices.firstOrNull()?.passage(facts.userText)?.copy(heads = advices.mapTo(LinkedHashSet()) { it.ref }))
        if (passages.isEmpty()) return null
        val asked = if (read == null) emptySet() else needs
        return Selecting(asked, advices, EncodeRequest(passages, timeout(asked, advices)))
    }

    /** Asks for the halves of the text what the selector of [decision] goes by; null where it cannot be halved. */
    internal fun halving(decision: Decision, facts: Facts): EncodeRequest? {
        val needs = encoded(needs(decision))
        val refs = headsFor(needs).mapTo(LinkedHashSet()) { it.ref }
        val halves = if (refs.isEmpty()) null else halvesOf(facts.userText)
        return halves?.let { texts ->
            EncodeRequest(texts.map { Passage(it, refs, vector = catalog.embedding.shape) }, timeout(needs, emptyList()))
        }
    }

    /** What the answers to [halving] say. */
    internal fun halves(decision: Decision, results: List<PassageResult>): List<Sight> = results.map { read(encoded(needs(decision)), it) }

    /** What the answers to [selecting] say. */
    internal fun read(selecting: Selecting, results: List<PassageResult>, facts: Facts): Sight {
        val seen = if (selecting.needs.isEmpty()) Sight(emptySet()) else read(selecting.needs, results.first())
        return if (selecting.advices.isEmpty()) {
            seen
        } else {
            seen.with(
                advised(selecting) { it.read(results.last().heads[it.ref], facts.userText) },
            )
        }
    }

    /** Nothing was answered to [selecting], for [reason]. */
    internal fun blind(selecting: Selecting, reason: String): Sight =
        blind(selecting.needs, reason).with(advised(selecting) { Advised.Nothing("${it.model} could not be asked: $reason") })

    private fun advised(selecting: Selecting, answer: (Advice) -> Advised): Sight {
        val answers = selecting.advices.associate { it.ref to answer(it) }
        val lack = answers.values.firstNotNullOfOrNull { (it as? Advised.Nothing)?.reason }
        return Sight(emptySet(), lacks = if (lack == null) emptyMap() else mapOf(Need.ADVICE to lack), advised = answers)
    }

    /** A service ends by its own timeout, before the whole does, so that the others' answers count. */
    private fun timeout(needs: Set<Need>, advices: List<Advice>): Duration {
        val encoders = if (needs.isEmpty()) null else catalog.timeoutOf(headsFor(needs))
        val advisers = advices.maxOfOrNull { it.adviser.timeout }?.plus(GRACE)
        return listOfNotNull(encoders, advisers).max()
    }

    /** What [result] says for [needs]. */
    internal fun read(needs: Set<Need>, result: PassageResult): Sight {
        val lacks = LinkedHashMap<Need, String>()
        val answers = needs.associateWith { need -> answer(need, result, lacks) }
        return Sight(
            needs,
            (answers[Need.EMBEDDING] as? HeadResult.Vector)?.values,
            (answers[Need.DOMAIN] as? HeadResult.Labels)?.let { labels -> shares(Need.DOMAIN, labels) },
            (answers[Need.COMPLEXITY] as? HeadResult.Labels)?.let { hardness(shares(Need.COMPLEXITY, it), lacks) },
            lacks,
        )
    }

    /** Nothing of [needs] is known, for [reason]. */
    internal fun blind(needs: Set<Need>, reason: String) = Sight(needs, lacks = needs.associateWith { reason })

    private fun needed(decision: Decision): Set<Need> = if (chooses(decision)) decision.selector.needs else emptySet()

    private fun chooses(decision: Decision) =
        (decision.candidates.size > 1 || decision.selector.refuses) && decision.plugins.none { it is Plugin.FastResponse }

    private fun cachesAlike(decision: Decision): Boolean =
        heads[Need.EMBEDDING] != null &&
            decision.plugins.any { it is Plugin.ResponseCache && it.settings.mode.semantic } &&
            decision.plugins.none { it is Plugin.FastResponse }

    private fun headsFor(needs: Set<Need>): List<NamedHead> = needs.mapNotNull(heads::get)

    private fun answer(need: Need, result: PassageResult, lacks: MutableMap<Need, String>): HeadResult? {
        val head = heads[need]
        val answer = head?.let { result.heads[it.ref] }
        val unusable = "${head?.ref} gave no answer of its kind"
        val reason =
            when {
                head == null -> "no encoder head serves ${need.key}"
                answer is HeadResult.Failed -> "${head.ref} failed: ${answer.reason}"
                need == Need.EMBEDDING -> unusable.takeUnless { answer is HeadResult.Vector && answer.values.all(Float::isFinite) }
                else -> unusable.takeUnless { answer is HeadResult.Labels && answer.probabilities.size == head.head.labels.size }
            }
        reason?.let { lacks[need] = it }
        return answer.takeIf { reason == null }
    }

    private fun shares(need: Need, answer: HeadResult.Labels): Map<String, Double> =
        heads
            .getValue(need)
            .head.labels
            .withIndex()
            .associate { (index, label) -> label to decimal(answer.probabilities[index]) }

    /** The lead of `hard` over `easy`, -1..1, brought to 0..1. */
    private fun hardness(shares: Map<String, Double>, lacks: MutableMap<Need, String>): Double? {
        val hard = shares.entries.firstOrNull { isSameLabel(it.key, "hard") }?.value
        val easy = shares.entries.firstOrNull { isSameLabel(it.key, "easy") }?.value
        if (hard == null || easy == null) {
            lacks[Need.COMPLEXITY] = "${heads.getValue(Need.COMPLEXITY).ref} does not tell hard and easy apart"
            return null
        }
        return ((1.0 + hard - easy) / 2).coerceIn(0.0, 1.0)
    }

    companion object {
        /** Nobody asks. */
        val NONE = Sights(emptyList(), Catalog.NONE)

        private val GRACE: Duration = Duration.ofMillis(100)
    }
}

/**
 * The traits of a request for a selector with [needs], of what is to be had without asking anybody and [sight].
 *
 * @param noted what selectors have made of the whole text already
 */
internal fun traits(
    needs: Set<Need>,
    facts: Facts,
    session: SessionFacts?,
    sight: Sight?,
    unit: String? = null,
    user: String? = null,
    moneyLeft: Double? = null,
    noted: Map<String, Map<String, Double>> = emptyMap(),
): Traits {
    val lacks = LinkedHashMap<Need, String>()
    for (need in needs) {
        val reason =
            when {
                need == Need.SESSION -> "nothing is known of the conversation".takeIf { session == null }
                need == Need.ADVICE -> if (sight == null) "nobody was asked" else sight.lacks[need]
                need == Need.USER -> "nobody knows whose request it is".takeIf { user == null }
                need == Need.BUDGET -> "no limit of money is known for the caller".takeIf { moneyLeft == null }
                need == Need.UNIT -> "nobody knows whose request it is".takeIf { unit == null }
                need == Need.HALVES -> sight?.lacks?.get(need)
                need.slot == null -> null
                sight == null || need !in sight.needs -> "no encoder was asked"
                else -> sight.lacks[need]
            }
        reason?.let { lacks[need] = it }
    }
    return Traits(
        sight?.embedding.takeIf { Need.EMBEDDING in needs },
        sight?.domains.takeIf { Need.DOMAIN in needs },
        sight?.complexity.takeIf { Need.COMPLEXITY in needs },
        if (Need.PROMPT_TOKENS in needs) facts.promptTokens else null,
        facts.userText.length,
        session.takeIf { Need.SESSION in needs },
        lacks,
        noted,
        unit = unit.takeIf { Need.UNIT in needs },
        advised = sight?.advised.orEmpty(),
        user = user.takeIf { Need.USER in needs },
        moneyLeft = moneyLeft.takeIf { Need.BUDGET in needs },
        halves = sight?.halves?.zip(halvesOf(facts.userText).orEmpty()) { half, text ->
            Traits.Half(
                half.embedding.takeIf { Need.EMBEDDING in needs },
                half.domains.takeIf { Need.DOMAIN in needs },
                half.complexity.takeIf { Need.COMPLEXITY in needs },
                text.length,
                half.lacks,
            )
        },
    )
}
