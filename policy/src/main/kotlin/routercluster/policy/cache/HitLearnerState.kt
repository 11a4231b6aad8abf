package routercluster.policy.cache

import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.IOException

/**
 * What a [HitLearner] has learnt: judged pairs, oldest first, and the sums of each category.
 *
 * @property judged at most [HitLearner.JUDGED_MAX]
 */
class HitLearnerState(val judged: List<Judged>, val categories: Map<String, Category>) {
    /**
     * @property rightLooks answers that were looked into and right; so are [wrongLooks] wrong
     * @property ahead how far wrong hits have run ahead of what was to be expected, in answers
     */
    class Category(val sums: RiskSums, val rightLooks: Int, val wrongLooks: Int, val ahead: Double)

    /** As files keep it. */
    fun toBytes(): ByteArray {
        val bytes = ByteArrayOutputStream()
        DataOutputStream(bytes).use { out ->
            for (number in listOf(FORMAT, TRAITS, ErrorBound.BINS, judged.size)) out.writeInt(number)
            for (pair in judged) {
                pair.likeness.values.forEach { out.writeFloat(it.toFloat()) }
                out.writeBoolean(pair.isRight)
                out.writeFloat(pair.weight.toFloat())
            }
            out.writeInt(categories.size)
            for ((name, category) in categories) {
                out.writeUTF(name)
                out.writeDouble(category.sums.requests)
                for (bins in category.sums.run { listOf(expected, looked, wrong) }) bins.forEach(out::writeDouble)
                out.writeInt(category.rightLooks)
                out.writeInt(category.wrongLooks)
                out.writeDouble(category.ahead)
            }
        }
        return bytes.toByteArray()
    }

    companion object {
        private const val FORMAT = 1
        private val TRAITS = Likeness.Trait.entries.size

        /** Null for what is none, is damaged or was written by a program that compares otherwise: then it is learnt anew. */
        fun fromBytes(bytes: ByteArray): HitLearnerState? =
            try {
                DataInputStream(ByteArrayInputStream(bytes)).use(::read)
            } catch (_: IOException) {
                null
            }

        private fun read(from: DataInputStream): HitLearnerState? {
            if (List(3) { from.readInt() } != listOf(FORMAT, TRAITS, ErrorBound.BINS)) return null
            val pairs = from.readInt().takeIf { it in 0..HitLearner.JUDGED_MAX } ?: return null
            val judged = List(pairs) {
                Judged(Likeness(DoubleArray(TRAITS) { from.number(from.readFloat().toDouble()) }), from.readBoolean(), from.weight())
            }
            val names = from.readInt().takeIf { it in 0..HitLearner.CATEGORIES_MAX } ?: return null
            val categories = List(names) { from.readUTF() to from.category() }.toMap()
            return HitLearnerState(judged, categories).takeIf { from.read() == -1 }
        }

        private fun DataInputStream.category(): Category {
            fun sum() = number(readDouble()).also { if (it < 0) throw IOException("a sum is less than nothing") }

            fun bins() = DoubleArray(ErrorBound.BINS) { sum() }
            return Category(RiskSums(sum(), bins(), bins(), bins()), maxOf(readInt(), 0), maxOf(readInt(), 0), sum())
        }

        private fun DataInputStream.weight(): Double = number(readFloat().toDouble()).coerceIn(0.0, Judged.WEIGHT_MAX)

        private fun DataInputStream.number(value: Double): Double =
            if (value.isFinite()) value else throw IOException("no number ${available()} bytes before the end")
    }
}

/** Where what is learnt of hits outlives the process. Both wait for a disk. */
interface LearntStore {
    /** @return null where nothing is kept by that name, or it cannot be read */
    fun load(name: String): ByteArray?

    /** Where that fails what was kept before stays. */
    fun save(name: String, bytes: ByteArray)
}
