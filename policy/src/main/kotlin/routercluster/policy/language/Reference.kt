package routercluster.policy.language

import routercluster.policy.config.format.Field
import routercluster.policy.config.format.Fields
import routercluster.policy.config.format.Kind
import routercluster.policy.config.format.Status
import routercluster.policy.config.format.algorithmFormat
import routercluster.policy.config.format.pluginFormat
import routercluster.policy.config.format.projectionsFormat
import routercluster.policy.config.format.signalsFormat
import routercluster.policy.config.formatSignals
import routercluster.policy.dsl.projectionLists

/** The policy language for a model: its statements, and every field that does something, from the description that files are checked by. */
internal val languageReference: String by lazy {
    listOf(
        STATEMENTS,
        "Signals:",
        signals(),
        "Projections:",
        projections(),
        "Types of plugins:",
        plugins(),
        "Types of algorithms:",
        algorithms(),
    ).joinToString("\n")
}

/** Bounds beyond it are no more than a guard against nonsense. */
private const val NUMBER_SHOWN_MAX = 1_000.0

private const val STATEMENTS =
    """Statements, in any order at the top:
SIGNAL type name { fields }                 reads something from a request
PROJECTION kind name { fields }             groups and scores of signals
PLUGIN name type { fields }                 a template for routes
ROUTE name (description = "…") {            what happens to the requests that meet its condition
  PRIORITY whole number                     of the routes that match, the highest wins
  WHEN condition                            left out, it matches always
  MODEL name (reasoning = true, effort = "high"), name    the first is used, the others stand in; left out, the default model
  ALGORITHM type
  PLUGIN nameOrType { fields }
}
TEST name { "query" -> route }              what must hold; queries in double quotes
A condition is type("name") of a SIGNAL that is declared, or projection("output"), joined with AND, OR, NOT and parentheses.
complexity conditions name a level: complexity("name:hard"), "name:medium", "name:easy". modality, fact_check and user_feedback signals are named as their outcome.
language signals are named by their ISO 639-1 code. domain signals are named as their topic, or list topics in mmlu_categories.
To refuse a request, give its route no MODEL and PLUGIN fast_response { message: "…" }.
Texts stand in double quotes, lists in [ ], fields are `key: value`. Names are letters, digits and _ - . / or stand in double quotes. Comments begin with #.
"""

private fun signals() =
    signalsFormat.all.joinToString("\n") { field ->
        "SIGNAL ${formatSignals.getValue(field.key)} name ${declared(field)}  # ${field.meaning}"
    }

private fun projections() =
    projectionLists.entries.joinToString("\n") { (kind, list) ->
        "PROJECTION $kind name ${declared(projectionsFormat[list])}  # ${projectionsFormat[list].meaning}"
    }

private fun plugins() =
    built(pluginFormat).joinToString("\n") { (type, case) -> "PLUGIN $type ${block(case.fields)}  # ${case.meaning}" }

private fun algorithms() =
    built(algorithmFormat).joinToString("\n") { (type, case) -> "ALGORITHM $type  # ${case.meaning}" }

private fun built(fields: Fields) =
    fields.cases
        ?.byValue
        .orEmpty()
        .filterValues { it.status !is Status.NotBuilt }
        .toList()

/** The block of a declaration, whose name stands before it. */
private fun declared(field: Field): String = block(Fields((field.kind as Kind.Parts).fields.all.filter { it.key != "name" }))

private fun block(fields: Fields): String =
    fields.all.filter { it.status == null || it.status == Status.Works }.joinToString(", ", "{ ", " }") { field ->
        "${field.key}: ${shape(field.kind)}" + if (field.required) " (required)" else ""
    }

private fun shape(kind: Kind): String =
    when (kind) {
        is Kind.Text, is Kind.Size -> "\"text\""
        Kind.Flag -> "true|false"
        is Kind.Whole -> "${kind.range.first}..${kind.range.last}"
        is Kind.Number -> if (kind.range.endInclusive > NUMBER_SHOWN_MAX) "number" else "${kind.range.start}..${kind.range.endInclusive}"
        is Kind.Time -> "\"2s\""
        is Kind.Choice -> kind.words.joinToString("|") { "\"$it\"" }
        is Kind.Texts -> "[\"text\"]"
        is Kind.Numbers -> "[number]"
        Kind.TextLists -> "[[\"text\"]]"
        is Kind.Part -> block(kind.fields)
        is Kind.Parts -> "[${block(kind.fields)}]"
        is Kind.Named -> "{ key: ${shape(kind.value)} }"
        is Kind.Same -> if (kind.list) "[{ … }]" else "{ … }"
        Kind.Anything -> "any value"
    }
