package routercluster.languageserver

import routercluster.policy.config.format.Step
import routercluster.policy.config.format.keysAt
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Span

/**
 * A line of a YAML document in block style.
 *
 * @property indent column of what it says, behind the dashes
 * @property key null where it has none
 * @property value what stands behind the key or, without one, behind the dashes
 */
internal class Line(
    val indent: Int,
    val hasDash: Boolean,
    val key: String?,
    val keySpan: Span,
    val value: String,
    val valueSpan: Span,
) {
    /** Whether what is deeper belongs to it. */
    val opens: Boolean get() = key != null && (value.isEmpty() || value.startsWith("&"))

    /** Whether its value stands in braces or brackets. */
    val isFlow: Boolean get() = value.startsWith("{") || value.startsWith("[")
}

/** Where a cursor stands in a document. [way] leads to the mapping that it is in, which holds [words]. */
internal sealed interface YamlPlace {
    val way: List<Step>
    val words: Map<String, String>
    val span: Span

    /**
     * @property taken the mapping's other keys
     * @property indent column of the mapping's keys; null for one in braces
     */
    class AtKey(
        override val way: List<Step>,
        override val words: Map<String, String>,
        override val span: Span,
        val taken: Set<String>,
        val indent: Int?,
    ) : YamlPlace

    /** @property form how a value is written there */
    class AtValue(
        override val way: List<Step>,
        override val words: Map<String, String>,
        override val span: Span,
        val key: String,
        val form: Form,
    ) : YamlPlace

    enum class Form { PLAIN, ITEM, IN_BRACKETS }
}

/**
 * The keys of a YAML document by their indentation. Unlike a parser it makes something of a text that is being written; what it does
 * not look into are values in braces, and texts, over several lines.
 */
internal class YamlOutline(private val source: SourceText) {
    /** Null for lines that say nothing: empty ones, comments, the lines of a block of text. */
    val lines: List<Line?> = read()

    private fun read(): List<Line?> {
        val found = mutableListOf<Line?>()
        var textDeeperThan: Int? = null
        var start = 0
        for (text in source.text.split('\n')) {
            val indent = text.length - text.trimStart(' ').length
            val isText = textDeeperThan?.let { indent > it || text.isBlank() } ?: false
            val line = if (isText) null else yamlLine(text.trimEnd('\r'), start)
            if (!isText) textDeeperThan = line?.takeIf { blockText.matches(it.value) }?.indent
            found += line
            start += text.length + 1
        }
        return found
    }

    /** Keys at the top. */
    val roots: List<Line> get() = lines.filterNotNull().filter { it.indent == 0 && !it.hasDash && it.key != null }

    fun placeAt(offset: Int): YamlPlace? {
        val number = source.line(offset) - 1
        val line = lines.getOrNull(number)
        val before = source.lineText(number + 1).take(source.column(offset) - 1)
        return when {
            comment.containsMatchIn(before) -> null
            line == null -> if (before.isBlank()) key(number, before.length, Span(offset, offset)) else null
            line.key != null && offset <= line.keySpan.end -> key(number, line.indent, line.keySpan)
            line.isFlow -> if (offset > line.valueSpan.start) flow(number, line, offset) ?: list(number, line, offset) else null
            line.key != null -> value(number, line, line.key, offset, YamlPlace.Form.PLAIN)
            line.hasDash -> item(number, line, offset)
            else -> key(number, line.indent, line.valueSpan)
        }
    }

    /** In a mapping in braces; null where none is open there. */
    private fun flow(number: Int, line: Line, offset: Int): YamlPlace? {
        val flow = YamlFlow(source.text.substring(line.valueSpan.start, offset))
        val first = flow.mappings.firstOrNull() ?: return null
        val around = way(number, line.indent)
        val name = line.key ?: around.lastOrNull()?.key ?: return null
        val outer = if (line.key == null) around.dropLast(1) else around
        val way = outer + Step(name, first.words) + flow.mappings.drop(1).map { Step(it.under.orEmpty(), it.words) }
        val mapping = flow.mappings.last()
        val start = line.valueSpan.start + flow.wordStart
        val span = Span(start, flowWordEnd(start, offset))
        val form = if (flow.isInList) YamlPlace.Form.IN_BRACKETS else YamlPlace.Form.PLAIN
        return when (val key = mapping.key) {
            null -> YamlPlace.AtKey(way, mapping.words, span, mapping.words.keys, indent = null)
            else -> YamlPlace.AtValue(way, mapping.words, span, key, form)
        }
    }

    private fun flowWordEnd(start: Int, offset: Int): Int {
        val end = source.text.indexOfAny(charArrayOf(',', ':', ']', '}', '\n'), offset).let { if (it < 0) source.text.length else it }
        return (end downTo offset).first { it == offset || !source.text[it - 1].isWhitespace() }.coerceAtLeast(start)
    }

    private fun list(number: Int, line: Line, offset: Int): YamlPlace? =
        line.key?.takeIf { line.value.startsWith("[") && offset < line.valueSpan.end }?.let {
            value(number, line, it, offset, YamlPlace.Form.PLAIN)
        }

    private fun key(number: Int, indent: Int, span: Span): YamlPlace {
        val others = siblings(number, indent).filter { it != number }.mapNotNull { lines[it]?.key }
        return YamlPlace.AtKey(way(number, indent), words(number, indent), span, others.toSet(), indent)
    }

    /** An entry of a list is a value of the list's key, or else begins a mapping: the format knows which. */
    private fun item(number: Int, line: Line, offset: Int): YamlPlace? {
        val parent = parent(number, line.indent)
        val list = parent?.let { lines[it] }
        val isValue = parent != null && list?.key != null && isListOfTexts(parent, list.key)
        return if (isValue) value(parent, line, list.key, offset, YamlPlace.Form.ITEM) else key(number, line.indent, line.valueSpan)
    }

    private fun isListOfTexts(number: Int, key: String): Boolean {
        val indent = lines[number]?.indent ?: 0
        return keysAt(way(number, indent), words(number, indent)).any { it.entry.key == key && it.isList && !it.holdsKeys }
    }

    private fun value(number: Int, line: Line, key: String, offset: Int, form: YamlPlace.Form): YamlPlace? {
        val indent = lines[number]?.indent ?: 0
        val (way, words) = way(number, indent) to words(number, indent)
        return when {
            blockText.matches(line.value) -> null
            line.value.startsWith("[") -> YamlPlace.AtValue(way, words, entry(line, offset), key, YamlPlace.Form.IN_BRACKETS)
            offset < line.valueSpan.start || offset > line.valueSpan.end -> empty(way, words, offset, line, key, form)
            else -> YamlPlace.AtValue(way, words, line.valueSpan, key, form)
        }
    }

    /** Beside a value nothing can be written. */
    private fun empty(way: List<Step>, words: Map<String, String>, offset: Int, line: Line, key: String, form: YamlPlace.Form) =
        if (line.value.isEmpty()) YamlPlace.AtValue(way, words, Span(offset, offset), key, form) else null

    /** The entry of a list in brackets. */
    private fun entry(line: Line, offset: Int): Span {
        val at = offset.coerceIn(line.valueSpan.start + 1, line.valueSpan.end)
        val text = source.text
        val start = text.lastIndexOfAny(charArrayOf('[', ','), at - 1) + 1
        val end = text.indexOfAny(charArrayOf(',', ']', '\n'), at).let { if (it < 0) text.length else it }
        val from = (start until at).firstOrNull { !text[it].isWhitespace() } ?: at
        return Span(from, maxOf(from, minOf(end, line.valueSpan.end)))
    }

    /** Number of the line that opened the mapping or list in which [indent] at line [number] is. */
    private fun parent(number: Int, indent: Int): Int? =
        (number - 1 downTo 0).firstOrNull { above -> lines[above]?.let { it.opens && it.indent < indent } ?: false }

    private fun way(number: Int, indent: Int): List<Step> {
        val steps = ArrayDeque<Step>()
        var at = number
        var depth = indent
        while (steps.size < STEPS_MAX) {
            val above = parent(at, depth) ?: return steps
            val line = lines[above] ?: return steps
            steps.addFirst(Step(line.key.orEmpty(), words(at, depth)))
            at = above
            depth = line.indent
        }
        return steps
    }

    private fun words(number: Int, indent: Int): Map<String, String> =
        siblings(number, indent)
            .mapNotNull { lines[it] }
            .filter { it.key != null && it.value.isNotEmpty() }
            .associate { it.key.orEmpty() to unquoted(it.value) }

    /** Numbers of the lines with the keys of one mapping. */
    private fun siblings(number: Int, indent: Int): List<Int> {
        val found = ArrayDeque<Int>()
        var begins = lines.getOrNull(number)?.hasDash == true
        var above = number - 1
        while (!begins && above >= 0) {
            val line = lines[above]
            if (line != null && line.indent < indent) break
            if (line?.indent == indent) {
                found.addFirst(above)
                begins = line.hasDash
            }
            above--
        }
        if (lines.getOrNull(number)?.key != null) found += number
        for (below in number + 1 until lines.size) {
            val line = lines[below] ?: continue
            if (line.indent < indent || (line.indent == indent && line.hasDash)) break
            if (line.indent == indent) found += below
        }
        return found
    }

    private companion object {
        val blockText = Regex("""[|>][+-]?\d?[+-]?""")
        val comment = Regex("""(^|\s)#""")
    }
}

private val yamlKey = Regex("""("[^"]*"|'[^']*'|[^\s#&*!|>%@`,\[\]{}:'"-][^:#]*+):(?=\s|$)""")
private val trailing = Regex("""(^|\s)#.*$""")

private fun yamlLine(text: String, start: Int): Line? {
    var at = text.length - text.trimStart(' ').length
    if (at == text.length || text[at] == '#' || text.startsWith("---")) return null
    var hasDash = false
    while (at < text.length && text[at] == '-' && (at + 1 == text.length || text[at + 1] == ' ')) {
        hasDash = true
        at++
        while (at < text.length && text[at] == ' ') at++
    }
    val key = yamlKey.matchAt(text, at)
    val from = if (key == null) at else key.range.last + 1
    val written = trailing.replace(text.substring(minOf(from, text.length)), "")
    val value = written.trim()
    val begin = start + minOf(from, text.length) + if (value.isEmpty()) 0 else written.length - written.trimStart().length
    val name = key?.groupValues?.get(1)?.trimEnd()
    return Line(
        // A bare dash at the end of a line has its entry behind a space.
        indent = if (hasDash && text.endsWith("-")) at + 1 else at,
        hasDash,
        name?.let(::unquoted),
        Span(start + at, start + at + (name?.length ?: 0)),
        value,
        Span(begin, begin + value.length),
    )
}

/** A YAML word without its quotes. */
internal fun unquoted(value: String): String =
    if (value.length > 1 && value.first() == value.last() && value.first() in "\"'") value.substring(1, value.length - 1) else value
