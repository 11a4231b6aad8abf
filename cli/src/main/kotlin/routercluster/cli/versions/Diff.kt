package routercluster.cli.versions

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.arguments.optional
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import com.github.difflib.DiffUtils
import com.github.difflib.UnifiedDiffUtils
import com.github.difflib.algorithm.myers.MyersDiffWithLinearSpace
import com.github.difflib.patch.AbstractDelta
import com.github.difflib.patch.ChangeDelta
import com.github.difflib.patch.DeltaType
import com.github.difflib.patch.Patch
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.newObject
import routercluster.cli.pretty
import routercluster.cli.readText
import routercluster.gateway.versions.PolicyHistory
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.versions.FieldChange
import routercluster.policy.versions.NamedText
import routercluster.policy.versions.PolicyChange
import routercluster.policy.versions.policyChanges
import routercluster.policy.versions.secretInClear

/** `router policy diff`: what differs between two versions, by meaning and by text. */
class Diff(private val open: OpenHistory) :
    Command(
        "diff",
        "Compare two versions of a policy file: decisions, signals, models and settings that differ, then the text.",
        listOf("router policy diff router.yaml 4f0c1a", "router policy diff router.yaml 4f0c1a 9b2e77 --json"),
    ) {
    private val file by argument("FILE").path()
    private val before by argument("A").help("revision, or its first digits")
    private val after by argument("B").help("another one; without it, what FILE holds now").optional()
    private val data by DataFolder()
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val history = open(file, data.path)
        val old = kept(history, before)
        val new = after?.let { kept(history, it) } ?: present()
        val changes =
            try {
                policyChanges(old, new)
            } catch (invalid: InvalidPolicy) {
                throw Failure(invalid.message.orEmpty())
            }
        val lines = textDiff(old, new)
        echo(if (json) asJson(old, new, changes, lines) else asText(old, new, changes, lines))
    }

    private fun kept(history: PolicyHistory, revision: String): NamedText {
        val version = history.find(revision)
        return NamedText(version.revision.take(Policy.REVISION_SHOWN), orFail { history.text(version) })
    }

    private fun present(): NamedText {
        val text = readText(file)
        val secret = secretInClear(text) ?: return NamedText("$file", text)
        throw Failure("$file:${secret.line}: holds a secret in clear text (${secret.name}), which a comparison could show")
    }
}

private const val CONTEXT_LINES = 3

/** Of either text; the comparison of two long texts that share nothing takes the square of it. */
private const val DIFF_LINES_MAX = 20_000
private const val FIELDS_SHOWN_MAX = 12
private const val VALUE_CHARS_SHOWN_MAX = 80

/** In the unified format; empty where the texts are the same. */
private fun textDiff(old: NamedText, new: NamedText): List<String> {
    val before = old.text.removeSuffix("\n").lines()
    val after = new.text.removeSuffix("\n").lines()
    if (maxOf(before.size, after.size) > DIFF_LINES_MAX) return listOf("(texts of more than $DIFF_LINES_MAX lines are not compared)")
    val patch = Patch<String>()
    joined(DiffUtils.diff(before, after, MyersDiffWithLinearSpace()).deltas).forEach(patch::addDelta)
    return UnifiedDiffUtils.generateUnifiedDiff(old.name, new.name, before, patch, CONTEXT_LINES)
}

/** The algorithm that is sparing with memory tells a changed line as one that came and one that went; people read that the other way round. */
private fun joined(deltas: List<AbstractDelta<String>>): List<AbstractDelta<String>> =
    deltas.fold(emptyList()) { done, delta ->
        val last = done.lastOrNull()
        if (last?.type == DeltaType.INSERT && delta.type == DeltaType.DELETE && last.source.position == delta.source.position) {
            done.dropLast(1) + ChangeDelta(delta.source, last.target)
        } else {
            done + delta
        }
    }

private fun asText(old: NamedText, new: NamedText, changes: List<PolicyChange>, lines: List<String>): String =
    buildString {
        if (old.text == new.text) return "${old.name} and ${new.name} hold the same text"
        if (changes.isEmpty()) append("Only layout, comments or the order of named parts differ.\n")
        changes.groupBy { it.part }.forEach { (part, changed) ->
            append(part.plural).append('\n')
            changed.forEach { append(words(it)) }
        }
        append('\n').append(lines.joinToString("\n"))
    }

private fun words(change: PolicyChange): String =
    when (change.kind) {
        PolicyChange.Kind.ADDED -> "  + ${change.name}\n"
        PolicyChange.Kind.REMOVED -> "  - ${change.name}\n"
        PolicyChange.Kind.CHANGED -> words(change.name, change.fields)
    }

/** A setting is its own only field, without a path. */
private fun words(name: String, fields: List<FieldChange>): String {
    val own = fields.singleOrNull()?.takeIf { it.path.isEmpty() }
    if (own != null) return "  ~ $name: ${words(own)}\n"
    val shown = fields.take(FIELDS_SHOWN_MAX).joinToString("") { "      ${it.path}: ${words(it)}\n" }
    val more = if (fields.size > FIELDS_SHOWN_MAX) "      … and ${fields.size - FIELDS_SHOWN_MAX} more\n" else ""
    return "  ~ $name\n$shown$more"
}

private fun words(field: FieldChange): String = "${shown(field.before)} -> ${shown(field.after)}"

private fun shown(value: String?): String {
    val line = value?.replace('\n', ' ') ?: return "(none)"
    return if (line.length > VALUE_CHARS_SHOWN_MAX) line.take(VALUE_CHARS_SHOWN_MAX) + "…" else line
}

private fun asJson(old: NamedText, new: NamedText, changes: List<PolicyChange>, lines: List<String>): String {
    val json = newObject().put("before", old.name).put("after", new.name)
    val list = json.putArray("changes")
    changes.forEach { change ->
        val entry = list.addObject().put("part", change.part.name.lowercase()).put("name", change.name)
        entry.put("kind", change.kind.name.lowercase())
        val fields = entry.putArray("fields")
        change.fields.forEach {
            fields
                .addObject()
                .put("path", it.path)
                .put("before", it.before)
                .put("after", it.after)
        }
    }
    json.put("text", lines.joinToString("\n"))
    return pretty(json)
}
