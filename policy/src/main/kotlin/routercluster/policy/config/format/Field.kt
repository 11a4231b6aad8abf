package routercluster.policy.config.format

import java.time.Duration

/** Whether a field does something. */
sealed interface Status {
    data object Works : Status

    /** Checked, and nothing depends on it: it is there for readers and other tools. */
    data object Note : Status

    /** Checked, and its feature is not built yet. */
    data class NotBuilt(val feature: Feature) : Status
}

/**
 * One key of the format.
 *
 * @property default as a file would write it; null where leaving the key out means that there is none
 * @property unit null for a bare number, a word, a mapping
 * @property status null as that of the mapping it stands in
 */
class Field(
    val key: String,
    val kind: Kind,
    val meaning: String,
    val default: String? = null,
    val required: Boolean = false,
    val unit: String? = unitOf(key, kind),
    val status: Status? = null,
)

/** What the value of a field may be. */
sealed interface Kind {
    /** @property secret no message shows the value */
    class Text(val secret: Boolean = false) : Kind

    data object Flag : Kind

    /** @property word stands for a number that is worked out */
    class Whole(val range: IntRange, val word: String? = null) : Kind

    class Number(val range: ClosedFloatingPointRange<Double>) : Kind

    class Time(val range: ClosedRange<Duration>) : Kind

    class Size(val range: LongRange) : Kind

    /**
     * One word of a few.
     *
     * @property notBuilt words whose feature is not built yet
     * @property refused words that the seed knows and that are refused here
     */
    class Choice(val words: List<String>, val notBuilt: Map<String, Feature> = emptyMap(), val refused: List<String> = emptyList()) : Kind {
        val accepted: List<String> get() = words + notBuilt.keys
    }

    /** @property words what each may be; null for any text */
    class Texts(val words: List<String>? = null) : Kind

    class Numbers(val range: ClosedFloatingPointRange<Double>) : Kind

    data object TextLists : Kind

    /** A mapping. */
    class Part(val fields: Fields) : Kind

    /** A list of mappings. */
    class Parts(val fields: Fields) : Kind

    /** A mapping whose keys are the author's: each value is a [value]. */
    class Named(val value: Kind) : Kind

    /** A mapping or a list of mappings as described at [path], which may hold this field again. */
    class Same(val path: String, val list: Boolean = false) : Kind

    /** Handed on as it is written. */
    data object Anything : Kind
}

/**
 * The keys of a mapping.
 *
 * @property cases further keys that depend on the value of one of them
 * @property off the value of a key that switches the mapping off; null where nothing does
 * @property acts where the mapping makes a difference; null as that of the mapping it stands in
 * @property former keys from before v0.3, with what came in their place
 */
class Fields(
    val all: List<Field>,
    val cases: Cases? = null,
    val off: Pair<String, String>? = null,
    val acts: String? = null,
    val former: Map<String, String> = emptyMap(),
) {
    operator fun get(key: String): Field = all.first { it.key == key }
}

/**
 * Mappings of which the value of [by] chooses one.
 *
 * @property slot the key that the mapping stands under; null where it stands under the value itself
 */
class Cases(val by: String, val slot: String?, val byValue: Map<String, Case>)

/** @property status null as that of the mapping it stands in */
class Case(val meaning: String, val fields: Fields, val status: Status? = null)

private val unitsByEnding =
    listOf(
        "_seconds" to "s",
        "_sec" to "s",
        "_ms" to "ms",
        "_days" to "days",
        "_bytes" to "bytes",
        "_mb" to "MB",
        "_percent" to "%",
        "_per_1m" to "currency per million tokens",
        "_turns" to "turns",
        "tokens" to "tokens",
    )

/** What the end of a key says of its unit. */
internal fun unitOf(key: String, kind: Kind): String? {
    if (kind is Kind.Time) return "duration: ms, s, m, h"
    if (kind is Kind.Size) return "bytes, KiB, MiB, GiB"
    val isNumber = kind is Kind.Whole || kind is Kind.Number
    return if (isNumber) unitsByEnding.firstOrNull { (ending, _) -> key.endsWith(ending) }?.second else null
}
