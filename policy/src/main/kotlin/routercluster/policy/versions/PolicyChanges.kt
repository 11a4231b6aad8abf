package routercluster.policy.versions

import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problems
import routercluster.policy.config.migrate.key
import routercluster.policy.config.migrate.treeOf
import routercluster.policy.config.migrate.word
import routercluster.policy.config.readDocument
import routercluster.policy.signals.signalFamilies

/** What a policy file is made of, as far as it has names. [SETTING] is the rest, each by its path. */
enum class PolicyPart(val plural: String) { DECISION("decisions"), SIGNAL("signals"), MODEL("models"), SETTING("settings") }

/**
 * A part that two texts do not agree on.
 *
 * @property name a recipe's own parts have the recipe and a slash before it
 * @property fields what differs inside it, for [Kind.CHANGED]
 */
data class PolicyChange(val part: PolicyPart, val name: String, val kind: Kind, val fields: List<FieldChange> = emptyList()) {
    enum class Kind { ADDED, REMOVED, CHANGED }
}

/** A value at [path] inside a part; null where the one text or the other has none. */
data class FieldChange(val path: String, val before: String?, val after: String?)

/** A policy file's text and what it is called in problems. */
class NamedText(val name: String, val text: String)

/**
 * What differs between two texts of policy files, by part, in their order; neither order nor layout of named parts counts. Compared as
 * written, so that neither environment nor files are needed, and old texts can be compared that would be refused today.
 *
 * @throws InvalidPolicy for a text that is no YAML mapping
 */
fun policyChanges(before: NamedText, after: NamedText): List<PolicyChange> {
    val old = partsOf(before)
    val new = partsOf(after)
    return (old.keys + new.keys)
        .mapNotNull { (part, name) -> change(part, name, old[part to name], new[part to name]) }
        .sortedBy { it.part }
}

private fun change(part: PolicyPart, name: String, old: Values?, new: Values?): PolicyChange? {
    if (old == new) return null
    if (part != PolicyPart.SETTING) {
        if (old == null) return PolicyChange(part, name, PolicyChange.Kind.ADDED)
        if (new == null) return PolicyChange(part, name, PolicyChange.Kind.REMOVED)
    }
    val paths = old.orEmpty().keys + new.orEmpty().keys
    val fields = paths.map { FieldChange(it, old?.get(it), new?.get(it)) }.filter { it.before != it.after }
    return PolicyChange(part, name, PolicyChange.Kind.CHANGED, fields)
}

/** Paths inside a part to what stands there. */
private typealias Values = Map<String, String>

private fun partsOf(named: NamedText): Map<Pair<PolicyPart, String>, Values> {
    val problems = Problems()
    // Also holds the text to the bounds of a document; nothing is looked up.
    readDocument(named.text, named.name, { null }, problems)
    val root = (if (problems.none) treeOf(named.text) else null) ?: throw InvalidPolicy(problems.all)
    return PartReader().apply { read(root, emptyList()) }.parts
}

private class PartReader {
    val parts = LinkedHashMap<Pair<PolicyPart, String>, LinkedHashMap<String, String>>()

    /** What stands outside every named part, at [path]. */
    fun read(node: Node, path: List<String>) {
        when (node) {
            is MappingNode -> {
                node.value.forEach { read(it.valueNode, path + it.key) }
            }

            is SequenceNode -> {
                node.value.forEachIndexed { index, item -> readItem(item, path, nameOf(item) ?: "$index") }
            }

            else -> {
                put(PolicyPart.SETTING to dotted(path), "", node)
            }
        }
    }

    private fun readItem(item: Node, list: List<String>, name: String) {
        val part = partIn(list, name)
        if (part == null) read(item, list + "[$name]") else flatten(item, part, if (list.last() == CARDS) "card" else "")
    }

    private fun flatten(node: Node, part: Pair<PolicyPart, String>, path: String) {
        when (node) {
            is MappingNode -> {
                node.value.forEach { flatten(it.valueNode, part, if (path.isEmpty()) it.key else "$path.${it.key}") }
            }

            is SequenceNode -> {
                node.value.forEachIndexed { index, item -> flatten(item, part, "$path[${nameOf(item) ?: index}]") }
            }

            else -> {
                put(part, path, node)
            }
        }
    }

    private fun put(part: Pair<PolicyPart, String>, path: String, node: Node) {
        parts.getOrPut(part) { LinkedHashMap() }[path] = (node as? ScalarNode)?.value.orEmpty()
    }

    private fun nameOf(item: Node): String? = (item as? MappingNode)?.word("name")

    private fun dotted(path: List<String>): String = path.joinToString(".").replace(".[", "[")

    /** The part that an entry called [name] of the list at [path] is; null where such entries are no parts of their own. */
    private fun partIn(path: List<String>, name: String): Pair<PolicyPart, String>? {
        val recipe = path.getOrNull(1)?.takeIf { path.first() == "recipes" }
        val inside = if (recipe == null) path else path.drop(2)
        val full = if (recipe == null) name else "${recipe.trim('[', ']')}/$name"
        return when {
            inside == listOf("providers", "models") -> PolicyPart.MODEL to full
            inside == listOf("routing", CARDS) -> PolicyPart.MODEL to full
            inside == listOf("routing", "decisions") -> PolicyPart.DECISION to full
            inside.size == 3 && inside.take(2) == listOf("routing", "signals") -> PolicyPart.SIGNAL to typed(inside.last(), recipe, name)
            else -> null
        }
    }

    /** As decisions and records call a signal. */
    private fun typed(family: String, recipe: String?, name: String): String {
        val type = signalFamilies.firstOrNull { it.key == family }?.type ?: family
        return listOfNotNull(recipe?.trim('[', ']')).joinToString("") { "$it/" } + "$type:$name"
    }

    private companion object {
        const val CARDS = "modelCards"
    }
}
