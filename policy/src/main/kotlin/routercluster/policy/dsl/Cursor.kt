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

    /** Passes over the rest of what was being read since [began], up to a token that [restart] accepts or that ends a block. */
    fun recover(began: Int, restart: (Token) -> Boolean) {
        if (position == began) next()
        var open = 0
        while (!at(Kind.END) && !atItem()) {
            when (now.kind) {
                in opening -> open++
                in closing -> if (--open < 0) return
                else -> if (open == 0 && restart(now)) return
            }
            next()
        }
    }

    companion object {
        /** Below [routercluster.policy.config] documents of 64 levels, with room for what stands around a value. */
        const val DEPTH_MAX = 56

        val itemOnly = setOf("ROUTING", "ENTRYPOINT", "RECIPE", "SIGNAL", "PROJECTION", "ROUTE", "DECISION_TREE", "TEST")
        private val opening = setOf(Kind.OPEN_BRACE, Kind.OPEN_PAREN, Kind.OPEN_BRACKET)
        private val closing = setOf(Kind.CLOSE_BRACE, Kind.CLOSE_PAREN, Kind.CLOSE_BRACKET)
    }
}
