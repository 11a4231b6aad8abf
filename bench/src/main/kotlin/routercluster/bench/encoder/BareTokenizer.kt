package routercluster.bench.encoder

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary

/** The Hugging Face tokenizer and nothing else. Its library is loaded by the encoder. */
class BareTokenizer(json: String) {
    private val handle = TokenizersLibrary.LIB.createTokenizerFromString(json)

    fun read(text: String): LongArray {
        val encoding = TokenizersLibrary.LIB.encode(handle, text, false)
        return TokenizersLibrary.LIB.getTokenIds(encoding).also { TokenizersLibrary.LIB.deleteEncoding(encoding) }
    }
}
