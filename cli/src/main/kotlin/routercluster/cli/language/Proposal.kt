package routercluster.cli.language

import com.fasterxml.jackson.databind.node.ObjectNode
import com.github.difflib.DiffUtils
import com.github.difflib.UnifiedDiffUtils
import routercluster.cli.counted
import routercluster.cli.newObject
import routercluster.policy.language.NotUnderstood

/** Unchanged lines shown around a change. */
private const val CONTEXT_LINES = 3

/**
 * A program in answer to a request in words.
 *
 * @property by the model that drafted it; null for templates
 * @property repairs rounds in which the model mended its draft
 * @property remarks what can hardly be meant
 */
internal class Draft(
    val text: String,
    val by: String?,
    val repairs: Int,
    val remarks: List<String>,
    val notUnderstood: List<NotUnderstood>,
)

/** A [draft] beside the [base] that it changes. */
internal class Proposal(private val base: Base, val draft: Draft, private val changes: List<ProbeChange>) {
    val changesNothing: Boolean get() = draft.text == base.program.source.text

    fun describe(): String =
        buildString {
            append(if (changesNothing) "nothing changes\n" else diff())
            draft.notUnderstood.forEach { append("\nnot understood: ${it.text}\n  ${it.reason}\n") }
            draft.remarks.forEach { append("\nnote: $it\n") }
            if (changes.isNotEmpty()) append("\n${counted(changes.size, "probe")}, ${changes.count { it.isChanged }} decided otherwise\n")
            changes.filter { it.isChanged || it.isMissed }.forEach { append("  ").append(line(it)).append('\n') }
        }.trimEnd()

    private fun line(change: ProbeChange): String {
        val met = if (change.isChanged) "${change.before} -> ${change.after}" else change.after
        return "${change.name}: $met" + if (change.isMissed) ", expected ${change.expected}" else ""
    }

    private fun diff(): String {
        val old = base.program.source.text
            .trimEnd()
            .lines()
        val patch = DiffUtils.diff(old, draft.text.trimEnd().lines())
        val name = base.program.source.file
        return UnifiedDiffUtils.generateUnifiedDiff(name, "$name, changed", old, patch, CONTEXT_LINES).joinToString("\n", postfix = "\n")
    }

    fun toJson(): ObjectNode {
        val json = newObject().put("model", draft.by).put("repairs", draft.repairs).put("changed", !changesNothing)
        json.put("program", draft.text).put("diff", if (changesNothing) "" else diff())
        json.putArray("not_understood").apply { draft.notUnderstood.forEach { addObject().put("text", it.text).put("reason", it.reason) } }
        json.putArray("remarks").apply { draft.remarks.forEach { add(it) } }
        json.putArray("probes").apply { changes.forEach { addObject().describe(it) } }
        return json
    }

    private fun ObjectNode.describe(change: ProbeChange) {
        put("probe", change.name)
        put("before", change.before)
        put("after", change.after)
        put("changed", change.isChanged)
        put("expected", change.expected)
        put("missed", change.isMissed)
    }
}
