package routercluster.gateway.pipeline

import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.SelectionKey
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.IOException
import java.security.MessageDigest
import java.util.Base64
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/**
 * What feedback needs to know of a request that was routed.
 *
 * @property model the one that answered
 * @property context what the request was like; null where no selector went by that
 */
data class RoutedRequest(val requestId: String, val key: SelectionKey, val model: String, val context: ContextPoint? = null)

/**
 * Replay ids: what an answer tells of its request so that any node can take feedback on it, without having kept anything. They carry it
 * with a signature, since a client could else speak of requests that never were. Where there is no secret, or
 * names are too long for a header, they are just request ids, which only those know who have the record.
 *
 * @param secret of the cluster, at least 16 bytes; null while there is none
 */
class ReplayIds(private val secret: () -> ByteArray?) {
    fun of(request: RoutedRequest): String {
        val secret = secret() ?: return request.requestId
        val parts = listOf(request.requestId, request.key.recipe, request.key.decision, request.model)
        if (parts.sumOf { it.length } > PARTS_LENGTH_MAX) return request.requestId
        val bytes = ByteArrayOutputStream(128)
        DataOutputStream(bytes).use { out ->
            parts.forEach(out::writeUTF)
            request.context?.let { write(it, out) }
        }
        val said = bytes.toByteArray()
        return PREFIX + encoder.encodeToString(said + signature(secret, said))
    }

    /** Null for what is not a replay id, or was not made with our secret. */
    fun read(id: String): RoutedRequest? {
        val secret = secret() ?: return null
        if (!id.startsWith(PREFIX) || id.length > LENGTH_MAX) return null
        val bytes =
            try {
                decoder.decode(id.removePrefix(PREFIX))
            } catch (_: IllegalArgumentException) {
                return null
            }
        if (bytes.size <= SIGNATURE_BYTES) return null
        val said = bytes.copyOf(bytes.size - SIGNATURE_BYTES)
        val isOurs = MessageDigest.isEqual(signature(secret, said), bytes.copyOfRange(said.size, bytes.size))
        return if (isOurs) request(said) else null
    }

    private fun request(said: ByteArray): RoutedRequest? =
        try {
            DataInputStream(ByteArrayInputStream(said)).use {
                RoutedRequest(it.readUTF(), SelectionKey(it.readUTF(), it.readUTF()), it.readUTF(), context(it))
            }
        } catch (_: IOException) {
            // Signed by us, so it is of another version.
            null
        } catch (_: IllegalArgumentException) {
            null
        }

    private fun write(context: ContextPoint, out: DataOutputStream) {
        val values = context.toBytes()
        out.writeInt(context.id)
        out.writeByte(values.size)
        out.write(values)
    }

    /** Ids of older versions end before it. */
    private fun context(said: DataInputStream): ContextPoint? =
        if (said.available() == 0) null else ContextPoint(said.readInt(), ByteArray(said.readUnsignedByte()).also(said::readFully))

    private fun signature(secret: ByteArray, said: ByteArray): ByteArray {
        val mac = Mac.getInstance(ALGORITHM)
        mac.init(SecretKeySpec(secret, ALGORITHM))
        return mac.doFinal(said).copyOf(SIGNATURE_BYTES)
    }

    companion object {
        /** Without a secret. */
        val PLAIN = ReplayIds { null }

        /** Names the version; no request id that we make begins so. */
        private const val PREFIX = "r1."
        private const val ALGORITHM = "HmacSHA256"
        private const val SIGNATURE_BYTES = 16

        /** Names of recipes, decisions and models are as long as a policy's author makes them. */
        private const val PARTS_LENGTH_MAX = 900

        /** Of an id with the longest parts. */
        private const val LENGTH_MAX = 4_096
        private val encoder = Base64.getUrlEncoder().withoutPadding()
        private val decoder = Base64.getUrlDecoder()
    }
}
