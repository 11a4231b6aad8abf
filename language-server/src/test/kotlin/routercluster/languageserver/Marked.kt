package routercluster.languageserver

import routercluster.policy.config.loadPolicy
import routercluster.policy.dsl.Fix
import routercluster.policy.dsl.SourceText

/** A text and the place in it that `|` marks. */
internal class Marked(marked: String, file: String) {
    val offset = marked.indexOf('|').also { require(it >= 0) { "no | in $marked" } }
    val source = SourceText(file, marked.removeRange(offset, offset + 1))
}

internal val files = PolicyFile({ text, file, environment -> loadPolicy(text, file, environment) }) { name -> name.takeIf { it == "KEY" } }
internal val programs = PolicyProgram()

internal fun Language.labelsAt(marked: String, file: String = "f"): List<String> =
    Marked(marked, file).let { at -> suggestions(at.source, at.offset).map { it.label } }

/** The text after the suggestion [label] was taken. */
internal fun Language.taken(marked: String, label: String, file: String = "f"): String {
    val at = Marked(marked, file)
    val taken = suggestions(at.source, at.offset).single { it.label == label }
    return at.source.text.replaceRange(taken.span.start, taken.span.end, taken.text)
}

internal fun Language.explained(marked: String, file: String = "f"): String? =
    Marked(marked, file).let { at -> explanation(at.source, at.offset)?.text }

internal fun SourceText.with(fix: Fix): String = text.replaceRange(fix.span.start, fix.span.end, fix.replacement)
