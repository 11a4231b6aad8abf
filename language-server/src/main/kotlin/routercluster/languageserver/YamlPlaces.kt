package routercluster.languageserver

import routercluster.policy.config.Location
import routercluster.policy.config.Problem
import routercluster.policy.config.format.Inactive
import routercluster.policy.config.lint.Finding
import routercluster.policy.dsl.Fix
import routercluster.policy.dsl.ReadYaml
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Span
import routercluster.policy.dsl.Yaml
import routercluster.policy.dsl.readYaml
import routercluster.policy.config.lint.Fix as Mending

/** Puts what the loader says of a policy file at its place in the text. */
internal class YamlPlaces(private val source: SourceText) {
    private val root: Yaml.Mapping? by lazy { (readYaml(source.text, source.file) as? ReadYaml.Document)?.root }

    /** @param isOfEnvironment whether the place where the router runs may be without it */
    fun problem(problem: Problem, isOfEnvironment: Boolean): Remark {
        val span = spanAt(problem.at)
        val written = source.text.substring(span.start, span.end)
        val fix =
            problem.suggestion?.takeIf { unquoted(written) == problem.value }?.let { Fix("did you mean $it?", span, yamlWord(it)) }
        return Remark(span, if (isOfEnvironment) Severity.WARNING else Severity.ERROR, said(problem), listOfNotNull(fix))
    }

    fun notice(notice: Problem) = Remark(spanAt(notice.at), Severity.INFORMATION, said(notice))

    fun inactive(inactive: Inactive): Remark {
        val feature = inactive.feature
        return Remark(spanAt(inactive.at), Severity.INFORMATION, "${feature.label} is not built yet: ${feature.without}")
    }

    fun finding(finding: Finding): Remark {
        val message = "${finding.message} (${finding.rule.label})"
        return Remark(spanAt(finding.at), Severity.WARNING, message, listOfNotNull(finding.fix?.let(::change)))
    }

    /** Problems of other files are told at the head of this one, with their own place. */
    private fun said(problem: Problem): String = if (isHere(problem.at)) "$problem".removePrefix("${problem.at}: ") else "$problem"

    private fun isHere(at: Location) = at.file == source.file

    private fun spanAt(at: Location): Span = if (isHere(at)) word(offset(at)) else Span(0, 0)

    /** The parser counts code points. */
    private fun offset(at: Location): Int {
        val line = source.lineText(at.line.coerceIn(1, source.line(source.text.length)))
        val column = (at.column - 1).coerceIn(0, line.codePointCount(0, line.length))
        return source.offset(at.line, line.offsetByCodePoints(0, column) + 1)
    }

    /** The scalar that begins at [start], or one character of what else does. */
    private fun word(start: Int): Span {
        val text = source.text
        val mark = text.getOrNull(start)?.takeIf { it == '"' || it == '\'' }
        val end = if (mark == null) plainEnd(start) else quotedEnd(start + 1, mark)
        return Span(start, maxOf(end, start + 1).coerceAtMost(text.length))
    }

    private fun quotedEnd(begin: Int, mark: Char): Int {
        val text = source.text
        var at = begin
        while (at < text.length && text[at] != mark && text[at] != '\n') at += if (mark == '"' && text[at] == '\\') 2 else 1
        return at + 1
    }

    private fun plainEnd(begin: Int): Int {
        val text = source.text
        var at = begin
        while (at < text.length && text[at] !in "\r\n,[]{}") {
            val endsKey = text[at] == ':' && (at + 1 == text.length || text[at + 1].isWhitespace())
            val beginsComment = text[at] == '#' && at > begin && text[at - 1].isWhitespace()
            if (endsKey || beginsComment) break
            at++
        }
        while (at > begin && text[at - 1] == ' ') at--
        return at
    }

    /** A change that takes an entry out is left to its author, who knows which comments go with it. */
    private fun change(fix: Mending): Fix? {
        val replacement = fix.replacement ?: return null
        val steps = step.findAll(fix.path).map { it.value }.toList()
        val parent = steps.dropLast(1).fold<String, Yaml?>(root) { at, step -> at?.below(step) } as? Yaml.Mapping ?: return null
        val old = parent[steps.last()]
        val at = offset(parent.at)
        val entry = "${steps.last()}: $replacement"
        return when {
            old != null -> Fix(fix.title, word(offset(old.at)), replacement)
            source.text.startsWith("{", at) -> Fix(fix.title, Span(at + 1, at + 1), "$entry, ")
            else -> Fix(fix.title, Span(at, at), "$entry\n${" ".repeat(parent.at.column - 1)}")
        }
    }

    private fun Yaml.below(step: String): Yaml? =
        when (this) {
            is Yaml.Mapping -> this[step]
            is Yaml.Sequence -> step.toIntOrNull()?.let(items::getOrNull)
            is Yaml.Scalar -> null
        }

    private companion object {
        val step = Regex("""[^.\[\]]+""")
    }
}
