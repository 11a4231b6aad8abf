package routercluster.policy.language

import routercluster.policy.dsl.Item
import routercluster.policy.dsl.Parsed
import routercluster.policy.dsl.Program
import routercluster.policy.dsl.writeProgram

/**
 * The text of [base] with the items of [addition]: one that [base] has by kind and name takes its place, any other stands behind the
 * last of its kind. The rest of the text stays as it is, comments included.
 */
fun merge(base: Parsed, addition: Program): String {
    val own = base.program.items
        .filter { keyOf(it) != null }
        .associateBy { keyOf(it) }
    val (replacing, further) = addition.items.partition { keyOf(it) in own }
    val replaced = replacing.associateBy { own.getValue(keyOf(it)) }.map { (old, new) -> Edit(old.span.start, old.span.end, printed(new)) }
    val inserted = further.groupBy { anchor(base, it) }.map { (at, items) -> insertion(at, items.sortedBy(::rank)) }
    return (replaced + inserted).sortedByDescending { it.start }.fold(base.source.text) { text, edit ->
        text.replaceRange(edit.start, edit.end, edit.text)
    }
}

private class Edit(val start: Int, val end: Int, val text: String)

private fun insertion(at: Int, items: List<Item>): Edit {
    val text = items.joinToString("\n\n", transform = ::printed)
    return Edit(at, at, if (at == 0) "$text\n\n" else "\n\n$text")
}

private fun printed(item: Item): String = writeProgram(Program(listOf(item))).trimEnd()

/** Where a new [item] goes: behind the last item that comes before its kind or is of it. */
private fun anchor(base: Parsed, item: Item): Int {
    val before = base.program.items.lastOrNull { rank(it) <= rank(item) } ?: return 0
    val text = base.source.text
    val lineEnd = text.indexOf('\n', before.span.end).takeIf { it >= 0 } ?: text.length
    val rest = text.substring(before.span.end, lineEnd).trim()
    return if (rest.isEmpty() || rest.startsWith("#")) lineEnd else before.span.end
}

private fun rank(item: Item): Int =
    when (item) {
        is Item.Routing -> 0
        is Item.Signal -> 1
        is Item.Projection -> 2
        is Item.Model -> 3
        is Item.Plugin -> 4
        is Item.Route, is Item.Tree -> 5
        is Item.Entrypoint -> 6
        is Item.Recipe -> 7
        is Item.Test -> 8
    }

/** What an item is called; null for one that has no name and never replaces another. */
private fun keyOf(item: Item): List<String>? =
    when (item) {
        is Item.Routing -> listOf("ROUTING")
        is Item.Signal -> listOf("SIGNAL", item.type.text, item.name.text)
        is Item.Projection -> listOf("PROJECTION", item.kind.text, item.name.text)
        is Item.Model -> listOf("MODEL", item.name.text)
        is Item.Plugin -> listOf("PLUGIN", item.name.text)
        is Item.Route -> listOf("ROUTE", item.name.text)
        is Item.Tree -> listOf("DECISION_TREE", item.name.text)
        is Item.Recipe -> listOf("RECIPE", item.name.text)
        is Item.Test -> listOf("TEST", item.name.text)
        is Item.Entrypoint -> null
    }
