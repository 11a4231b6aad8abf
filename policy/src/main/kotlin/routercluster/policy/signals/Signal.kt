package routercluster.policy.signals

import routercluster.policy.request.Facts

/** How a condition names a signal: its family's leaf type and the rule's name, e.g. `keyword:urgent`. */
data class SignalRef(val type: String, val name: String) {
    override fun toString(): String = "$type:$name"
}

/**
 * What reading a signal costs, in order of size; lazy evaluation asks the cheaper first.
 *
 * [FIELD] looks at facts already parsed, [SCAN] passes over the text once, [ANALYSIS] takes longer than all others together,
 * [ENCODE] waits for an encoder of this cluster, [ASK] for a service outside it.
 */
enum class Cost { FIELD, SCAN, ANALYSIS, ENCODE, ASK }

/**
 * What to do in a condition whose signal could not be read: treat it as matched, as not matched, or refuse the request.
 * Signals that grant rights or protect default to [BLOCK]; all others to [NO_MATCH].
 */
enum class OnError { MATCH, NO_MATCH, BLOCK }

/**
 * What a signal found in one request.
 */
sealed interface Reading {
    /**
     * @property matched whether the rule holds
     * @property confidence 0..1; 1.0 where the family knows only yes and no
     * @property value the raw number behind the rule (a count, a density, a score), where there is one
     * @property found what was found, for `explain` and headers; names from the policy, never the prompt's own text
     * @property labels the parts that a condition may ask for by its `label`, judged like a whole reading; parts have none below
     */
    data class Seen(
        val matched: Boolean,
        val confidence: Double = 1.0,
        val value: Double? = null,
        val found: List<String> = emptyList(),
        val labels: Map<String, Seen> = emptyMap(),
    ) : Reading {
        /** The part called [label], one that did not match where there is none; the whole where [label] is null. */
        fun part(label: String?): Seen = if (label == null) this else labels[label] ?: ABSENT

        private companion object {
            val ABSENT = Seen(false, 0.0)
        }
    }

    /** The signal could not be read; [reason] is safe to show to an operator. */
    data class Failed(val reason: String) : Reading
}

/** What a condition on a signal must say beside its name. */
enum class ConditionNeeds { NOTHING, LABEL_OR_PREDICATE, LABEL }

/** A [FLAG] holds or does not, so a predicate on it is optional; a [NUMBER] says nothing without one. */
enum class LabelKind { FLAG, NUMBER }

/**
 * One rule that reads a request. Pure: the same facts give the same reading, and it never throws.
 */
interface Signal {
    val ref: SignalRef
    val cost: Cost

    /** The error policy of conditions that do not set their own. */
    val onError: OnError get() = OnError.NO_MATCH

    /** What conditions may name as their `label`: the keys of [Reading.Seen.labels], whether or not a reading has them all. */
    val labels: Map<String, LabelKind> get() = emptyMap()

    val conditionNeeds: ConditionNeeds get() = ConditionNeeds.NOTHING

    fun read(facts: Facts): Reading
}
