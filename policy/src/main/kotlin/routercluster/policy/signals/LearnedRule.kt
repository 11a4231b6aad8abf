package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.NamedHead
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.nearestName
import java.time.Duration
import kotlin.math.exp

/**
 * What every rule of a learned family may say.
 *
 * @property timeout how long a request waits for the signal; null takes the policy's word for the family, or the encoder's
 * @property onError what a failure means in conditions that do not say; null takes the family's
 */
internal class LearnedRule(
    val name: String,
    val at: Location,
    val description: String?,
    private val timeout: Duration?,
    private val onError: OnError?,
) {
    fun terms(type: String, catalog: Catalog, heads: List<NamedHead>, onErrorDefault: OnError = OnError.NO_MATCH) =
        Terms(
            SignalRef(type, name),
            if (heads.any { it.head.remote }) Cost.ASK else Cost.ENCODE,
            timeout ?: catalog.timeoutFor(type, *heads.toTypedArray()),
            onError ?: onErrorDefault,
        )

    /** This rule where its policy may serve although it cannot be read. */
    fun unreadable(
        type: String,
        reason: String,
        labels: Map<String, LabelKind> = emptyMap(),
        needs: ConditionNeeds = ConditionNeeds.NOTHING,
    ): Signal = UnreadableSignal(SignalRef(type, name), onError ?: OnError.NO_MATCH, labels, needs, reason)

    companion object {
        private val timeouts = Duration.ofMillis(1)..Duration.ofMinutes(5)
        private val errorPolicies = OnError.entries.associateBy { it.name.lowercase() }

        fun read(section: Section) =
            LearnedRule(
                section.requiredString("name"),
                section.here,
                section.string("description"),
                section.duration("timeout", timeouts),
                section.oneOf("on_error", errorPolicies),
            )
    }
}

/** A rule of a learned family as written. */
internal abstract class RawLearned(protected val rule: LearnedRule) : RawSignal {
    final override val name: String get() = rule.name
    final override val at: Location get() = rule.at
}

/** What a learned signal is bound to, whatever it reads. */
internal class Terms(val ref: SignalRef, val cost: Cost, val timeout: Duration, val onError: OnError)

/** A signal that asks a head, on its [terms]. */
internal abstract class HeadSignal(protected val terms: Terms) : LearnedSignal {
    final override val ref: SignalRef get() = terms.ref
    final override val cost: Cost get() = terms.cost
    final override val timeout: Duration get() = terms.timeout
    final override val onError: OnError get() = terms.onError

    /** Numbers of the policy that what its head says is held against. */
    open val thresholds: List<HeadThreshold> get() = emptyList()

    /** What a condition's predicate on [label], or on the whole where that is null, looks at lies in; null where that is not known. */
    open fun rangeOf(label: String?): ClosedFloatingPointRange<Double>? = null
}

/** Nothing was found. */
internal val nothing = Reading.Seen(false, 0.0)

internal const val EXEMPLARS_MAX = 1_000
private const val EXEMPLAR_CHARS_MAX = 8_192

/** Whether [exemplars], the list at [at], can be embedded; reports why not. */
internal fun areExemplars(exemplars: List<Text>, at: Location, problems: Problems): Boolean {
    val before = problems.all.size
    if (exemplars.isEmpty()) problems.add(at, "is required", accepted = "a list of at least one text")
    if (exemplars.size > EXEMPLARS_MAX) problems.add(at, "has too many", "${exemplars.size} texts", "at most $EXEMPLARS_MAX")
    exemplars.filter { it.value.isBlank() || it.value.length > EXEMPLAR_CHARS_MAX }.forEach {
        problems.add(it.at, "is not a usable text", "${it.value.length} characters", "1 to $EXEMPLAR_CHARS_MAX characters, not all blank")
    }
    return problems.all.size == before
}

/** Reports [text] as the name of a label that none of [labels] is. */
internal fun unknownLabel(text: Text, head: NamedHead, problems: Problems) {
    val labels = head.head.labels
    problems.add(text.at, "unknown label of the head ${head.ref}", text.value, labels.joinToString(", "), nearestName(text.value, labels))
}

/** Reports that [head] does not tell [label] apart, which the rule at [at] rests on. */
internal fun missingLabel(at: Location, head: LabelHead, label: String, problems: Problems) {
    problems.add(at, "needs a head that knows $label; ${head.ref} does not", head.labels.joinToString(", "))
}

/** How far beyond the edge a score lies, as a confidence: `1 / (1 + exp(-12 * distance))`, so 0.5 on the edge. The seed's slope. */
internal fun edgeConfidence(distance: Double): Double = 1.0 / (1.0 + exp(-EDGE_SLOPE * distance))

private const val EDGE_SLOPE = 12.0
