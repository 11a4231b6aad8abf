package routercluster.policy.dsl

import routercluster.policy.config.nearestName

/** How bad it is. */
enum class Level {
    /** Cannot be read. */
    ERROR,

    /** Names nothing that this program has. */
    WARNING,

    /** Can be read, but no router can act on it. */
    CONSTRAINT,
}

/** A change that would make a hint go away: [replacement] in place of what stands at [span]. */
class Fix(val title: String, val span: Span, val replacement: String)

/**
 * One thing to say of a program.
 *
 * @property span what it is about
 * @property accepted what would be right, in words or as a list of names
 */
class Hint(
    val level: Level,
    val span: Span,
    val message: String,
    val accepted: String? = null,
    val fixes: List<Fix> = emptyList(),
) {
    /** With its place, the line that it is about, and a caret under the place. */
    fun render(source: SourceText): String {
        val line = source.line(span.start)
        val column = source.column(span.start)
        val text = source.lineText(line)
        val gutter = "$line"
        val width = (span.end - span.start).coerceIn(1, maxOf(1, text.length - column + 1))
        // Tabs are kept, so that the caret stands under its place however wide they are shown.
        val lead = text.take(column - 1).map { if (it == '\t') '\t' else ' ' }.joinToString("")
        return buildString {
            append(source.file)
                .append(':')
                .append(line)
                .append(':')
                .append(column)
            append(": ").append(level.name.lowercase()).append(": ").append(message)
            accepted?.let { append("; accepted: ").append(it) }
            fixes.forEach { append("; ").append(it.title) }
            append('\n').append(gutter).append(" | ").append(text.take(SHOWN_CHARS_MAX))
            if (column <= SHOWN_CHARS_MAX) {
                append('\n').append(" ".repeat(gutter.length)).append(" | ").append(lead)
                append("^".repeat(minOf(width, SHOWN_CHARS_MAX - column + 1)))
            }
        }
    }

    private companion object {
        const val SHOWN_CHARS_MAX = 160
    }
}

/** Collects what there is to say, in the order of the text, up to [Hints.MAX]. */
internal class Hints {
    private val found = mutableListOf<Hint>()

    val all: List<Hint> get() = found.sortedWith(compareBy({ it.span.start }, { it.span.end })).take(MAX)

    fun add(level: Level, span: Span, message: String, accepted: String? = null, fixes: List<Fix> = emptyList()) {
        found += Hint(level, span, message, accepted, fixes)
    }

    fun error(span: Span, message: String, accepted: String? = null, fixes: List<Fix> = emptyList()) =
        add(Level.ERROR, span, message, accepted, fixes)

    companion object {
        const val MAX = 200
    }
}

/** A fix that puts the name of [known] nearest to [name] in its place; none where no name is near. */
internal fun didYouMean(name: Name, known: Collection<String>): List<Fix> = didYouMean(name.text, name.span, known, name.quoted)

internal fun didYouMean(written: String, span: Span, known: Collection<String>, quoted: Boolean = false): List<Fix> =
    listOfNotNull(
        nearestName(written, known)?.let { Fix("did you mean $it?", span, if (quoted || !isWord(it)) quote(it) else it) },
    )
