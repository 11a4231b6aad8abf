package routercluster.policy.dsl

/** The part that was being read cannot be; the reason is reported. Caught where reading goes on with the next part. */
internal class Unreadable : Exception() {
    override fun fillInStackTrace(): Throwable = this
}

/** A place among [tokens] that only moves forward. */
internal class Cursor(private val tokens: List<Token>, private val hints: Hints) {
    private var position = 0
    private var depth = 0

    val now: Token get() = tokens[position]

    /** Where the token before [now] ends. */
    val lastEnd: Int get() = if (position == 0) 0 else tokens[position - 1].span.end

    /** Rises with every token taken. */
    val taken: Int get() = position

    fun at(kind: Kind): Boolean = now.kind == kind

    fun atWord(text: String): Boolean = at(Kind.WORD) && now.text == text

    fun following(): Token = tokens[minOf(position + 1, tokens.lastIndex)]

    /** Takes [now]; the end is never passed. */
    fun next(): Token = now.also { if (position < tokens.lastIndex) position++ }

    fun take(kind: Kind): Token? = if (at(kind)) next() else null

    fun takeWord(text: String): Token? = if (atWord(text)) next() else null

    /** @throws Unreadable after reporting that [what] is missing */
    fun need(kind: Kind, what: String = kind.shown): Token = take(kind) ?: missing(what)

    /** @throws Unreadable after reporting that [what] is missing */
    fun missing(what: String, fixes: List<Fix> = emptyList()): Nothing = fail("expected $what, found $now", fixes = fixes)

    fun fail(message: String, accepted: String? = null, fixes: List<Fix> = emptyList(), span: Span = now.span): Nothing {
        hints.error(span, message, accepted, fixes)
        throw Unreadable()
    }

    /** Reads [part] one level deeper. */
    fun <T> nested(part: () -> T): T {
        if (depth == DEPTH_MAX) fail("is nested too deep", "at most $DEPTH_MAX levels")
        depth++
        try {
            return part()
        } finally {
            depth--
        }
    }

    /** A keyword that only stands at the top or in a recipe begins a line here: whatever is open was not closed. */
    fun atItem(): Boolean =
        at(Kind.WORD) && now.startsLine && now.text in itemOnly && following().kind in setOf(Kind.WORD, Kind.STRING, Kind.OPEN_BRACE)

    /** A line begins here that looks like a field, a case or a statement. */
    fun atPart(): Boolean =
        now.startsLine &&
            (following().kind in separators || (at(Kind.WORD) && now.text.length > 1 && now.text.all { it in 'A'..'Z' || it == '_' }))

    /**
     * Passes over the rest of what was being read since [began], up to a place that [restarts] or the end of the block. Only braces are
     * counted: a parenthesis that is missing costs no more than its statement.
     */
    fun recover(began: Int, restarts: () -> Boolean) {
        if (position == began) next()
        var open = 0
        while (!at(Kind.END) && !atItem()) {
            if (open == 0 && (at(Kind.CLOSE_BRACE) || restarts())) return
            if (at(Kind.OPEN_BRACE)) open++
            if (at(Kind.CLOSE_BRACE)) open--
            next()
        }
    }

    companion object {
        /** As deep as a document may be. */
        const val DEPTH_MAX = 64

        val itemOnly = setOf("ROUTING", "ENTRYPOINT", "RECIPE", "SIGNAL", "PROJECTION", "ROUTE", "DECISION_TREE", "TEST")
        private val separators = setOf(Kind.COLON, Kind.EQUALS, Kind.ARROW)
    }
}
