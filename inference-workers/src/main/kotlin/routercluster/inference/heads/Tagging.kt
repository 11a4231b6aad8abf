package routercluster.inference.heads

import routercluster.policy.encode.Span

/**
 * Labels of words taken apart: `B-PERSON` begins a span of type PERSON, `I-PERSON` goes on with it, `O` is outside. Labels without such
 * prefixes are types by themselves, and the first of them is outside unless there is an `O`.
 */
internal class Tagging(private val labels: List<String>) {
    val hasPrefixes: Boolean = labels.any { it.startsWith(BEGIN) || it.startsWith(INSIDE) }

    /** Index of the label that means no span, or -1. */
    val outside: Int = labels.indexOf("O").takeIf { it >= 0 } ?: if (hasPrefixes) -1 else 0
    private val types = labels.map { it.removePrefix(BEGIN).removePrefix(INSIDE) }
    private val begins = BooleanArray(labels.size) { labels[it].startsWith(BEGIN) }

    /** For a label that goes on with a span: the labels that it can stand behind. Null for one that can stand anywhere. */
    private val behind: List<IntArray?> =
        labels.map { label ->
            val type = label.removePrefix(INSIDE)
            val begin = labels.indexOf(BEGIN + type)
            if (label.startsWith(INSIDE) && begin >= 0) intArrayOf(begin, labels.indexOf(label)) else null
        }

    /**
     * The spans of the most probable labels of [words] in which an `I-` stands only behind its own type.
     *
     * @param scores logarithms of the probabilities, a row a word
     */
    fun spans(words: List<Word>, scores: List<FloatArray>): List<Span> {
        if (words.isEmpty()) return emptyList()
        val path = bestPath(scores)
        val spans = Spans()
        words.forEachIndexed { i, word ->
            val label = path[i]
            if (label == outside) spans.close() else spans.add(types[label], begins[label], word, kotlin.math.exp(scores[i][label]))
        }
        return spans.all()
    }

    /** Viterbi's algorithm: all transitions that are allowed are equally good. Of two equal labels the earlier one. */
    private fun bestPath(scores: List<FloatArray>): IntArray {
        var best = FloatArray(labels.size) { if (behind[it] == null) scores[0][it] else Float.NEGATIVE_INFINITY }
        val origins = ArrayList<IntArray>(scores.size)
        for (row in scores.drop(1)) {
            val top = indexOfMax(best)
            val origin = IntArray(labels.size) { label -> behind[label]?.let { if (best[it[0]] >= best[it[1]]) it[0] else it[1] } ?: top }
            origins += origin
            val before = best
            best = FloatArray(labels.size) { before[origin[it]] + row[it] }
        }
        val path = IntArray(scores.size)
        path[path.lastIndex] = indexOfMax(best)
        for (i in origins.indices.reversed()) path[i] = origins[i][path[i + 1]]
        return path
    }

    private fun indexOfMax(values: FloatArray): Int = values.indices.maxBy { values[it] }

    private companion object {
        const val BEGIN = "B-"
        const val INSIDE = "I-"
    }
}

/** Spans as their words come in; confidence is the mean of the words'. */
internal class Spans {
    private val done = ArrayList<Span>()
    private var type = ""
    private var start = 0
    private var end = 0
    private var sum = 0.0
    private var words = 0

    fun add(type: String, begins: Boolean, word: Word, confidence: Float) {
        if (words == 0 || begins || type != this.type) {
            close()
            this.type = type
            start = word.start
        }
        end = word.end
        sum += confidence
        words++
    }

    fun close() {
        if (words > 0) done += Span(type, start, end, (sum / words).coerceIn(0.0, 1.0).toFloat())
        sum = 0.0
        words = 0
    }

    fun all(): List<Span> {
        close()
        return done
    }
}
