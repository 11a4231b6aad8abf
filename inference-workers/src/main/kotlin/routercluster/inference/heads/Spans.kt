package routercluster.inference.heads

import routercluster.inference.folder.HeadSpec
import routercluster.inference.folder.LINE_MARK
import routercluster.inference.folder.Pieces
import routercluster.inference.folder.TextForm
import routercluster.inference.read.Question
import routercluster.inference.read.Reading
import routercluster.inference.text.Stretch
import routercluster.inference.text.Window
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Span
import kotlin.math.ln

/** Spans of the only text, or of the second where there are two. */
internal fun spansOf(question: Question, reading: Reading): HeadResult {
    val spec = question.spec
    val tagging = Tagging(spec.head.labels)
    val text = reading.key.pair ?: reading.key.text
    val words = wordsOf(text, reading.second ?: reading.first)
    val rows = TokenRows(question, reading, tagging.outside)
    val spans =
        if (tagging.hasPrefixes) {
            tagging.spans(words, words.map { logScores(spec, rows, it) }).filter { it.confidence >= (spec.spansFrom ?: 0f) }
        } else {
            flagged(spec, tagging, words, rows)
        }
    val bare = if (spec.form == TextForm.LINES_MARKED) spans.mapNotNull { withoutMarks(it, text) } else spans
    return HeadResult.Spans(bare.map { Span(it.label, question.written.start(it.start), question.written.end(it.end), it.confidence) })
}

/** A mark of a line's end belongs to no span that it begins or ends; null for a span of marks alone. */
private fun withoutMarks(span: Span, text: String): Span? {
    val kept = (span.start until span.end).filter { text[it] != LINE_MARK }
    return if (kept.isEmpty()) null else span.copy(start = kept.first(), end = kept.last() + 1)
}

/** Neighbouring words whose best label other than the one outside is probable enough are one span. */
private fun flagged(spec: HeadSpec, tagging: Tagging, words: List<Word>, rows: TokenRows): List<Span> {
    val spans = Spans()
    val least = spec.spansFrom ?: HeadSpec.DEFAULT_SPANS_FROM
    for (word in words) {
        val row = meanOf(rows, word.from until word.until)
        val best = row.indices.filter { it != tagging.outside }.maxBy { row[it] }
        if (row[best] >= least) spans.add(spec.head.labels[best], false, word, row[best]) else spans.close()
    }
    return spans.all()
}

private fun logScores(spec: HeadSpec, rows: TokenRows, word: Word): FloatArray {
    val pieces =
        when (spec.pieces) {
            Pieces.FIRST -> word.from..word.from
            Pieces.ALL -> word.from until word.until
        }
    val sums = FloatArray(spec.head.labels.size)
    for (piece in pieces) {
        val row = rows[piece]
        for (k in sums.indices) sums[k] += ln(maxOf(row[k], Float.MIN_VALUE))
    }
    val count = pieces.last - pieces.first + 1
    for (k in sums.indices) sums[k] /= count.toFloat()
    return sums
}

private fun meanOf(rows: TokenRows, tokens: IntRange): FloatArray {
    val sums = rows[tokens.first].copyOf()
    for (token in tokens.drop(1)) rows[token].forEachIndexed { k, value -> sums[k] += value }
    for (k in sums.indices) sums[k] /= (tokens.last - tokens.first + 1).toFloat()
    return sums
}

/**
 * Probabilities of each token. Where windows overlap, the one in which the token stands farther from a cut speaks for it; where several
 * parts of a first text were read beside it, the one that clears it best, since what any part supports is supported.
 */
private class TokenRows(private val question: Question, reading: Reading, outside: Int) {
    private val count = (reading.second ?: reading.first).ids.size
    private val rows = arrayOfNulls<FloatArray>(count)

    init {
        val margins = IntArray(count) { -1 }
        reading.windows.zip(reading.found).forEach { (window, found) ->
            val part = window.second ?: window.first
            val logits = found.getValue(question.want)
            for (token in part.from until minOf(part.until, count)) {
                val margin = marginOf(token, part)
                if (margin < margins[token]) continue
                val row = rowOf(question.spec, logits, window, token)
                val known = rows[token]
                if (known == null || margin > margins[token] || (outside >= 0 && row[outside] > known[outside])) rows[token] = row
                margins[token] = margin
            }
        }
    }

    operator fun get(token: Int): FloatArray = requireNotNull(rows[token]) { "token $token was in no window" }

    /** How far [token] is from a place where the text was cut; the ends of the text itself are no cuts. */
    private fun marginOf(token: Int, part: Stretch): Int {
        val before = if (part.from == 0) count else token - part.from
        val after = if (part.until == count) count else part.until - 1 - token
        return minOf(before, after)
    }

    private fun rowOf(spec: HeadSpec, logits: FloatArray, window: Window, token: Int): FloatArray {
        val width = spec.head.labels.size
        val place = if (window.second != null) window.secondAt + token - window.second.from else window.firstAt + token - window.first.from
        return spec.probabilities(logits, place * width, width)
    }
}
