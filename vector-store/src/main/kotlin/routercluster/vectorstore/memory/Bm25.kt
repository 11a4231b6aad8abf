package routercluster.vectorstore.memory

import kotlin.math.ln

/**
 * Scores of [documents], each as its terms, for the distinct terms of a query, by BM25 (Robertson and Zaragoza 2009) with k1 = 1.2 and b = 0.75. 0 for a
 * document that has none of them.
 */
internal fun bm25(documents: List<List<String>>, query: Set<String>): List<Double> {
    val mean = documents.sumOf { it.size }.toDouble() / maxOf(documents.size, 1)
    val having = query.associateWith { term -> documents.count { term in it } }
    return documents.map { document ->
        query.sumOf { term ->
            val times = document.count { it == term }
            val count = having.getValue(term)
            val rarity = ln(1 + (documents.size - count + 0.5) / (count + 0.5))
            if (times == 0) 0.0 else rarity * times * (K1 + 1) / (times + K1 * (1 - B + B * document.size / mean))
        }
    }
}

private const val K1 = 1.2
private const val B = 0.75
