package routercluster.vectorstore.embedded

import java.lang.invoke.MethodHandles
import java.nio.ByteOrder

/**
 * A vector of numbers from 0 to 127, laid out so that its products with others take one multiplication for four numbers.
 *
 * A word of 64 bits has four numbers, each in 16 bits. Multiplied by a word that has four others in the opposite order, its topmost 16 bits
 * are the sum of the four products: like the middle of the product of two polynomials. It is at most 4 × 127², which fits, and so do the
 * sums below it, so that nothing is carried over. This needs no vector instructions, which Lucene uses only from Java 21 to 22 and Java's compiler does not find here.
 */
internal class SevenBitProduct(vector: ByteArray) {
    /** Two for each eight numbers: of those at even places and of those at odd ones. */
    private val words = LongArray(vector.size / BLOCK * 2).also { words ->
        for (word in words.indices step 2) {
            val eight = LONGS.get(vector, word * (BLOCK / 2)) as Long
            words[word] = reversed(eight and LANES)
            words[word + 1] = reversed(eight ushr Byte.SIZE_BITS and LANES)
        }
    }
    private val rest = vector.copyOfRange(vector.size / BLOCK * BLOCK, vector.size)

    /** @param other of the same length, from 0 to 127 too */
    fun with(other: ByteArray): Int {
        var even = 0L
        var odd = 0L
        var word = 0
        while (word < words.size) {
            val eight = LONGS.get(other, word * (BLOCK / 2)) as Long
            even += (eight and LANES) * words[word] ushr TOP
            odd += (eight ushr Byte.SIZE_BITS and LANES) * words[word + 1] ushr TOP
            word += 2
        }
        var sum = (even + odd).toInt()
        for (i in rest.indices) sum += rest[i] * other[other.size - rest.size + i]
        return sum
    }

    private companion object {
        const val BLOCK = 8
        const val LANES = 0x00ff_00ff_00ff_00ffL
        const val TOP = 48

        @JvmField
        val LONGS = MethodHandles.byteArrayViewVarHandle(LongArray::class.java, ByteOrder.LITTLE_ENDIAN)

        /** [lanes] in the opposite order; the upper half of each is zero. */
        fun reversed(lanes: Long): Long = java.lang.Long.reverseBytes(lanes) ushr Byte.SIZE_BITS
    }
}
