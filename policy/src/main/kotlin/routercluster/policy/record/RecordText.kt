package routercluster.policy.record

import routercluster.policy.Policy
import routercluster.policy.decisions.EncodeCall
import routercluster.policy.decisions.PassageNote
import routercluster.policy.decisions.number
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.signals.Reading
import java.math.MathContext
import java.time.Duration

/** The record as text for a terminal: what was asked, read, decided and picked. Ends with a line break. */
fun DecisionRecord.render(): String =
    buildString {
        append(table(heading()))
        append(section("SIGNALS", signals.map { listOf(it.ref.toString()) + cells(it.reading) }, "none was read"))
        if (calls.isNotEmpty()) append(section("ENCODERS", calls.flatMap(::cells), "none was asked"))
        if (!projections.isEmpty) append(section("PROJECTIONS", projections.rows(), "none"))
        append(section("DECISIONS", decisions.map(::cells), "none was looked at"))
        append(section("CANDIDATES", candidates.mapIndexed(::cells), "none"))
    }

/** The comparison as text for a terminal. Ends with a line break. */
fun Comparison.render(): String =
    buildString {
        val rows =
            listOf(
                listOf("", "recorded", "replayed"),
                listOf("policy", revisionBefore.take(Policy.REVISION_SHOWN), revisionAfter.take(Policy.REVISION_SHOWN)),
                listOf("recipe", before.recipe ?: "-", after?.let { it.recipe ?: "-" } ?: "?"),
                listOf("decision", before.decision ?: "-", after?.let { it.decision ?: "-" } ?: "?"),
                listOf("action", words(before.action), after?.let { words(it.action) } ?: "?"),
            )
        append(table(rows))
        append('\n')
        append(
            when (isSame) {
                true -> "The outcome is the same.\n"
                false -> "The outcome differs.\n"
                null -> "The outcome cannot be known: the record holds no reading of ${missing.joinToString(", ")}.\n"
            },
        )
        if (!isSamePolicy) append("Readings are the recorded ones: a signal whose rule changed under the same name was not read again.\n")
    }

private fun DecisionRecord.heading(): List<List<String>> =
    listOfNotNull(
        listOf("record", id),
        listOf("time", time.toString()),
        listOf("policy", revision),
        listOf("asked", asked),
        recipe?.let { listOf("recipe", it) },
        recipe?.let { listOf("decision", decision?.let { name -> "$name (confidence ${number(confidence)})" } ?: "none") },
        traits.arm?.let { listOf("experiment", "${it.experiment}: arm ${it.arm}") },
        listOf("action", words(action)),
        request?.let { listOf("request", words(it)) },
        usage?.let { listOf("usage", words(it)) },
        end?.let { listOf("end", words(it)) },
        verdicts.takeIf { it != VerdictSums.NONE }?.let { listOf("verdicts", words(it)) },
    )

private fun words(action: ActionNote): String =
    when (action.kind) {
        ActionNote.Kind.FORWARD -> "forward to ${action.model}"
        ActionNote.Kind.ANSWER -> "answer: ${action.message}"
        ActionNote.Kind.REFUSE -> "refuse with ${action.status} ${action.code}: ${action.message}"
    }

private fun words(shape: RequestShape): String =
    "${shape.messages} messages, ${shape.images} images, ${shape.tools} tools, ${shape.metadataEntries} metadata entries, " +
        "${shape.textLength} characters (${shape.userTextLength} in the last user message), " +
        if (shape.isIdentified) "caller named" else "caller not named"

private fun words(usage: UsageNote): String {
    val tokens =
        usage.promptTokens?.let {
            "$it prompt and ${usage.completionTokens} completion tokens${if (usage.estimated) ", estimated" else ""}"
        }
    val cost =
        usage.cost?.let {
            val estimated = if (usage.costEstimated > 0) ", of which ${price(usage.costEstimated)} estimated" else ""
            "${price(it)} ${usage.currency}$estimated"
        }
    return listOfNotNull(tokens, cost).joinToString("; ")
}

private fun words(end: EndNote): String =
    listOfNotNull(
        "${end.status}${end.error?.let { " $it" }.orEmpty()}",
        end.firstByte?.let { "first byte after ${shown(it)} ms" },
        "ended after ${shown(end.total)} ms",
    ).joinToString()

private fun words(verdicts: VerdictSums): String =
    listOf(
        "good fit" to verdicts.goodFit,
        "underpowered" to verdicts.underpowered,
        "overprovisioned" to verdicts.overprovisioned,
        "failed" to verdicts.failed,
    ).filter { it.second > 0 }
        .joinToString { (what, thousandths) -> "$what ${number(thousandths.toDouble() / VerdictSums.WHOLE)}" }

/** Prices of single answers are often far below a cent. */
private fun price(amount: Double): String = amount
    .toBigDecimal()
    .round(MathContext(4))
    .stripTrailingZeros()
    .toPlainString()

private fun cells(reading: Reading): List<String> =
    when (reading) {
        is Reading.Failed -> {
            listOf("failed", "", reading.reason)
        }

        is Reading.Seen -> {
            listOf(
                if (reading.matched) "matched" else "not matched",
                number(reading.confidence),
                listOfNotNull(
                    reading.value?.let { "value ${number(it)}" },
                    reading.found.takeIf { it.isNotEmpty() }?.joinToString(", "),
                    reading.labels
                        .takeIf { it.isNotEmpty() }
                        ?.map { (label, part) -> "$label ${words(part)}" }
                        ?.joinToString(", "),
                ).joinToString("; "),
            )
        }
    }

private fun words(part: Reading.Seen): String = part.value?.let(::number) ?: if (part.matched) "yes" else "no"

/** One row a passage; a row alone for a call that failed. */
private fun cells(call: EncodeCall): List<List<String>> {
    val asked = call.signals.joinToString(", ").ifEmpty { "selection" }
    val time = "${shown(call.took)} ms"
    if (call.failure != null) return listOf(listOf(asked, time, "failed", call.failure))
    val spent = call.spent.map { (model, tokens) ->
        listOf("", "", model, "${tokens.promptTokens} prompt and ${tokens.completionTokens} completion tokens")
    }
    val read = call.passages.mapIndexed { index, passage ->
        val heads = passage.heads.joinToString(", ") { it.head }
        val first = index == 0
        val pass = "batch ${call.batch}, waited ${shown(call.waited)} ms, computed ${shown(call.computed)} ms".takeIf { first }
        listOf(if (first) asked else "", if (first) time else "", words(passage), listOfNotNull(heads, pass).joinToString("; "))
    }
    return read + spent
}

private fun words(passage: PassageNote): String {
    val coverage = passage.coverage ?: return "${passage.characters} characters"
    val windows = if (coverage.windows == 1) "1 window" else "${coverage.windows} windows"
    val read = if (coverage.isWhole) "" else ", only ${coverage.charactersRead} of ${coverage.characters} read"
    return "${passage.characters} characters in $windows$read"
}

private fun shown(duration: Duration): String = number(millis(duration))

private fun cells(note: DecisionNote): List<String> =
    listOf(if (note.picked) "* ${note.name}" else "  ${note.name}", note.truth.name.lowercase(), number(note.confidence), note.reason)

private fun cells(index: Int, note: CandidateNote): List<String> {
    val name = note.lora?.let { "${note.model} (lora $it)" } ?: note.model
    val parts = note.parts
        .takeIf { it.isNotEmpty() }
        ?.map { (part, value) -> "$part ${number(value)}" }
        ?.joinToString()
    val chance = note.propensity?.takeIf { it > 0.0 && it < 1.0 }?.let { "first with a chance of ${number(it)}" }
    return listOf("${index + 1}. $name", number(note.score), listOfNotNull(note.reason, parts, chance, note.notTaken).joinToString("; "))
}

private fun section(title: String, rows: List<List<String>>, whenEmpty: String): String =
    "\n$title\n" + table(rows.ifEmpty { listOf(listOf(whenEmpty)) }).prependIndent("  ").trimEnd() + "\n"

/** Rows with their columns aligned, two spaces apart; the last column is as long as it is. Each row is one line. */
private fun table(written: List<List<String>>): String {
    val rows = written.map { row -> row.map { it.replace('\n', ' ') } }
    val widths = (0 until rows.maxOf { it.size }).map { column -> rows.maxOf { it.getOrElse(column) { "" }.length } }
    return rows.joinToString("") { row -> row.mapIndexed { column, it -> it.padEnd(widths[column]) }.joinToString("  ").trimEnd() + "\n" }
}
