package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import routercluster.policy.request.Role

/** What a user makes of an answer; [aliases] are what heads call it. */
internal enum class Feedback(vararg val aliases: String) {
    SATISFIED("sat", "satisfied"),
    NEED_CLARIFICATION("need_clarification"),
    WRONG_ANSWER("wrong_answer"),
    WANT_DIFFERENT("want_different"),
}

/** A rule of `routing.signals.user_feedbacks` as written. Its name says which of the four [outcome]s it is. */
internal class RawUserFeedback(rule: LearnedRule, private val feedback: Feedback?) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val head = catalog.headFor(Slot.USER_FEEDBACK, at, problems)?.let(::LabelHead) ?: return null
        val labels = feedbackLabels(head)
        labels.filterValues { it == null }.keys.forEach { missingLabel(at, head, it.name, problems) }
        if (null in labels.values || feedback == null) return null
        val known = labels.entries.mapNotNull { (feedback, label) -> label?.let { feedback to it } }.toMap()
        val terms = rule.terms("user_feedback", catalog, listOf(head.named))
        return UserFeedbackSignal(terms, head, known, feedback, catalog.modules.userFeedback.threshold)
    }

    companion object {
        /** With what recipes call them besides. */
        private val outcomes =
            Feedback.entries.associateBy { it.name.lowercase() } +
                mapOf("incorrect_answer" to Feedback.WRONG_ANSWER, "needs_clarification" to Feedback.NEED_CLARIFICATION)

        fun read(section: Section) = RawUserFeedback(LearnedRule.read(section), section.outcome(outcomes)).also { section.close() }
    }
}

/** The label of [head] for each outcome, null for one that it does not know. */
internal fun feedbackLabels(head: LabelHead): Map<Feedback, String?> = Feedback.entries.associateWith { head.labelOf(*it.aliases) }

/**
 * What [answer] says of the outcomes: the likeliest complaint counts from [threshold] on, below it the user counts as satisfied.
 *
 * @param known the head's label for each outcome
 */
internal class FeedbackAnswer(answer: Distribution, known: Map<Feedback, String>, threshold: Double) {
    private val complaints = known.filterKeys { it != Feedback.SATISFIED }.mapValues { answer.of(it.value) }
    private val worst = complaints.maxBy { it.value }

    val seen: Feedback =
        if (worst.value >= threshold && worst.value >= answer.of(known.getValue(Feedback.SATISFIED))) worst.key else Feedback.SATISFIED

    /** Of a complaint its probability, of satisfaction 1 less the likeliest complaint's. */
    fun of(outcome: Feedback): Double = complaints[outcome] ?: (1.0 - worst.value)
}

/**
 * Tells what the newest user message makes of the answer before it; without an answer there is nothing to tell. The likeliest
 * complaint counts from [threshold] on, below it the user counts as satisfied. Confidence and value: of a complaint its
 * probability, of satisfaction 1 less the likeliest complaint's. A head that abstains finds nothing.
 *
 * @property known the head's label for each outcome
 * @property own the rule's outcome
 */
internal class UserFeedbackSignal(
    terms: Terms,
    private val head: LabelHead,
    private val known: Map<Feedback, String>,
    private val own: Feedback,
    private val threshold: Double,
) : HeadSignal(terms) {
    override val labels = mapOf(ABSTAIN to LabelKind.FLAG)

    override val thresholds: List<HeadThreshold>
        get() =
            listOf(
                HeadThreshold(threshold, listOf(ModuleKeys.FEEDBACK), least = head.firstChoiceFrom, mostNever = head.staysBelowOne),
            )

    override fun rangeOf(label: String?) = unitRange.takeIf { label == null }

    override fun passages(facts: Facts): List<Passage> = if (isReply(facts)) aloneOf(facts, head) else emptyList()

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { all -> all.firstOrNull()?.let(::judge) ?: nothing }

    private fun isReply(facts: Facts): Boolean {
        val newest = facts.messages.indexOfLast { it.role == Role.USER }
        return facts.messages.take(newest.coerceAtLeast(0)).any { it.role == Role.ASSISTANT }
    }

    private fun judge(answer: Distribution): Reading {
        val feedback = FeedbackAnswer(answer, known, threshold)
        val value = feedback.of(own)
        val matched = !answer.abstained && feedback.seen == own
        val found = if (matched) listOf(ref.name) else emptyList()
        return Reading.Seen(matched, if (matched) value else 0.0, value, found, mapOf(ABSTAIN to flag(answer.abstained)))
    }
}
