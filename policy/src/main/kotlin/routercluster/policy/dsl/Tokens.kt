package routercluster.policy.dsl

/** What a [Token] is. */
enum class Kind(val shown: String) {
    WORD("a name"),
    STRING("a text in double quotes"),
    NUMBER("a number"),
    ARROW("->"),
    OPEN_BRACE("{"),
    CLOSE_BRACE("}"),
    OPEN_PAREN("("),
    CLOSE_PAREN(")"),
    OPEN_BRACKET("["),
    CLOSE_BRACKET("]"),
    COLON(":"),
    COMMA(","),
    EQUALS("="),
    END("the end of the text"),
}

/**
 * The smallest part of a program.
 *
 * @property text a string's content without quotes and escapes, else as written
 * @property startsLine only blanks stand before it on its line
 */
class Token(val kind: Kind, val text: String, val span: Span, val startsLine: Boolean) {
    override fun toString(): String =
        when {
            kind == Kind.STRING -> quote(text)
            text.isEmpty() -> kind.shown
            else -> text
        }
}

/** From `#` to the end of its line. */
class Comment(val text: String, val span: Span)

internal class Tokens(val list: List<Token>, val comments: List<Comment>)

/** Whether [text] can be written without quotes. */
fun isWord(text: String): Boolean = word.matches(text) && "->" !in text

/** [text] as a string of the language. */
fun quote(text: String): String =
    buildString {
        append('"')
        for (char in text) {
            when {
                char == '"' || char == '\\' -> append('\\').append(char)
                char == '\n' -> append("\\n")
                char == '\t' -> append("\\t")
                char == '\r' -> append("\\r")
                char.isISOControl() -> append("\\u").append(char.code.toString(HEX).padStart(HEX_DIGITS, '0'))
                else -> append(char)
            }
        }
        append('"')
    }

private val word = Regex("""[A-Za-z_][A-Za-z0-9_\-./]*""")
private val number = Regex("""[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?""")

internal fun isNumber(text: String): Boolean = number.matches(text)

private const val HEX = 16
private const val HEX_DIGITS = 4
private val marks =
    mapOf(
        '{' to Kind.OPEN_BRACE,
        '}' to Kind.CLOSE_BRACE,
        '(' to Kind.OPEN_PAREN,
        ')' to Kind.CLOSE_PAREN,
        '[' to Kind.OPEN_BRACKET,
        ']' to Kind.CLOSE_BRACKET,
        ':' to Kind.COLON,
        ',' to Kind.COMMA,
        '=' to Kind.EQUALS,
        '→' to Kind.ARROW,
    )
private val escapes = mapOf('n' to '\n', 't' to '\t', 'r' to '\r', '"' to '"', '\\' to '\\', '/' to '/')

/** The tokens of [text] without its comments, also where it is no program; the last is [Kind.END]. */
fun tokensOf(text: String): List<Token> = tokensOf(text, Hints()).list

/** Takes [text] apart. What cannot be read is reported to [hints] and left out. The last token is [Kind.END]. */
internal fun tokensOf(text: String, hints: Hints): Tokens = Lexer(text, hints).read()

private class Lexer(private val text: String, private val hints: Hints) {
    private val tokens = mutableListOf<Token>()
    private val comments = mutableListOf<Comment>()
    private var at = 0
    private var lineIsNew = true

    fun read(): Tokens {
        while (at < text.length) {
            val char = text[at]
            when {
                char == '\n' -> skipLineEnd()
                char.isWhitespace() || char == BYTE_ORDER_MARK -> at++
                char == '#' -> comment()
                char == '"' -> string()
                text.startsWith("->", at) -> token(Kind.ARROW, "->", at + 2)
                char in marks -> token(marks.getValue(char), "$char", at + 1)
                else -> wordOrNumber()
            }
        }
        token(Kind.END, "", at)
        return Tokens(tokens, comments)
    }

    private fun skipLineEnd() {
        at++
        lineIsNew = true
    }

    private fun token(kind: Kind, content: String, end: Int) {
        tokens += Token(kind, content, Span(at, end), lineIsNew)
        at = end
        lineIsNew = false
    }

    private fun comment() {
        val end = text.indexOf('\n', at).let { if (it < 0) text.length else it }
        val shown = text.substring(at, end).trimEnd()
        comments += Comment(shown, Span(at, at + shown.length))
        at = end
    }

    private fun wordOrNumber() {
        val digits = number.matchAt(text, at)
        val letters = word.matchAt(text, at)?.value?.substringBefore("->")
        when {
            letters != null -> token(Kind.WORD, letters, at + letters.length)
            digits != null -> number(digits.value)
            else -> unknown()
        }
    }

    /** `7B` and `2.5x` are names to a reader, and neither numbers nor words here. */
    private fun number(digits: String) {
        val rest = text.substring(at + digits.length).takeWhile { it.isLetterOrDigit() || it in "_-./" }
        val whole = digits + rest
        if (rest.isNotEmpty()) {
            val span = Span(at, at + whole.length)
            hints.error(span, "$whole is neither a number nor a name", fixes = listOf(Fix("write ${quote(whole)}", span, quote(whole))))
            token(Kind.STRING, whole, span.end)
        } else {
            token(Kind.NUMBER, digits, at + digits.length)
        }
    }

    private fun unknown() {
        val run = text.substring(at).takeWhile { !it.isWhitespace() && it !in marks && it != '"' && it != '#' }
        val span = Span(at, at + run.length)
        if (run.any { it.isLetter() }) {
            hints.error(span, "$run is not a name", NAME_FORM, listOf(Fix("write ${quote(run)}", span, quote(run))))
            token(Kind.STRING, run, span.end)
        } else {
            hints.error(span, "$run means nothing here")
            at = span.end
        }
    }

    private fun string() {
        val content = StringBuilder()
        var next = at + 1
        while (next < text.length && text[next] != '"' && text[next] != '\n') {
            if (text[next] == '\\') next = escape(next, content) else content.append(text[next++])
        }
        val closed = next < text.length && text[next] == '"'
        if (!closed) {
            val span = Span(at, next)
            hints.error(span, "the text is not closed on its line", "\\n for a new line", listOf(Fix("close it", Span(next, next), "\"")))
        }
        token(Kind.STRING, content.toString(), if (closed) next + 1 else next)
    }

    /** Where the text goes on. */
    private fun escape(backslash: Int, content: StringBuilder): Int {
        val char = text.getOrNull(backslash + 1)
        val plain = escapes[char]
        val code = if (char == 'u') hexAt(backslash + 2) else null
        val length = if (code == null) 2 else 2 + HEX_DIGITS
        when {
            plain != null -> {
                content.append(plain)
            }

            code != null -> {
                content.append(code.toChar())
            }

            else -> {
                val span = Span(backslash, minOf(backslash + 2, text.length))
                val fixes = listOf(Fix("write \\\\ for a backslash", span, "\\" + text.substring(span.start, span.end)))
                hints.error(span, "unknown escape ${text.substring(span.start, span.end).trim()}", ESCAPE_FORMS, fixes)
                content.append('\\')
                return backslash + 1
            }
        }
        return backslash + length
    }

    private fun hexAt(start: Int): Int? =
        text
            .substring(minOf(start, text.length), minOf(start + HEX_DIGITS, text.length))
            .takeIf { it.length == HEX_DIGITS && it.all { char -> char.digitToIntOrNull(HEX) != null } }
            ?.toInt(HEX)

    private companion object {
        const val BYTE_ORDER_MARK = '\uFEFF'
        const val NAME_FORM = "ASCII letters, digits and _ - . /, not beginning with a digit; other names in double quotes"
        const val ESCAPE_FORMS = """\" \\ \/ \n \t \r \u0041"""
    }
}
