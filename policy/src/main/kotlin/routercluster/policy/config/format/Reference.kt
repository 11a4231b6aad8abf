package routercluster.policy.config.format

import routercluster.policy.config.durationText

/** `docs/config-reference.md`: every field of the format in one table per part. */
fun configReference(): String =
    buildString {
        append(INTRODUCTION)
        append(features())
        val rows = Rows().of(rootFormat, "", Place("everywhere", Status.Works))
        rows.groupBy { it.path.substringBefore('.').substringBefore('[') }.forEach { (part, fields) ->
            append("\n## $part\n\n").append(TABLE_HEAD)
            fields.forEach { append(it.line()) }
        }
    }

private const val TABLE_HEAD =
    "| field | type | default | unit | accepted | acts on | status | meaning |\n|---|---|---|---|---|---|---|---|\n"

private const val INTRODUCTION =
    """# Fields of a policy file

Made from the description in `policy/config/format`, which also checks files; a test keeps it so. `[]` is an entry of a list, `<name>`
a key of one's own, and a word in parentheses the case that a field belongs to.

Status: **works**; **note** is checked, and nothing depends on it; **inactive** is checked, and its feature is not built yet: `router serve`
refuses a policy that asks for one unless it is started with `--allow-inactive`. A part with `enabled: false` asks for nothing.

## Features that are not built yet

| feature | protects | without it |
|---|---|---|
"""

private fun features(): String =
    Feature.entries.joinToString("") { "| ${it.label} | ${if (it.isSecurity) "yes" else ""} | ${it.without} |\n" }

/** What a mapping hands down to its keys. */
private class Place(val acts: String, val status: Status)

private class Row(val path: String, val field: Field, val place: Place) {
    fun line(): String {
        val kind = field.kind
        val cells =
            listOf(
                "`$path`",
                typeOf(kind),
                if (field.required) "required" else field.default?.let { "`$it`" }.orEmpty(),
                field.unit.orEmpty(),
                valuesOf(kind),
                place.acts,
                statusText(),
                field.meaning,
            )
        return cells.joinToString(" | ", "| ", " |\n") { it.replace("|", "\\|") }
    }

    private fun statusText(): String {
        val words = (field.kind as? Kind.Choice)?.notBuilt.orEmpty()
        val some = words.entries.groupBy({ it.value.label }, { it.key }).map { (feature, of) -> "$feature for ${of.joinToString(", ")}" }
        return statusOf(place.status) + if (some.isEmpty()) "" else "; inactive: ${some.joinToString("; ")}"
    }
}

internal fun statusOf(status: Status): String =
    when (status) {
        Status.Works -> "works"
        Status.Note -> "note"
        is Status.NotBuilt -> "inactive: ${status.feature.label}"
    }

internal fun typeOf(kind: Kind): String =
    when (kind) {
        is Kind.Text -> if (kind.secret) "secret" else "text"
        is Kind.Flag -> "yes or no"
        is Kind.Whole -> "whole number"
        is Kind.Number -> "number"
        is Kind.Time -> "duration"
        is Kind.Size -> "size"
        is Kind.Choice -> "word"
        is Kind.Texts -> "list of texts"
        is Kind.Numbers -> "list of numbers"
        Kind.TextLists -> "list of lists of texts"
        is Kind.Part, is Kind.Named -> "mapping"
        is Kind.Parts -> "list of mappings"
        is Kind.Same -> if (kind.list) "list of mappings" else "mapping"
        Kind.Anything -> "anything"
    }

internal fun valuesOf(kind: Kind): String =
    when (kind) {
        is Kind.Flag -> "true, false"

        is Kind.Whole -> "${kind.range.first} to ${kind.range.last}" + kind.word?.let { ", or $it" }.orEmpty()

        is Kind.Number -> "${kind.range.start} to ${kind.range.endInclusive}"

        is Kind.Time -> "${durationText(kind.range.start)} to ${durationText(kind.range.endInclusive)}"

        is Kind.Size -> "${kind.range.first} to ${kind.range.last}"

        is Kind.Choice -> kind.accepted.joinToString(", ") +
            if (kind.refused.isEmpty()) "" else "; refused: ${kind.refused.joinToString(", ")}"

        is Kind.Texts -> kind.words?.joinToString(", ").orEmpty()

        is Kind.Numbers -> "${kind.range.start} to ${kind.range.endInclusive} each"

        is Kind.Named -> "each value: ${typeOf(kind.value)} ${valuesOf(kind.value)}".trim()

        is Kind.Same -> "as `${kind.path}`"

        is Kind.Text, Kind.TextLists, is Kind.Part, is Kind.Parts, Kind.Anything -> ""
    }

/** Walks the description. */
private class Rows {
    fun of(fields: Fields, path: String, place: Place): List<Row> {
        val own = Place(fields.acts ?: place.acts, place.status)
        val rows = fields.all.flatMap { field -> ofField(field, if (path.isEmpty()) field.key else "$path.${field.key}", own) }
        return rows + ofCases(fields.cases, path, own)
    }

    private fun ofField(field: Field, path: String, place: Place): List<Row> {
        val own = Place(place.acts, field.status ?: place.status)
        return listOf(Row(path, field, own)) + below(field.kind, path, own)
    }

    private fun below(kind: Kind, path: String, place: Place): List<Row> =
        when (kind) {
            is Kind.Part -> of(kind.fields, path, place)
            is Kind.Parts -> of(kind.fields, "$path[]", place)
            is Kind.Named -> below(kind.value, "$path.<name>", place)
            is Kind.Text, Kind.Flag, is Kind.Whole, is Kind.Number, is Kind.Time, is Kind.Size, is Kind.Choice -> emptyList()
            is Kind.Texts, is Kind.Numbers, Kind.TextLists, is Kind.Same, Kind.Anything -> emptyList()
        }

    private fun ofCases(cases: Cases?, path: String, place: Place): List<Row> =
        cases?.byValue.orEmpty().flatMap { (value, case) ->
            val slot = cases?.slot?.let { "$path.$it($value)" } ?: "$path.$value"
            val own = Place(place.acts, case.status ?: place.status)
            listOf(Row(slot, Field(value, Kind.Part(case.fields), case.meaning), own)) + of(case.fields, slot, own)
        }
}
