package routercluster.policy.classify

import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Span
import routercluster.policy.signals.decimal
import java.text.BreakIterator
import java.util.Locale

/** What was found in one text, judged as routing judges it. */
sealed interface Finding {
    /** The outcome in a word. */
    val label: String

    /** 0..1, of [label]. */
    val confidence: Double

    /** Whether the head would rather not say. Topics then match no rule; guards go by their probabilities all the same. */
    val abstained: Boolean

    val coverage: Coverage
}

/**
 * What a text is about: a rule for the category [label] alone would match it, unless the head abstained.
 *
 * @property label the first choice where it reaches the threshold, else the policy's fallback category
 * @property entropy 0..1, whatever the number of categories
 * @property probabilities of every category of the head
 */
class TopicFinding(
    override val label: String,
    override val confidence: Double,
    override val abstained: Boolean,
    val entropy: Double,
    val probabilities: Map<String, Double>,
    override val coverage: Coverage,
) : Finding

/**
 * Whether a text tries to break a model's rules.
 *
 * @property risk probability of a threat in the worst piece of the text, 0..1
 * @property threats the head's labels that it was found by, the likeliest first; empty where it is none
 * @property threshold from which [risk] counts
 */
class ThreatFinding(
    val isThreat: Boolean,
    val risk: Double,
    val threats: List<String>,
    val threshold: Double,
    override val abstained: Boolean,
    override val coverage: Coverage,
) : Finding {
    override val label: String get() = if (isThreat) "jailbreak" else "benign"
    override val confidence: Double get() = if (isThreat) risk else 1.0 - risk
}

/** Whether a text asks for facts that can be wrong; [label] is the name that a rule for it would have. */
class FactCheckFinding(
    val needed: Boolean,
    override val confidence: Double,
    override val abstained: Boolean,
    override val coverage: Coverage,
) : Finding {
    override val label: String get() = if (needed) "needs_fact_check" else "no_fact_check_needed"
}

/**
 * What a user makes of the answer before.
 *
 * @property label the name that a rule for it would have
 * @property headLabel what the head calls it
 */
class FeedbackFinding(
    override val label: String,
    val headLabel: String,
    override val confidence: Double,
    override val abstained: Boolean,
    override val coverage: Coverage,
) : Finding

/** Whether a premise entails a hypothesis; [label] and [probabilities] are named as the head names them. */
class EntailmentFinding(
    override val label: String,
    override val confidence: Double,
    override val abstained: Boolean,
    val probabilities: Map<String, Double>,
    override val coverage: Coverage,
) : Finding

/**
 * Personal data in [text].
 *
 * @property entities in the order of the text. They hold whole characters: marks go with the letter that they stand on
 * @property confidence of the surest entity; 1 where there is none
 */
class PiiFinding internal constructor(private val text: String, val entities: List<Entity>, override val coverage: Coverage) : Finding {
    override val label: String get() = if (entities.isEmpty()) "none" else "pii"
    override val confidence: Double get() = entities.maxOfOrNull { it.confidence } ?: 1.0
    override val abstained: Boolean get() = false

    fun textOf(entity: Entity): String = text.substring(entity.utf16.first, entity.utf16.last + 1)

    /** The text with every entity replaced by its mask; entities that overlap by the mask of the first. */
    fun masked(): String {
        val masked = StringBuilder()
        var at = 0
        for (entity in entities) {
            if (entity.utf16.first >= at) masked.append(text, at, entity.utf16.first).append(entity.mask)
            at = maxOf(at, entity.utf16.last + 1)
        }
        return masked.append(text, at, text.length).toString()
    }
}

/**
 * A piece of personal data.
 *
 * @property utf16 its place in UTF-16 units
 * @property codePoints its place in code points
 */
class Entity internal constructor(val type: String, val confidence: Double, val utf16: IntRange, val codePoints: IntRange) {
    val mask: String get() = "[$type]"
}

/**
 * The [spans] of [text] in its order, each widened to whole characters, and counted both ways.
 *
 * @throws EncodeFailure.Unavailable for a span that is not in the text
 */
internal fun entitiesOf(text: String, spans: List<Span>): List<Entity> {
    if (spans.any { it.start !in 0..it.end || it.end > text.length }) {
        throw EncodeFailure.Unavailable("the encoder found something outside the text")
    }
    val characters = BreakIterator.getCharacterInstance(Locale.ROOT).apply { setText(text) }
    val wide =
        spans.map {
            val start = if (characters.isBoundary(it.start)) it.start else characters.preceding(it.start)
            val end = if (characters.isBoundary(it.end)) it.end else characters.following(it.end)
            it.copy(start = start, end = end)
        }
    var unit = 0
    var point = 0
    return wide.sortedWith(compareBy({ it.start }, { -it.end })).map {
        point += text.codePointCount(unit, it.start)
        unit = it.start
        val codePoints = point until point + text.codePointCount(it.start, it.end)
        Entity(it.label, decimal(it.confidence), it.start until it.end, codePoints)
    }
}
