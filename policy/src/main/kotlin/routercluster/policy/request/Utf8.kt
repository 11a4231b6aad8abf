package routercluster.policy.request

import java.nio.ByteBuffer

private const val ONES = 0x0101010101010101L
private const val HIGH_BITS = -0x7f7f7f7f7f7f7f80L

/**
 * Offset of the first byte that JSON can never hold: NUL, or one where well-formed UTF-8 (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF) breaks. -1 where there is none.
 */
internal fun badByteAt(bytes: ByteArray): Int {
    val words = ByteBuffer.wrap(bytes)
    val lastWord = bytes.size - Long.SIZE_BYTES
    var at = 0
    while (at < bytes.size) {
        if (bytes[at] > 0 && at <= lastWord && isPlainAscii(words.getLong(at))) {
            at += Long.SIZE_BYTES
        } else {
            val length = sequenceLength(bytes, at)
            if (length == 0) return at
            at += length
        }
    }
    return -1
}

/** Whether all eight bytes are 0x01..0x7F: a high bit shows in the word itself, a NUL as a borrow after one is taken off each. */
private fun isPlainAscii(word: Long): Boolean = (word or (word - ONES)) and HIGH_BITS == 0L

/** Bytes of the character at [at], 1..4; 0 where it is malformed, cut off or NUL. The bounds are Unicode's table 3-7. */
private fun sequenceLength(bytes: ByteArray, at: Int): Int {
    val length =
        when (bytes[at].toInt() and 0xFF) {
            in 0x01..0x7F -> 1
            in 0xC2..0xDF -> if (continues(bytes, at + 1)) 2 else 0
            0xE0 -> if (continues(bytes, at + 1, 0xA0, 0xBF)) 3 else 0
            0xED -> if (continues(bytes, at + 1, 0x80, 0x9F)) 3 else 0
            in 0xE1..0xEF -> if (continues(bytes, at + 1)) 3 else 0
            0xF0 -> if (continues(bytes, at + 1, 0x90, 0xBF)) 4 else 0
            in 0xF1..0xF3 -> if (continues(bytes, at + 1)) 4 else 0
            0xF4 -> if (continues(bytes, at + 1, 0x80, 0x8F)) 4 else 0
            else -> 0
        }
    for (offset in 2 until length) if (!continues(bytes, at + offset)) return 0
    return length
}

private fun continues(bytes: ByteArray, at: Int, low: Int = 0x80, high: Int = 0xBF): Boolean =
    at < bytes.size && (bytes[at].toInt() and 0xFF) in low..high

/** Bytes of [text] in UTF-8, without encoding it. */
internal fun utf8Length(text: String): Long {
    var bytes = 0L
    for (unit in text) {
        bytes +=
            when {
                unit.code < 0x80 -> 1

                unit.code < 0x800 -> 2

                // Two of them make a character of four bytes.
                unit.isSurrogate() -> 2

                else -> 3
            }
    }
    return bytes
}
