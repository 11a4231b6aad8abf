package routercluster.vectorstore.qdrant

import routercluster.policy.vectors.terms

/**
 * The words of a text as a sparse vector. Qdrant multiplies two of them and weighs each word by how rare it is, which together is BM25 (k1 = 1.2, b = 0.75).
 *
 * @property indices unsigned, each once
 */
internal class SparseWords(val indices: List<Int>, val values: List<Float>) {
    companion object {
        /** Of a text that is kept. */
        fun ofText(text: String): SparseWords {
            val words = terms(text)
            val length = 1 - B + B * words.size / WORDS_MEAN
            val counts = words.groupingBy(::index).eachCount()
            return SparseWords(counts.keys.toList(), counts.values.map { (it * (K1 + 1) / (it + K1 * length)).toFloat() })
        }

        /** Of a text that is looked for. */
        fun ofQuery(text: String): SparseWords {
            val indices = terms(text).map(::index).distinct()
            return SparseWords(indices, indices.map { 1f })
        }

        /** Two words may have the same number, once in some billions. FNV-1a. */
        private fun index(word: String): Int = word.toByteArray().fold(FNV_OFFSET) { hash, byte ->
            (hash xor (byte.toInt() and 0xff)) *
                FNV_PRIME
        }

        private const val K1 = 1.2
        private const val B = 0.75

        /** Taken for the mean length of a text, which the server does not know: a question and its context. */
        private const val WORDS_MEAN = 64.0
        private const val FNV_OFFSET = -2_128_831_035
        private const val FNV_PRIME = 16_777_619
    }
}
