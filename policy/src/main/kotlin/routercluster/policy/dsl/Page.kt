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
        val comment = waiting.firstOrNull()
        val text = source
        if (comment != null && text != null && span != Span.NONE && text.line(comment.span.start) == text.line(span.end) &&
            comment.span.start >= span.end
        ) {
            waiting.removeFirst()
            out.setLength(out.length - 1)
            out.append(' ').append(comment.text).append('\n')
            printedTo = comment.span.end
        } else {
            printedTo = span.end
        }
    }

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

    fun holdsComments(span: Span): Boolean = waiting.any { it.span.start in span }

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
