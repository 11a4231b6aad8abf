package routercluster.policy.config.format

import java.time.Duration

/**
 * Describes a mapping.
 *
 * @param off a key and the value of it that switches the mapping off
 */
internal fun fields(off: Pair<String, String>? = null, acts: String? = null, build: FieldsBuilder.() -> Unit): Fields =
    FieldsBuilder().apply(build).build(off, acts)

/** Collects the keys of one mapping, in the order in which documents show them. */
internal class FieldsBuilder {
    private val all = mutableListOf<Field>()
    private val former = mutableMapOf<String, String>()
    private var cases: Cases? = null

    fun build(off: Pair<String, String>?, acts: String?) = Fields(all.toList(), cases, off, acts, former.toMap())

    /** Keys from before v0.3, in whose place [now] came. */
    fun former(vararg keys: String, now: String) = keys.forEach { former[it] = now }

    fun text(key: String, meaning: String, default: String? = null, required: Boolean = false, unit: String? = null) =
        add(Field(key, Kind.Text(), meaning, default, required, unit))

    fun name(meaning: String) = text("name", meaning, required = true)

    /** A text that only readers look at. */
    fun note(key: String, meaning: String = "What it is for.") = add(Field(key, Kind.Text(), meaning, status = Status.Note))

    fun secret(key: String, meaning: String) = add(Field(key, Kind.Text(secret = true), meaning))

    fun flag(key: String, meaning: String, default: Boolean? = null) = add(Field(key, Kind.Flag, meaning, default?.toString()))

    fun enabled(default: Boolean = true) = flag("enabled", "Whether it is on.", default)

    fun whole(key: String, range: IntRange, meaning: String, default: Int? = null, required: Boolean = false, unit: String? = null) {
        val kind = Kind.Whole(range)
        add(Field(key, kind, meaning, default?.toString(), required, unit ?: unitOf(key, kind)))
    }

    fun wholeOr(word: String, key: String, range: IntRange, meaning: String) = add(Field(key, Kind.Whole(range, word), meaning, word))

    fun number(
        key: String,
        range: ClosedFloatingPointRange<Double>,
        meaning: String,
        default: Double? = null,
        required: Boolean = false,
    ) = add(Field(key, Kind.Number(range), meaning, default?.toString(), required))

    /** A number from 0 to 1. */
    fun share(key: String, meaning: String, default: Double? = null, notBuilt: Feature? = null) =
        add(Field(key, Kind.Number(0.0..1.0), meaning, default?.toString(), status = notBuilt?.let(Status::NotBuilt)))

    fun time(key: String, range: ClosedRange<Duration>, meaning: String, default: String? = null) =
        add(Field(key, Kind.Time(range), meaning, default))

    fun size(key: String, range: LongRange, meaning: String, default: String? = null) = add(Field(key, Kind.Size(range), meaning, default))

    fun choice(
        key: String,
        words: List<String>,
        meaning: String,
        default: String? = null,
        required: Boolean = false,
        notBuilt: Map<String, Feature> = emptyMap(),
        refused: List<String> = emptyList(),
    ) = add(Field(key, Kind.Choice(words, notBuilt, refused), meaning, default, required))

    fun texts(key: String, meaning: String, words: List<String>? = null, default: String? = null, notBuilt: Feature? = null) =
        add(Field(key, Kind.Texts(words), meaning, default, status = notBuilt?.let(Status::NotBuilt)))

    fun part(key: String, meaning: String, fields: Fields, required: Boolean = false, notBuilt: Feature? = null) =
        add(Field(key, Kind.Part(fields), meaning, required = required, status = notBuilt?.let(Status::NotBuilt)))

    fun part(key: String, meaning: String, notBuilt: Feature? = null, acts: String? = null, build: FieldsBuilder.() -> Unit) =
        part(key, meaning, fields(acts = acts, build = build), notBuilt = notBuilt)

    fun parts(key: String, meaning: String, fields: Fields, notBuilt: Feature? = null, required: Boolean = false) =
        add(Field(key, Kind.Parts(fields), meaning, required = required, status = notBuilt?.let(Status::NotBuilt)))

    fun parts(key: String, meaning: String, notBuilt: Feature? = null, acts: String? = null, build: FieldsBuilder.() -> Unit) =
        parts(key, meaning, fields(acts = acts, build = build), notBuilt)

    fun named(key: String, meaning: String, value: Kind, status: Status? = null) = add(
        Field(key, Kind.Named(value), meaning, status = status),
    )

    fun textMap(key: String, meaning: String, secret: Boolean = false) = named(key, meaning, Kind.Text(secret))

    fun field(key: String, kind: Kind, meaning: String, required: Boolean = false, status: Status? = null) =
        add(Field(key, kind, meaning, required = required, status = status))

    /** Mappings of which the value of [by] chooses one, under [slot] or else under the value itself. */
    fun cases(by: String, slot: String?, byValue: Map<String, Case>) {
        cases = Cases(by, slot, byValue)
    }

    private fun add(field: Field) {
        require(all.none { it.key == field.key }) { "${field.key} is described twice" }
        all += field
    }
}
