package routercluster.policy.config.format

import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import routercluster.policy.config.parseNumber

/**
 * Reads what [fields] describes as not built: checks it like everything else, and notes what a file asks for and will not get.
 * What is switched off is checked and asks for nothing.
 */
internal fun Section.readInactive(fields: Fields) {
    refuseFormer(fields)
    fields.all.forEach { field -> (field.status as? Status.NotBuilt)?.let { readInactive(field, it.feature) } }
}

/** Refuses the keys of this mapping that are from before v0.3, with what came in their place. */
internal fun Section.refuseFormer(fields: Fields) =
    fields.former.forEach { (key, now) -> refuse(key, "is a name from before v0.3", accepted = now) }

/** As the other, for the one [field], whose feature is [feature]. */
internal fun Section.readInactive(field: Field, feature: Feature) {
    check(field)
    if (asksFor(field)) problems.inactive(feature, atKey(field.key))
}

/** Checks every key of this mapping against [fields], and notes nothing: it is switched off. */
internal fun Section.checkQuietly(fields: Fields) {
    refuseFormer(fields)
    fields.all.forEach(::check)
}

/** Whether the value of [field] is there and does not switch its feature off. */
private fun Section.asksFor(field: Field): Boolean =
    when (val kind = field.kind) {
        is Kind.Part -> section(field.key)?.isOn(kind.fields) ?: false
        is Kind.Parts -> sections(field.key).any { it.isOn(kind.fields) }
        is Kind.Texts -> texts(field.key).isNotEmpty()
        is Kind.Text -> !string(field.key).isNullOrBlank()
        Kind.Flag, is Kind.Whole, is Kind.Number, is Kind.Time, is Kind.Size, is Kind.Choice -> has(field.key)
        is Kind.Numbers, Kind.TextLists, is Kind.Named, is Kind.Same, Kind.Anything -> has(field.key)
    }

/** Whether a mapping that [fields] describes is switched on. */
internal fun Section.isOn(fields: Fields): Boolean {
    val switches = listOfNotNull("enabled" to "false", fields.off)
    return switches.none { (key, off) -> fields.all.firstOrNull { it.key == key }?.let { valueOf(it) == off } ?: false }
}

private fun Section.valueOf(field: Field): String? =
    (if (field.kind == Kind.Flag) boolean(field.key)?.toString() else string(field.key)) ?: field.default

/** Checks every key of this mapping against [fields]; what has a feature of its own is noted too. */
internal fun Section.checkAll(fields: Fields) {
    refuseFormer(fields)
    fields.all.forEach { field ->
        val status = field.status
        if (status is Status.NotBuilt) readInactive(field, status.feature) else check(field)
    }
    fields.cases?.let(::checkCases)
}

private fun Section.checkCases(cases: Cases) {
    val value = string(cases.by) ?: return
    val case = cases.byValue[value] ?: return
    section(cases.slot ?: value)?.checkAll(case.fields)
}

private fun Section.check(field: Field) {
    val key = field.key
    if (field.required && !has(key)) problems.add(at(key), "is required", accepted = acceptedBy(field.kind))
    checkValue(key, field.kind)
}

private fun Section.checkValue(key: String, kind: Kind) {
    when (kind) {
        is Kind.Text -> if (kind.secret) secret(key) else string(key)
        Kind.Flag -> boolean(key)
        is Kind.Whole -> if (kind.word == null || string(key) != kind.word) int(key, kind.range)
        is Kind.Number -> double(key, kind.range)
        is Kind.Time -> duration(key, kind.range)
        is Kind.Size -> bytes(key, kind.range)
        is Kind.Choice -> oneOf(key, kind.accepted.associateWith { it }, kind.refused)
        is Kind.Texts -> checkTexts(key, kind)
        is Kind.Numbers -> checkNumbers(key, kind)
        is Kind.TextLists -> stringLists(key)
        is Kind.Part -> section(key)?.checkAll(kind.fields)
        is Kind.Parts -> sections(key).forEach { it.checkAll(kind.fields) }
        is Kind.Named -> section(key)?.let { named -> named.keys.forEach { named.checkValue(it, kind.value) } }
        is Kind.Same, Kind.Anything -> anything(key)
    }
}

private fun Section.checkTexts(key: String, kind: Kind.Texts) {
    val words = kind.words
    val texts = texts(key)
    if (words != null) texts.forEach { choose(it, words.associateWith { word -> word }, emptyList(), problems) }
}

private fun Section.checkNumbers(key: String, kind: Kind.Numbers) =
    texts(key).forEach { text: Text ->
        if (parseNumber(text.value)?.let { it in kind.range } != true) {
            problems.add(text.at, "wrong value", text.value, "a number from ${kind.range.start} to ${kind.range.endInclusive}")
        }
    }

/** What a value of [kind] is, in a message. */
internal fun acceptedBy(kind: Kind): String =
    when (kind) {
        is Kind.Text -> "a non-empty string"
        Kind.Flag -> "true or false"
        is Kind.Whole -> "a whole number from ${kind.range.first} to ${kind.range.last}" + kind.word?.let { ", or $it" }.orEmpty()
        is Kind.Number -> "a number from ${kind.range.start} to ${kind.range.endInclusive}"
        is Kind.Time -> "a duration such as 250ms, 30s, 5m or 1h"
        is Kind.Size -> "a size such as 4096, 64KiB or 32MiB"
        is Kind.Choice -> kind.accepted.joinToString(", ")
        is Kind.Texts, is Kind.Numbers, Kind.TextLists, is Kind.Parts -> "a list"
        is Kind.Part, is Kind.Named, is Kind.Same -> "a mapping"
        Kind.Anything -> "any value"
    }
