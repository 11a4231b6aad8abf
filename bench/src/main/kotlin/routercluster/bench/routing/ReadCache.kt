package routercluster.bench.routing

import routercluster.cli.train.TextReading
import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.selectors.Traits
import routercluster.policy.versions.sha256
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.EOFException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption

/**
 * What the encoder read of texts, kept in a file of [folder] for the encoder's version, since reading twenty thousand texts takes minutes.
 *
 * A record is the text's digest, its embedding, the domain labels' probabilities and its hardness.
 */
internal class ReadCache(private val folder: Path, private val reading: TextReading, private val progress: (String) -> Unit) {
    private val file = folder.resolve("${reading.version}.bin")
    private val known = HashMap<String, ReadRequest>()

    init {
        Files.createDirectories(folder)
        if (Files.exists(file)) load()
    }

    fun read(texts: List<String>): List<ReadRequest> {
        val missing = texts.distinct().filter { keyOf(it) !in known }
        missing.chunked(CHUNK).forEachIndexed { index, chunk ->
            progress("${index * CHUNK} of ${missing.size} texts read")
            keep(chunk, reading.read(chunk) {})
        }
        return texts.map { text ->
            val read = known.getValue(keyOf(text))
            ReadRequest(read.embedding, Traits(null, read.traits.domains, read.traits.complexity, textLength = text.length))
        }
    }

    private fun keyOf(text: String): String = sha256(text).take(2 * DIGEST_BYTES)

    private fun keep(texts: List<String>, read: List<ReadRequest>) {
        val open = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
        DataOutputStream(open.buffered()).use { out ->
            for ((text, request) in texts.zip(read)) {
                val vector = checkNotNull(request.embedding) { "the encoder gave no embedding of ${text.take(40)}" }
                val shares = reading.domains.map { checkNotNull(request.traits.domains?.get(it)) { "the encoder told no domain" } }
                known[keyOf(text)] = request
                out.writeUTF(keyOf(text))
                out.writeInt(vector.size)
                vector.forEach(out::writeFloat)
                shares.forEach(out::writeDouble)
                out.writeDouble(checkNotNull(request.traits.complexity) { "the encoder told no hardness" })
            }
        }
    }

    private fun load() =
        DataInputStream(Files.newInputStream(file).buffered()).use { input ->
            try {
                while (true) {
                    val key = input.readUTF()
                    val vector = FloatArray(input.readInt()) { input.readFloat() }
                    val shares = reading.domains.associateWith { input.readDouble() }
                    known[key] = ReadRequest(vector, Traits(null, shares, input.readDouble()))
                }
            } catch (_: EOFException) {
                progress("${known.size} texts are known")
            }
        }

    private companion object {
        const val CHUNK = 512
        const val DIGEST_BYTES = 16
    }
}
