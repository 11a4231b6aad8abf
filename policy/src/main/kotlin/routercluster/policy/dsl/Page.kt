package routercluster.policy.dsl

/** Lines of text under way, with the comments of the text that they were read from put in where they stood. */
internal class Page(comments: List<Comment>, private val source: SourceText?) {
    private val out = StringBuilder()
    private val waiting = ArrayDeque(comments)
    private var depth = 0

    /** Where, in the source, the thing printed last ends. */
    private var printedTo: Int? = null

    val indent: String get() = INDENT.repeat(depth)

    fun line(text: String) {
        text.lineSequence().forEach { out.append(indent).append(it).append('\n') }
    }

    fun emptyLine() {
        if (out.isNotEmpty() && !out.endsWith("\n\n")) out.append('\n')
        printedTo = null
    }

    /** Comments that stand before [span], and one empty line where the source has any. */
    fun before(span: Span) {
        commentsTo(span.start)
        separate(span.start)
    }

    /** A comment that ends the last line of what stood at [span]. */
    fun after(span: Span) {
        printedTo = span.end
        val comment = waiting.firstOrNull()?.takeIf { it.span.start >= span.end && isOnOneLine(span.end, it.span.start) } ?: return
        waiting.removeFirst()
        out.setLength(out.length - 1)
        out.append(' ').append(comment.text).append('\n')
        printedTo = comment.span.end
    }

    private fun isOnOneLine(one: Int, other: Int) = source != null && source.line(one) == source.line(other)

    fun statement(span: Span, print: () -> Unit) {
        before(span)
        print()
        after(span)
    }

    /** Prints what has no place for comments inside; those of [span] come before it. */
    fun within(span: Span, print: () -> Unit) {
        commentsTo(span.end)
        print()
    }

    /** Of a [span] of which everything before it is printed. */
    fun holdsComments(span: Span): Boolean = waiting.firstOrNull()?.let { it.span.start in span } ?: false

    /** [head] and, in braces that stood at [body], what [print] prints. */
    fun braces(head: String, body: Span, empty: Boolean, print: () -> Unit) {
        commentsTo(body.start)
        if (empty && !holdsComments(body)) {
            line("$head {}")
            return
        }
        line("$head {")
        deeper(body, print)
        line("}")
    }

    fun deeper(body: Span, print: () -> Unit) {
        depth++
        printedTo = null
        print()
        commentsTo(body.end)
        depth--
    }

    /** Comments that stand before [end]. */
    fun commentsTo(end: Int) {
        while (waiting.isNotEmpty() && waiting.first().span.start < end) {
            val comment = waiting.removeFirst()
            separate(comment.span.start)
            line(comment.text)
            printedTo = comment.span.end
        }
    }

    private fun separate(start: Int) {
        val from = printedTo ?: return
        val text = source ?: return
        if (text.emptyLineBetween(from, start)) emptyLine()
    }

    fun finished(): String {
        if (waiting.isNotEmpty() && out.isNotEmpty() && printedTo == null) emptyLine()
        commentsTo(Int.MAX_VALUE)
        return out.toString()
    }

    private companion object {
        const val INDENT = "  "
    }
}
