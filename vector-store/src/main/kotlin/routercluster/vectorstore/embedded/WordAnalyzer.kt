package routercluster.vectorstore.embedded

import org.apache.lucene.analysis.Analyzer
import org.apache.lucene.analysis.Tokenizer
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute
import routercluster.policy.vectors.terms

/** Takes texts apart as every store does, see [terms]. */
internal class WordAnalyzer : Analyzer() {
    override fun createComponents(fieldName: String): TokenStreamComponents = TokenStreamComponents(WordTokenizer())
}

private class WordTokenizer : Tokenizer() {
    private val term = addAttribute(CharTermAttribute::class.java)
    private var rest: Iterator<String> = emptyList<String>().iterator()

    override fun reset() {
        super.reset()
        rest = terms(input.readText()).iterator()
    }

    override fun incrementToken(): Boolean {
        clearAttributes()
        if (!rest.hasNext()) return false
        term.append(rest.next())
        return true
    }
}
