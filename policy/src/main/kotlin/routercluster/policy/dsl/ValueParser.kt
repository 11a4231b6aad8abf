package routercluster.policy.dsl

/** Reads what fields and conditions are made of. */
internal class ValueParser(private val cursor: Cursor, private val hints: Hints) {
    fun name(what: String): Name {
        val token = cursor.take(Kind.WORD) ?: cursor.take(Kind.STRING) ?: cursor.missing(what)
        if (token.text.isBlank()) cursor.fail("the name is empty", what, span = token.span)
        return Name(token.text, token.span, token.kind == Kind.STRING)
    }

    fun number(what: String): Value.Number = cursor.need(Kind.NUMBER, what).let { Value.Number(it.text, it.span) }

    fun text(what: String): Value.Text = cursor.need(Kind.STRING, what).let { Value.Text(it.text, it.span) }

    /** `{ key: value … }`; [owner] says whose it is. A field that cannot be read is left out. */
    fun block(owner: String): Value.Fields {
        val start = cursor.need(Kind.OPEN_BRACE, "{ with the fields of $owner").span.start
        val fields = mutableListOf<Field>()
        cursor.nested { inBraces(owner) { fields += field() } }
        return Value.Fields(fields, Span(start, cursor.lastEnd))
    }

    /** Reads parts up to the closing brace, which it takes. Goes on after a part that cannot be read. */
    fun inBraces(owner: String, part: () -> Unit) {
        while (!cursor.at(Kind.CLOSE_BRACE)) {
            if (cursor.at(Kind.END) || cursor.atItem()) {
                val end = Span(cursor.lastEnd, cursor.lastEnd)
                hints.error(cursor.now.span, "$owner is not closed before ${cursor.now}", "}", listOf(Fix("close it", end, "\n}")))
                return
            }
            val began = cursor.taken
            try {
                part()
            } catch (_: Unreadable) {
                cursor.recover(began, cursor::atPart)
            }
            cursor.take(Kind.COMMA)
        }
        cursor.next()
    }

    fun field(): Field {
        val key = name("a field such as threshold: 0.5")
        between(key, Kind.COLON, Kind.EQUALS, ":")
        return Field(key, value(key.shown()))
    }

    /** `( key = value, … )`, or nothing. */
    fun options(): List<Field> {
        cursor.take(Kind.OPEN_PAREN) ?: return emptyList()
        val options = mutableListOf<Field>()
        while (!cursor.at(Kind.CLOSE_PAREN)) {
            val key = name("an option such as weight = 0.5, or )")
            between(key, Kind.EQUALS, Kind.COLON, " =")
            options += Field(key, value(key.shown()))
            cursor.take(Kind.COMMA)
        }
        cursor.next()
        return options
    }

    /** What stands between a key and its value. The mark of the other kind of list is plain enough to read on. */
    private fun between(key: Name, wanted: Kind, slip: Kind, written: String) {
        val found = cursor.now
        if (cursor.take(slip) == null) {
            cursor.need(wanted, "${wanted.shown} after ${key.shown()}")
        } else {
            val message = "expected ${wanted.shown} after ${key.shown()}, found ${slip.shown}"
            hints.error(found.span, message, fixes = listOf(Fix("write ${wanted.shown}", found.span, written)))
        }
    }

    private fun value(key: String): Value {
        val token = cursor.now
        // A key on the next line is no value of this one.
        if (token.startsLine && token.kind in nameKinds && cursor.following().kind in separators) cursor.missing("a value of $key")
        return when {
            cursor.at(Kind.STRING) -> Value.Text(token.text, cursor.next().span)
            cursor.at(Kind.NUMBER) -> Value.Number(token.text, cursor.next().span)
            cursor.at(Kind.WORD) -> word(cursor.next())
            cursor.at(Kind.OPEN_BRACKET) -> cursor.nested { items(key) }
            cursor.at(Kind.OPEN_BRACE) -> block(key)
            else -> cursor.missing("a value of $key")
        }
    }

    private fun word(token: Token): Value =
        when (token.text) {
            "true" -> Value.Truth(true, token.span)
            "false" -> Value.Truth(false, token.span)
            "null" -> Value.Nothing(token.span)
            else -> Value.Text(token.text, token.span, quoted = false)
        }

    private fun items(key: String): Value {
        val start = cursor.next().span.start
        val items = mutableListOf<Value>()
        while (!cursor.at(Kind.CLOSE_BRACKET)) {
            if (items.isNotEmpty()) cursor.need(Kind.COMMA, ", or ] in the list of $key")
            if (!cursor.at(Kind.CLOSE_BRACKET)) items += value(key)
        }
        return Value.Items(items, Span(start, cursor.next().span.end))
    }

    fun condition(): Condition =
        chain("OR", ::conjunction) { parts, span -> Condition.AnyOf(parts, span) }

    private fun conjunction(): Condition = chain("AND", ::factor) { parts, span -> Condition.All(parts, span) }

    private fun chain(operator: String, part: () -> Condition, join: (List<Condition>, Span) -> Condition): Condition {
        val start = cursor.now.span.start
        val parts = mutableListOf(part())
        // A field may be called AND.
        while (cursor.atWord(operator) && cursor.following().kind != Kind.COLON) {
            cursor.next()
            parts += part()
        }
        return parts.singleOrNull() ?: join(parts, Span(start, cursor.lastEnd))
    }

    private fun factor(): Condition =
        cursor.nested {
            val start = cursor.now.span.start
            when {
                cursor.takeWord("NOT") != null -> Condition.Not(factor(), Span(start, cursor.lastEnd))
                cursor.take(Kind.OPEN_PAREN) != null -> condition().also { cursor.need(Kind.CLOSE_PAREN, "AND, OR or )") }
                else -> signal(start)
            }
        }

    private fun signal(start: Int): Condition {
        if (!cursor.at(Kind.WORD) || cursor.now.text in operators) cursor.missing("a condition such as keyword(\"name\"), NOT … or ( … )")
        val type = name("a condition")
        cursor.need(Kind.OPEN_PAREN, "( with the name of a ${type.text} signal")
        val what = "the name of a ${type.text} signal"
        val name = if (cursor.atPart()) cursor.missing(what) else name(what)
        val fields = mutableListOf<Field>()
        cursor.take(Kind.COMMA)
        while (!cursor.at(Kind.CLOSE_PAREN)) {
            if (cursor.following().kind !in separators) cursor.missing(") after ${name.shown()}")
            fields += field()
            cursor.take(Kind.COMMA)
        }
        cursor.next()
        return Condition.Signal(type, name, fields, Span(start, cursor.lastEnd))
    }

    private companion object {
        val nameKinds = setOf(Kind.WORD, Kind.STRING)
        val separators = setOf(Kind.COLON, Kind.EQUALS)
        val operators = setOf("AND", "OR", "NOT")
    }
}
