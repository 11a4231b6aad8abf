package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts

/** A rule of `routing.signals.fact_check` as written. Its name says which of the two [outcome]s it is. */
internal class RawFactCheck(rule: LearnedRule, private val needs: Boolean?) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val head = catalog.headFor(Slot.FACT_CHECK, at, problems)?.let(::LabelHead) ?: return null
        val label = factCheckLabel(head)
        if (label == null) missingLabel(at, head, "FACT_CHECK_NEEDED", problems)
        if (label == null || needs == null) return null
        val terms = rule.terms("fact_check", catalog, listOf(head.named))
        return FactCheckSignal(terms, head, label, needs, catalog.modules.factCheck.threshold)
    }

    companion object {
        private val outcomes = mapOf("needs_fact_check" to true, "no_fact_check_needed" to false)

        fun read(section: Section) = RawFactCheck(LearnedRule.read(section), section.outcome(outcomes)).also { section.close() }
    }
}

/** The label of [head] for a text that needs a check. */
internal fun factCheckLabel(head: LabelHead): String? = head.labelOf("fact_check_needed", "needs_fact_check", "needs_check")

/**
 * Tells whether what the newest user message asks for are facts that can be wrong. The message needs a check from [threshold] on;
 * below it none is needed. Confidence and value: the probability of the rule's own outcome, 0..1. A head that abstains finds
 * neither.
 *
 * @property needed the head's label for a text that needs a check
 * @property needs whether the rule is the one for such texts
 */
internal class FactCheckSignal(
    terms: Terms,
    private val head: LabelHead,
    private val needed: String,
    private val needs: Boolean,
    private val threshold: Double,
) : HeadSignal(terms) {
    override val labels = mapOf(ABSTAIN to LabelKind.FLAG)

    override val thresholds: List<HeadThreshold>
        get() =
            listOf(HeadThreshold(threshold, listOf(ModuleKeys.FACT_CHECK), mostNever = head.staysBelowOne, gap = head.undecided))

    override fun rangeOf(label: String?) = unitRange.takeIf { label == null }

    override fun passages(facts: Facts): List<Passage> = aloneOf(facts, head)

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { all -> all.firstOrNull()?.let(::judge) ?: nothing }

    private fun judge(answer: Distribution): Reading {
        val need = answer.of(needed)
        val own = if (needs) need else 1.0 - need
        val matched = !answer.abstained && (need >= threshold) == needs
        val found = if (matched) listOf(ref.name) else emptyList()
        return Reading.Seen(matched, if (matched) own else 0.0, own, found, mapOf(ABSTAIN to flag(answer.abstained)))
    }
}
