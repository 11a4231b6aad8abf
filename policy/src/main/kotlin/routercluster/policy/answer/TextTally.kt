package routercluster.policy.answer

import routercluster.policy.request.TextWeight

/**
 * About how many tokens the text comes to that stands in the JSON strings it is fed, in bytes and cut anywhere. Escapes and UTF-8
 * are undone on the way, so nothing is kept but a sum. What is malformed counts for something.
 *
 * The weights are [TextWeight]'s. Against o200k_base, over pieces of 400 characters of prose, code and Chinese, the error is 3 to 6 % on
 * the mean and 26 % at worst; a test bounds it. Other tokenizers differ by more.
 */
internal class TextTally {
    private val weight = TextWeight.Running()
    private var escaped = false
    private var hexDigitsLeft = 0
    private var bytesLeft = 0
    private var code = 0

    /** Hundredths of a token. */
    val sum: Long get() = weight.sum

    /** Takes bytes from between a string's quotes. */
    fun add(bytes: ByteArray, start: Int, end: Int) {
        for (at in start until end) add(bytes[at].toInt())
    }

    private fun add(byte: Int) {
        when {
            hexDigitsLeft > 0 -> hexDigit(byte)
            escaped -> escape(byte.toChar())
            byte == BACKSLASH -> escaped = true
            byte >= 0 -> weight.add(byte.toChar())
            else -> partOfCharacter(byte)
        }
    }

    private fun escape(name: Char) {
        escaped = false
        when (name) {
            'u' -> {
                hexDigitsLeft = HEX_DIGITS
                code = 0
            }

            'n', 'r', 't' -> {
                weight.add('\n')
            }

            'b', 'f' -> {
                weight.add('\b')
            }

            else -> {
                weight.add(name)
            }
        }
    }

    private fun hexDigit(byte: Int) {
        code = code * HEX + maxOf(0, Character.digit(byte, HEX))
        if (--hexDigitsLeft == 0) weight.add(code.toChar())
    }

    /** A byte of a character that has several: the first tells how many follow. */
    private fun partOfCharacter(byte: Int) {
        if (byte and 0xC0 != 0x80) {
            bytesLeft = if (byte and 0xE0 == 0xC0) {
                1
            } else if (byte and 0xF0 == 0xE0) {
                2
            } else {
                3
            }
            code = byte and (0x3F shr bytesLeft)
        } else if (bytesLeft > 0) {
            code = (code shl 6) or (byte and 0x3F)
            if (--bytesLeft == 0) Character.toChars(minOf(code, Character.MAX_CODE_POINT)).forEach(weight::add)
        }
    }

    private companion object {
        const val BACKSLASH = '\\'.code
        const val HEX = 16
        const val HEX_DIGITS = 4
    }
}
