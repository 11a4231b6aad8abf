package routercluster.policy.dsl

import routercluster.policy.config.Location
import routercluster.policy.config.Problem
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
        val at = source.location(span.start)
        return buildString {
            append(at)
                .append(": ")
                .append(level.name.lowercase())
                .append(": ")
                .append(message)
            accepted?.let { append("; accepted: ").append(it) }
            fixes.forEach { append("; ").append(it.title) }
            append('\n').append(pointer(source, at, span.end - span.start))
        }
    }
}

/** This problem, with the line that it is about where that is one of [source]. */
fun Problem.render(source: SourceText): String = if (at.file == source.file) "$this\n${pointer(source, at, 1)}" else "$this"

private const val SHOWN_CHARS_MAX = 160

/** The line of a place, and below it a caret for each of [width] characters. */
private fun pointer(source: SourceText, at: Location, width: Int): String {
    val text = source.lineText(at.line)
    val gutter = "${at.line}"
    // Tabs are kept, so that the caret stands under its place however wide they are shown.
    val lead = text.take(at.column - 1).map { if (it == '\t') '\t' else ' ' }.joinToString("")
    val carets = minOf(width, text.length - at.column + 1, SHOWN_CHARS_MAX - at.column + 1)
    val line = "$gutter | ${text.take(SHOWN_CHARS_MAX)}"
    return if (at.column > SHOWN_CHARS_MAX) line else "$line\n${" ".repeat(gutter.length)} | $lead${"^".repeat(maxOf(1, carets))}"
}

/** Collects what there is to say, in the order of the text, up to [Hints.MAX]. */
internal class Hints {
    private val found = mutableListOf<Hint>()

    /** Where there are too many, warnings go first. */
    val all: List<Hint>
        get() =
            found
                .sortedBy { it.level == Level.WARNING }
                .take(MAX)
                .sortedWith(compareBy({ it.span.start }, { it.span.end }))

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
