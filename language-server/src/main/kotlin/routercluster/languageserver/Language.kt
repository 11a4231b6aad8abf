package routercluster.languageserver

import routercluster.policy.dsl.Fix
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Span

/** What an editor can ask of a document. All of it is worked out from the text alone, which may be half written. */
interface Language {
    /** What is to be said of the document. */
    fun remarks(source: SourceText): List<Remark>

    /** What can be written at [offset], the likeliest first. */
    fun suggestions(source: SourceText, offset: Int): List<Suggestion>

    /** What stands at [offset]; null where nothing is known of it. */
    fun explanation(source: SourceText, offset: Int): Explanation?

    /** The text in its one layout; null where it has none, or cannot be read. */
    fun formatted(source: SourceText): String?
}

enum class Severity { ERROR, WARNING, INFORMATION }

/**
 * One thing to say of a document.
 *
 * @property fixes each would make it go away
 */
class Remark(val span: Span, val severity: Severity, val message: String, val fixes: List<Fix> = emptyList())

/**
 * Something that can be written.
 *
 * @property text what takes the place of [span]
 * @property detail one line on what it means; empty for the document's own names
 */
class Suggestion(
    val label: String,
    val span: Span,
    val text: String = label,
    val sort: Sort = Sort.NAME,
    val detail: String = "",
) {
    enum class Sort { KEYWORD, KEY, WORD, NAME }
}

/** @property text some plain lines */
class Explanation(val span: Span, val text: String)
