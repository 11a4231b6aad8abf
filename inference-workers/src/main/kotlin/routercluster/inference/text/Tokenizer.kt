package routercluster.inference.text

import ai.djl.huggingface.tokenizers.jni.LibUtils
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.folder.ModelFiles
import java.util.concurrent.locks.ReentrantReadWriteLock
import kotlin.concurrent.read
import kotlin.concurrent.write

private const val FILE = "tokenizer.json"

/**
 * A Hugging Face tokenizer. Thread-safe.
 *
 * It calls the native library below the wrapper class that comes with it: the wrapper fetches nine arrays a text, of which one or two
 * are needed here, and asks a cloud's metadata service who it runs for.
 */
internal class Tokenizer private constructor(private val handle: Long) : AutoCloseable {
    /** Readers use the handle, the writer frees it. */
    private val lock = ReentrantReadWriteLock()
    private var closed = false

    /** The special tokens around one text, and around two. */
    val single: Frame
    val pair: Frame

    /** Special tokens that a text must not bring along: it could end itself, or pretend to be two. */
    private val reserved: Set<Int>

    init {
        TokenizersLibrary.LIB.disablePadding(handle)
        TokenizersLibrary.LIB.disableTruncation(handle)
        single = frame { TokenizersLibrary.LIB.encode(handle, SAMPLE, true) }
        pair = frame { TokenizersLibrary.LIB.encodeDual(handle, SAMPLE, SAMPLE, true) }
        reserved = (single.special + pair.special).toSet()
    }

    /**
     * Reads [text] until its end or until [most] tokens.
     *
     * @param withPlaces whether to tell where each token lies in the text; costs about as much as the tokens themselves
     */
    fun read(text: String, most: Int, withPlaces: Boolean): Tokens =
        lock.read {
            check(!closed) { "tokenizer is closed" }
            val list = TokenList(withPlaces)
            val clean = withoutLoneSurrogates(text)
            var at = 0
            while (at < clean.length) {
                val end = pieceEnd(clean, at)
                val read = readPiece(clean, at, end, list, most)
                if (read < end) return list.tokens(read)
                at = end
            }
            list.tokens(text.length)
        }

    override fun close() {
        lock.write {
            if (closed) return
            closed = true
            TokenizersLibrary.LIB.deleteTokenizer(handle)
        }
    }

    /** Returns how far it came: [end], or less where [most] tokens were met. */
    private fun readPiece(text: String, start: Int, end: Int, list: TokenList, most: Int): Int {
        val piece = if (start == 0 && end == text.length) text else text.substring(start, end)
        return encoded(TokenizersLibrary.LIB.encode(handle, piece, false)) { encoding ->
            val ids = TokenizersLibrary.LIB.getTokenIds(encoding)
            val count = minOf(ids.size, most - list.size)
            val whole = count == ids.size
            val places = if (list.withPlaces || !whole) placesOf(encoding) else noPlaces
            val units = CodePoints(if (places.isEmpty()) "" else piece)
            for (i in 0 until count) {
                if (ids[i].toInt() in reserved) continue
                if (list.withPlaces) {
                    list.add(ids[i].toInt(), start + units.unit(places[2 * i]), start + units.unit(places[2 * i + 1]))
                } else {
                    list.add(ids[i].toInt())
                }
            }
            if (whole) end else start + (if (count == 0) 0 else units.unit(places[2 * count - 1]))
        }
    }

    /** Start and end of each token in turn, in code points. */
    private fun placesOf(encoding: Long): IntArray {
        val spans = TokenizersLibrary.LIB.getTokenCharSpans(encoding)
        val places = IntArray(2 * spans.size)
        for (i in spans.indices) {
            places[2 * i] = spans[i]?.start ?: 0
            places[2 * i + 1] = spans[i]?.end ?: 0
        }
        return places
    }

    private fun frame(encode: () -> Long): Frame =
        encoded(encode()) { encoding ->
            val library = TokenizersLibrary.LIB
            frameOf(
                library.getTokenIds(encoding),
                library.getTypeIds(encoding),
                library.getSpecialTokenMask(encoding),
                library.getSequenceIds(encoding),
            )
        }

    companion object {
        private const val SAMPLE = "a"
        private val noPlaces = IntArray(0)

        /** Opens tokenizer.json of [files]. Loads the native library with the first one. */
        fun open(files: ModelFiles): Tokenizer {
            val json = String(files.bytes(FILE), Charsets.UTF_8)
            // The library would otherwise look for a GPU build of itself, which nothing here needs, and fetch it.
            if (System.getProperty("RUST_FLAVOR") == null) System.setProperty("RUST_FLAVOR", "cpu")
            val handle =
                try {
                    LibUtils.checkStatus()
                    TokenizersLibrary.LIB.createTokenizerFromString(json)
                } catch (failure: LinkageError) {
                    throw EncoderLoadException("the native library of the tokenizers cannot be loaded: ${failure.message}", failure)
                } catch (failure: RuntimeException) {
                    val found = "expected a Hugging Face tokenizer, found: ${failure.message}"
                    throw EncoderLoadException("${files.place}: $FILE: $found", failure)
                }
            return Tokenizer(handle)
        }

        private inline fun <T> encoded(encoding: Long, use: (Long) -> T): T =
            try {
                use(encoding)
            } finally {
                TokenizersLibrary.LIB.deleteEncoding(encoding)
            }
    }
}

/** Half of a surrogate pair is no text; it is read as the replacement character, so that offsets stay. */
internal fun withoutLoneSurrogates(text: String): String {
    val first = text.indices.firstOrNull { isLone(text, it) } ?: return text
    val clean = StringBuilder(text)
    for (i in first until text.length) if (isLone(text, i)) clean[i] = '\uFFFD'
    return clean.toString()
}

private fun isLone(text: String, at: Int): Boolean {
    val unit = text[at]
    return when {
        !unit.isSurrogate() -> false
        unit.isHighSurrogate() -> at + 1 == text.length || !text[at + 1].isLowSurrogate()
        else -> at == 0 || !text[at - 1].isHighSurrogate()
    }
}

/** Long texts are tokenised in pieces, so that one behind the bound costs nothing. A piece ends before white space where there is some. */
private const val PIECE = 16_384

internal fun pieceEnd(text: String, start: Int): Int {
    if (text.length - start <= PIECE) return text.length
    val latest = start + PIECE
    val space = (latest downTo latest - PIECE / 2).firstOrNull { text[it].isWhitespace() && !text[it - 1].isWhitespace() }
    if (space != null) return space
    return if (text[latest].isLowSurrogate()) latest - 1 else latest
}
