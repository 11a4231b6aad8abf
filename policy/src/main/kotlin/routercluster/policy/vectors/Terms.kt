package routercluster.policy.vectors

import routercluster.policy.request.Words

/** The words of [text] as hybrid searches compare them: in lower case, in the order of the text. Every store takes a text apart by this. */
fun terms(text: String): List<String> {
    val words = Words.of(text)
    return List(words.size) { words.folded.substring(words.start(it), minOf(words.end(it), words.start(it) + TERM_LENGTH_MAX)) }
}

/** What is longer is no word that anyone searches for; its beginning stands for it. */
private const val TERM_LENGTH_MAX = 64
