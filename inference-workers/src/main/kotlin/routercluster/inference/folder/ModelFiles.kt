package routercluster.inference.folder

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.inference.EncoderSource
import java.io.IOException
import java.io.InputStream
import java.nio.file.Files
import java.nio.file.Path

/** The files of an encoder, wherever they lie. Names are relative, with slashes. */
internal sealed interface ModelFiles {
    /** For messages. */
    val place: String

    /** Bytes of a file, or null where there is none. */
    fun size(name: String): Long?

    /** The caller closes it; null where there is no such file. */
    fun open(name: String): InputStream?

    fun bytes(name: String): ByteArray =
        try {
            open(name)?.use(InputStream::readAllBytes) ?: throw EncoderLoadException("$place: $name is missing")
        } catch (failure: IOException) {
            throw EncoderLoadException("$place: $name cannot be read: ${failure.message}", failure)
        }
}

internal fun filesOf(source: EncoderSource): ModelFiles =
    when (source) {
        is EncoderSource.Folder -> FolderFiles(source.path)
        is EncoderSource.MiniLm -> MiniLmFiles
    }

internal class FolderFiles(private val folder: Path) : ModelFiles {
    init {
        if (!Files.isDirectory(folder)) {
            throw EncoderLoadException("$folder: expected a folder with model.onnx and tokenizer.json, found none")
        }
    }

    override val place: String get() = folder.toString()

    override fun size(name: String): Long? = path(name)?.let(Files::size)

    override fun open(name: String): InputStream? = path(name)?.let(Files::newInputStream)

    /** Null where there is no such file. */
    fun path(name: String): Path? = folder.resolve(name).takeIf(Files::isRegularFile)
}

/** The resources of the Maven artifact, under the names of a Hugging Face folder. */
internal data object MiniLmFiles : ModelFiles {
    private val names =
        mapOf("model.onnx" to "/all-minilm-l6-v2-q.onnx", "tokenizer.json" to "/all-minilm-l6-v2-q-tokenizer.json")
    private const val CONFIG = """{"architectures": ["BertModel"], "max_position_embeddings": 512, "pad_token_id": 0}"""

    override val place: String get() = "built-in MiniLM"

    override fun size(name: String): Long? = open(name)?.use { it.readAllBytes().size.toLong() }

    override fun open(name: String): InputStream? =
        if (name == "config.json") CONFIG.byteInputStream() else names[name]?.let { MiniLmFiles::class.java.getResourceAsStream(it) }
}

private val json = ObjectMapper()

/** The JSON object in file [name], or null where there is no such file. */
internal fun ModelFiles.json(name: String): JsonNode? {
    if (size(name) == null) return null
    val node =
        try {
            json.readTree(bytes(name))
        } catch (failure: JacksonException) {
            val at = failure.location
            throw EncoderLoadException("$place: $name is no JSON (line ${at?.lineNr}, column ${at?.columnNr})", failure)
        }
    return node?.takeIf(JsonNode::isObject) ?: throw EncoderLoadException("$place: $name: expected a JSON object, found ${node?.nodeType}")
}

private val markOfSharedScale = "DynamicQuantizeLinear".toByteArray()
private const val CHUNK = 1 shl 16

/**
 * Whether the network rounds its numbers by one scale for a whole batch, as ONNX Runtime's dynamic quantisation does: a text's result then
 * depends on its neighbours, by more than thresholds can bear. Told by the operator's name in the file.
 */
internal fun quantisesAcrossRows(files: ModelFiles, model: String): Boolean {
    val found = files.open(model) ?: return false
    found.use { stream ->
        val chunk = ByteArray(CHUNK)
        var kept = 0
        while (true) {
            val size = kept + stream.readNBytes(chunk, kept, CHUNK - kept)
            if (holds(chunk, size, markOfSharedScale)) return true
            if (size < CHUNK) return false
            kept = markOfSharedScale.size - 1
            chunk.copyInto(chunk, 0, size - kept, size)
        }
    }
    error("the loop ends by returning")
}

private fun holds(bytes: ByteArray, size: Int, mark: ByteArray): Boolean =
    (0..size - mark.size).any { at -> bytes[at] == mark[0] && mark.indices.all { bytes[at + it] == mark[it] } }
