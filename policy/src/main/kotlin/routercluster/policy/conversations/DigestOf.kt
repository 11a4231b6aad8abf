package routercluster.policy.conversations

import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.HexFormat

/** SHA-256 of [texts] in hexadecimal digits, each with its length before it: other texts never come to the same bytes. */
fun digestOf(vararg texts: String): String {
    val digest = MessageDigest.getInstance("SHA-256")
    texts.forEach { text ->
        val bytes = text.toByteArray()
        digest.update(ByteBuffer.allocate(Int.SIZE_BYTES).putInt(bytes.size).flip())
        digest.update(bytes)
    }
    return HexFormat.of().formatHex(digest.digest())
}
