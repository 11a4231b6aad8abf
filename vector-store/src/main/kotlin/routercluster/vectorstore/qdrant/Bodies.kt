package routercluster.vectorstore.qdrant

import java.io.ByteArrayOutputStream
import java.util.Base64
import java.util.zip.Deflater
import java.util.zip.DeflaterOutputStream
import java.util.zip.InflaterInputStream

/** [body] as text, compressed where that makes it shorter: Qdrant keeps no bytes. */
internal fun packed(body: ByteArray): String {
    val shrunk = ByteArrayOutputStream()
    DeflaterOutputStream(shrunk, Deflater(Deflater.BEST_SPEED)).use { it.write(body) }
    return if (shrunk.size() < body.size) SHRUNK + encoded(shrunk.toByteArray()) else PLAIN + encoded(body)
}

/** @throws IllegalArgumentException for what [packed] did not make */
internal fun unpacked(text: String): ByteArray {
    val bytes = Base64.getDecoder().decode(text.drop(1))
    return when (text.firstOrNull().toString()) {
        SHRUNK -> InflaterInputStream(bytes.inputStream()).readAllBytes()
        PLAIN -> bytes
        else -> throw IllegalArgumentException("not a body")
    }
}

private fun encoded(bytes: ByteArray): String = Base64.getEncoder().encodeToString(bytes)

private const val SHRUNK = "z"
private const val PLAIN = "p"
