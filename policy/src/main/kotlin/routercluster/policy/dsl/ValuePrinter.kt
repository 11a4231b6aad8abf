package routercluster.policy.dsl

/** Prints values, options and conditions on lines of at most [width] columns where they can be broken. */
internal class ValuePrinter(private val page: Page, private val width: Int) {
    /** [head] and its fields, one a line. */
    fun declaration(head: String, block: Value.Fields) = page.braces(head, block.span, block.fields.isEmpty()) { fields(block.fields) }

    fun options(options: List<Field>): String =
        if (options.isEmpty()) "" else options.joinToString(", ", " (", ")") { "${it.key.shown()} = ${inline(it.value)}" }

    fun field(field: Field) {
        page.commentsTo(field.value.span.start)
        value("${field.key.shown()}: ", field.value, "")
    }

    private fun fields(fields: List<Field>) = fields.forEach { page.statement(it.span) { field(it) } }

    /** On one line where it fits and holds no comment. */
    private fun value(lead: String, value: Value, tail: String) {
        val line = lead + inline(value) + tail
        val commented = page.holdsComments(value.span)
        val fits = page.indent.length + line.length <= width && !commented
        when {
            fits || (isLeaf(value) && !commented) -> page.line(line)
            value is Value.Items -> broken("$lead[", value.span, "]$tail") { items(value.items) }
            value is Value.Fields -> broken("$lead{", value.span, "}$tail") { fields(value.fields) }
            else -> page.line(line)
        }
    }

    private fun isLeaf(value: Value) =
        when (value) {
            is Value.Items -> value.items.isEmpty()
            is Value.Fields -> value.fields.isEmpty()
            is Value.Text, is Value.Number, is Value.Truth, is Value.Nothing -> true
        }

    private fun items(items: List<Value>) =
        items.forEachIndexed { index, item ->
            page.statement(item.span) { value("", item, if (index < items.lastIndex) "," else "") }
        }

    private fun broken(open: String, span: Span, close: String, print: () -> Unit) {
        page.line(open)
        page.deeper(span, print)
        page.line(close)
    }

    private fun inline(value: Value): String =
        when (value) {
            is Value.Text -> if (value.quoted || !isBareText(value.text)) quote(value.text) else value.text
            is Value.Number -> value.written
            is Value.Truth -> "${value.value}"
            is Value.Nothing -> "null"
            is Value.Items -> value.items.joinToString(", ", "[", "]", transform = ::inline)
            is Value.Fields -> if (value.fields.isEmpty()) "{}" else value.fields.joinToString(", ", "{ ", " }", transform = ::inlineField)
        }

    private fun inlineField(field: Field) = "${field.key.shown()}: ${inline(field.value)}"

    private fun isBareText(text: String) = isWord(text) && text !in setOf("true", "false", "null")

    /** A condition that does not fit on its line has each part of its outermost operator on a line of its own. */
    fun condition(lead: String, condition: Condition): String {
        val line = lead + shown(condition)
        val (operator, parts) =
            when (condition) {
                is Condition.All -> "AND" to condition.parts
                is Condition.AnyOf -> "OR" to condition.parts
                is Condition.Not, is Condition.Signal -> return line
            }
        if (page.indent.length + line.length <= width) return line
        return lead + parts.joinToString("\n    $operator ") { part(it, condition) }
    }

    private fun shown(condition: Condition): String =
        when (condition) {
            is Condition.Signal -> signal(condition)
            is Condition.Not -> "NOT " + if (condition.part is Condition.Signal) shown(condition.part) else "(${shown(condition.part)})"
            is Condition.All -> condition.parts.joinToString(" AND ") { part(it, condition) }
            is Condition.AnyOf -> condition.parts.joinToString(" OR ") { part(it, condition) }
        }

    /** AND binds closer than OR, and a group within its own kind is a group of its own. */
    private fun part(part: Condition, of: Condition): String {
        val group = part is Condition.AnyOf || (part is Condition.All && of is Condition.All)
        return if (group) "(${shown(part)})" else shown(part)
    }

    private fun signal(signal: Condition.Signal): String =
        (listOf(quote(signal.name.text)) + signal.fields.map(::inlineField)).joinToString(", ", "${signal.type.shown()}(", ")")
}
