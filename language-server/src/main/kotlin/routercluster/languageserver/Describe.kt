package routercluster.languageserver

import routercluster.policy.config.format.Described
import routercluster.policy.config.format.Step
import routercluster.policy.config.format.keysAt
import routercluster.policy.dsl.signalLists

/** What is known of a key: its meaning, its shape, and whether it works. */
internal fun Described.lines(): String = listOf("${entry.key}: ${entry.meaning}", shape, standing).joinToString("\n")

/** In one line, for lists of keys. */
internal fun Described.line(): String = listOf(entry.meaning, shape).joinToString(" ")

/** The way to a decision. */
internal val toDecision = listOf(Step("routing"), Step("decisions"))

/** The way to the signals. */
internal val toSignals = listOf(Step("routing"), Step("signals"))

/** Of a type of signals, as its list is described. */
internal fun signalMeaning(type: String): String? =
    keysAt(toSignals).firstOrNull { it.entry.key == signalLists[type] }?.let { "$type: ${it.entry.meaning}\n${it.standing}" }

/** Of a type of algorithms or plugins, which [list] of a decision names. */
internal fun caseMeaning(list: String, type: String): String? {
    val plain = keysAt(toDecision + Step(list)).size
    val case = keysAt(toDecision + Step(list, mapOf(TYPE to type))).getOrNull(plain) ?: return null
    return "$type: ${case.entry.meaning}\n${case.standing}"
}

/** Types of algorithms or plugins. */
internal fun caseTypes(list: String): List<String> =
    keysAt(toDecision + Step(list)).firstOrNull { it.entry.key == TYPE }?.words.orEmpty()

/** Steps of a way: as deep as a document may be. Deeper, nothing is known of it. */
internal const val STEPS_MAX = 64

internal const val TYPE = "type"
internal const val ALGORITHM_KEY = "algorithm"
internal const val PLUGINS_KEY = "plugins"
