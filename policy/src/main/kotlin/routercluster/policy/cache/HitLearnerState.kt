package routercluster.policy.cache

import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.IOException
import java.util.concurrent.CompletionStage

/** Answers that were looked into, 0 and more each. */
data class Looks(val right: Int = 0, val wrong: Int = 0) {
    operator fun plus(isRight: Boolean): Looks = if (isRight) copy(right = right + 1) else copy(wrong = wrong + 1)

    operator fun plus(other: Looks): Looks = Looks(right + other.right, wrong + other.wrong)
}

/**
 * What a [HitLearner] has learnt, from the beginning or since some moment.
 *
 * @property judged pairs, oldest first; at most [HitLearner.JUDGED_MAX]
 * @property judgedBefore how many pairs from before it still count at most
 * @property judgedEver how many pairs it has seen
 */
class HitLearnerState(val judged: List<Judged>, val judgedBefore: Int, val judgedEver: Long, val categories: Map<String, Category>) {
    val isEmpty: Boolean get() = judged.isEmpty() && categories.values.all { it.sums.requests == 0.0 }

    /** @property beforeShare what the sums from before it count for by now, 0 to 1 */
    class Category(val sums: RiskSums, val beforeShare: Double, val looks: Looks)

    /** What is known after [later] came to this. What several learners tell one after the other is what one would have learnt of all. */
    operator fun plus(later: HitLearnerState): HitLearnerState {
        val names = (categories.keys + later.categories.keys).take(HitLearner.CATEGORIES_MAX)
        return HitLearnerState(
            (judged.takeLast(later.judgedBefore) + later.judged).takeLast(HitLearner.JUDGED_MAX),
            minOf(judgedBefore, maxOf(later.judgedBefore - judged.size, 0)),
            judgedEver + later.judgedEver,
            names.associateWith { name -> joined(categories[name] ?: NOTHING, later.categories[name] ?: NOTHING) },
        )
    }

    private fun joined(former: Category, later: Category): Category {
        val sums = former.sums
            .copy()
            .also { it.fade(later.beforeShare) }
            .also { it.add(later.sums) }
        return Category(sums, former.beforeShare * later.beforeShare, former.looks + later.looks)
    }

    /** As it is kept and told between nodes. */
    fun toBytes(): ByteArray {
        val bytes = ByteArrayOutputStream()
        DataOutputStream(bytes).use { out ->
            for (number in HEAD + listOf(judgedBefore, judged.size)) out.writeInt(number)
            out.writeLong(judgedEver)
            val names = judged.map { it.category }.distinct()
            out.writeInt(names.size)
            names.forEach(out::writeUTF)
            val places = names.withIndex().associate { it.value to it.index }
            for (pair in judged) {
                out.writeInt(places.getValue(pair.category))
                pair.likeness.values.forEach { out.writeFloat(it.toFloat()) }
                out.writeBoolean(pair.isRight)
                out.writeFloat(pair.weight.toFloat())
            }
            out.writeInt(categories.size)
            for ((name, category) in categories) {
                out.writeUTF(name)
                out.writeDouble(category.sums.requests)
                for (bins in category.sums.run { listOf(expected, looked, wrong) }) bins.forEach(out::writeDouble)
                out.writeDouble(category.beforeShare)
                out.writeInt(category.looks.right)
                out.writeInt(category.looks.wrong)
            }
        }
        return bytes.toByteArray()
    }

    companion object {
        private val TRAITS = Likeness.Trait.entries.size
        private val HEAD = listOf(3, TRAITS, ErrorBound.BINS)
        private val NOTHING = Category(RiskSums(), 1.0, Looks())

        /** Names how it is written: what has another name cannot be read. */
        val FORMAT = HEAD.joinToString(".")
        val EMPTY = HitLearnerState(emptyList(), HitLearner.JUDGED_MAX, 0, emptyMap())

        /** Null for what is none, is damaged or was written by a program that compares otherwise: then it is learnt anew. */
        fun fromBytes(bytes: ByteArray): HitLearnerState? =
            try {
                DataInputStream(ByteArrayInputStream(bytes)).use(::read)
            } catch (_: IOException) {
                null
            }

        private fun read(from: DataInputStream): HitLearnerState? {
            if (List(HEAD.size) { from.readInt() } != HEAD) return null
            val before = from.count(HitLearner.JUDGED_MAX)
            val pairs = from.count(HitLearner.JUDGED_MAX)
            val ever = maxOf(from.readLong(), 0)
            val names = List(from.count(HitLearner.JUDGED_MAX)) { from.readUTF() }
            val judged = List(pairs) {
                val category = names[from.count(names.size - 1)]
                val likeness = Likeness(DoubleArray(TRAITS) { from.number(from.readFloat().toDouble()) })
                Judged(category, likeness, from.readBoolean(), from.weight())
            }
            val categories = List(from.count(HitLearner.CATEGORIES_MAX)) { from.readUTF() to from.category() }.toMap()
            return HitLearnerState(judged, before, ever, categories).takeIf { from.read() == -1 }
        }

        private fun DataInputStream.count(most: Int): Int =
            readInt().also { if (it !in 0..most) throw IOException("$it is no count up to $most") }

        private fun DataInputStream.category(): Category {
            fun sum() = number(readDouble()).also { if (it < 0) throw IOException("a sum is less than nothing") }

            fun bins() = DoubleArray(ErrorBound.BINS) { sum() }
            val sums = RiskSums(sum(), bins(), bins(), bins())
            return Category(sums, sum().coerceAtMost(1.0), Looks(maxOf(readInt(), 0), maxOf(readInt(), 0)))
        }

        private fun DataInputStream.weight(): Double = number(readFloat().toDouble()).coerceIn(0.0, Judged.WEIGHT_MAX)

        private fun DataInputStream.number(value: Double): Double =
            if (value.isFinite()) value else throw IOException("no number ${available()} bytes before the end")
    }
}

/** Puts together what nodes learn of hits, each by itself, and has it outlive them. No call blocks. */
interface LearntSharing {
    /**
     * Adds [news] to what is known by [name], once for each [number], and tells all that is known then. Fails where that may not have
     * happened: then it is said again before anything else is.
     *
     * @param number of what this process says by this name: 1, 2 and so on
     */
    fun share(name: String, number: Long, news: HitLearnerState): CompletionStage<HitLearnerState>
}
