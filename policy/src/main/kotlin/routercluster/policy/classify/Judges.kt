package routercluster.policy.classify

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.signals.ABSTAIN
import routercluster.policy.signals.Distribution
import routercluster.policy.signals.FeedbackAnswer
import routercluster.policy.signals.LabelHead
import routercluster.policy.signals.Reading
import routercluster.policy.signals.ThreatClassifier
import routercluster.policy.signals.entitiesIn
import routercluster.policy.signals.entityTypes
import routercluster.policy.signals.factCheckLabel
import routercluster.policy.signals.feedbackLabels
import routercluster.policy.signals.guardPieces
import routercluster.policy.signals.isSameLabel
import routercluster.policy.signals.threatLabels
import routercluster.policy.signals.unread

/** The policy has no head for [slot], or one that cannot serve. [message] is safe to show to a client. */
class MissingHead(val slot: Slot, reason: String) : Exception("This needs an encoder head for ${slot.key}, and $reason")

/**
 * The judges that a policy's catalog makes possible, with its heads and its thresholds: they find what the families' signals find.
 *
 * Every function throws [MissingHead] where the policy has no such head. A `threshold` replaces the policy's own, 0..1.
 */
class Judges(private val catalog: Catalog) {
    private val modules = catalog.modules

    fun topic(threshold: Double? = null): Judge<TopicFinding> {
        val head = LabelHead(headFor(Slot.DOMAIN))
        val from = threshold ?: modules.domain.threshold
        val fallback = head.labels.firstOrNull { isSameLabel(it, modules.domain.fallback) } ?: modules.domain.fallback
        return head.judge { answer, results ->
            val label = answer.top.takeIf { answer.of(it) >= from } ?: fallback
            val probabilities = head.labels.associateWith(answer::of)
            TopicFinding(label, answer.of(label), answer.abstained, answer.normalisedEntropy, probabilities, results.coverage())
        }
    }

    fun threat(threshold: Double? = null): Judge<ThreatFinding> {
        val head = LabelHead(headFor(Slot.JAILBREAK))
        val positive = threatLabels(head, modules.jailbreak)
        if (positive.isEmpty()) throw MissingHead(Slot.JAILBREAK, "${head.ref} does not say which of its labels mean a threat")
        val from = threshold ?: modules.jailbreak.threshold
        val classifier = ThreatClassifier(head, positive, from)
        return Judge({ classifier.passages(listOf(it)) }) { _, results ->
            val seen =
                when (val reading = classifier.read(results)) {
                    is Reading.Failed -> throw EncodeFailure.Unavailable(reading.reason)
                    is Reading.Seen -> reading
                }
            if (!seen.matched) checkRead(results)
            val abstained = seen.part(ABSTAIN).matched
            ThreatFinding(seen.matched, seen.value ?: 0.0, seen.found, from, abstained, results.coverage())
        }
    }

    /** What the PII head tells apart. */
    fun piiTypes(): Set<String> = entityTypes(headFor(Slot.PII))

    /** @param types those that count; null is all of [piiTypes] */
    fun pii(types: Set<String>? = null, threshold: Double? = null): Judge<PiiFinding> {
        val head = headFor(Slot.PII)
        val counted = types ?: entityTypes(head)
        val from = threshold ?: modules.pii.threshold
        return Judge({ text -> guardPieces(text).map { Passage(it.text, setOf(head.ref)) } }) { text, results ->
            val answers = results.map { it.heads[head.ref] as? HeadResult.Spans ?: throw noSuchAnswer(head.ref) }
            // Also where something was found: a masked text must hide all there is.
            checkRead(results)
            PiiFinding(text, entitiesOf(text, entitiesIn(guardPieces(text), answers, counted, from)), results.coverage())
        }
    }

    fun factCheck(threshold: Double? = null): Judge<FactCheckFinding> {
        val head = LabelHead(headFor(Slot.FACT_CHECK))
        val needed = factCheckLabel(head) ?: throw MissingHead(Slot.FACT_CHECK, "${head.ref} does not know FACT_CHECK_NEEDED")
        val from = threshold ?: modules.factCheck.threshold
        return head.judge { answer, results ->
            val need = answer.of(needed)
            FactCheckFinding(need >= from, if (need >= from) need else 1.0 - need, answer.abstained, results.coverage())
        }
    }

    /** Takes the text for a reply to an answer, whatever came before it. */
    fun feedback(threshold: Double? = null): Judge<FeedbackFinding> {
        val head = LabelHead(headFor(Slot.USER_FEEDBACK))
        val labels = feedbackLabels(head)
        val known = labels.entries.mapNotNull { (feedback, label) -> label?.let { feedback to it } }.toMap()
        val unknown = (labels.keys - known.keys).joinToString { it.name }
        if (unknown.isNotEmpty()) throw MissingHead(Slot.USER_FEEDBACK, "${head.ref} does not know $unknown")
        val from = threshold ?: modules.userFeedback.threshold
        return head.judge { answer, results ->
            val feedback = FeedbackAnswer(answer, known, from)
            val seen = feedback.seen
            FeedbackFinding(seen.name.lowercase(), known.getValue(seen), feedback.of(seen), answer.abstained, results.coverage())
        }
    }

    /** Judges premises of [hypothesis]. */
    fun entailment(hypothesis: String): Judge<EntailmentFinding> {
        val head = LabelHead(headFor(Slot.NLI))
        return head.judge({ Passage(it, setOf(head.ref), pair = hypothesis) }) { answer, results ->
            val probabilities = head.labels.associateWith(answer::of)
            EntailmentFinding(answer.top, answer.of(answer.top), answer.abstained, probabilities, results.coverage())
        }
    }

    private fun headFor(slot: Slot): NamedHead = catalog.headFor(slot) ?: throw MissingHead(slot, catalog.lackOf(slot))
}

/** Asks this head about the whole of a text. */
private fun <T : Finding> LabelHead.judge(
    passage: (text: String) -> Passage = ::passage,
    find: (Distribution, List<PassageResult>) -> T,
): Judge<T> =
    Judge({ listOf(passage(it)) }) { _, results ->
        val answer = results.single().heads[ref] as? HeadResult.Labels
        if (answer == null || answer.probabilities.size != labels.size) throw noSuchAnswer(ref)
        find(Distribution(labels, answer.probabilities, answer.abstained), results)
    }

/** A guard that has not read everything cannot say that all is well. */
private fun checkRead(results: List<PassageResult>) = unread(results)?.let { throw EncodeFailure.Unavailable(it) }
