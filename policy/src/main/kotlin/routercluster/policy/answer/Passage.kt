package routercluster.policy.answer

import java.io.ByteArrayOutputStream

/** [input] on its way, with some of its ranges replaced, front to back. What is left alone is copied only where something was not. */
internal class Passage(private val input: ByteArray) {
    private var out: ByteArrayOutputStream? = null
    private var passed = 0

    /** Puts [replacement] in place of what is from [start] until [end]; null puts nothing there. */
    fun replace(start: Int, end: Int, replacement: ByteArray?) {
        val out = out ?: ByteArrayOutputStream(input.size).also { out = it }
        out.write(input, passed, start - passed)
        if (replacement != null) out.writeBytes(replacement)
        passed = end
    }

    /** The same array where nothing was replaced. */
    fun result(): ByteArray {
        val out = out ?: return input
        out.write(input, passed, input.size - passed)
        passed = input.size
        return out.toByteArray()
    }
}
