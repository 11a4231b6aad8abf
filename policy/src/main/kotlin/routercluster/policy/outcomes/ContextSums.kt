package routercluster.policy.outcomes

import kotlin.math.roundToLong

/** Which features a [ContextPoint] has: [id] stands for what they are and how they were made, [size] is their number. */
data class Layout(val id: Int, val size: Int)

/**
 * What a request was like, for a model that is linear in it.
 *
 * @property id of its [layout]
 * @property values features in [UNIT]ths, each -[UNIT]..[UNIT]; the last is [UNIT], the constant 1
 */
class ContextPoint(val id: Int, private val values: ByteArray) {
    init {
        require(values.size in 1..FEATURES_MAX && values.last() == UNIT.toByte()) { "${values.size} features; expected 1 to $FEATURES_MAX" }
    }

    val layout: Layout get() = Layout(id, values.size)

    operator fun get(place: Int): Int = values[place].toInt()

    /** In units of 1. */
    fun toDoubles() = DoubleArray(values.size) { values[it].toDouble() / UNIT }

    fun toBytes(): ByteArray = values.copyOf()

    override fun equals(other: Any?): Boolean = other is ContextPoint && other.id == id && other.values.contentEquals(values)

    override fun hashCode(): Int = 31 * id + values.contentHashCode()

    companion object {
        const val FEATURES_MAX = 64

        /** What stands for 1. */
        const val UNIT = 127

        /** Of which nothing is known but that it is one. */
        internal fun ofConstant(layout: Layout) =
            ContextPoint(layout.id, ByteArray(layout.size).also { it[it.lastIndex] = UNIT.toByte() })
    }
}

/**
 * What verdicts on a model's answers say of a linear model of its quality: whole-number sums over verdicts with the weight `w` and the part `g`
 * of it that is good, both in thousandths, at points `x`. Immutable.
 *
 * @property products `sum w x[i] x[j]` for `j <= i`, row by row
 * @property rewards `sum g x[i]`
 */
class ContextSums(val products: LongArray, val rewards: LongArray) {
    init {
        require(products.size == triangle(rewards.size)) { "${products.size} products of ${rewards.size} features" }
    }

    val size: Int get() = rewards.size

    operator fun plus(other: ContextSums): ContextSums =
        ContextSums(
            LongArray(products.size) { products[it] + other.products[it] },
            LongArray(rewards.size) { rewards[it] + other.rewards[it] },
        )

    /** Of the verdicts, in thousandths: the constant's square is in units of [ContextPoint.UNIT] squared. */
    internal val weight: Long get() = products.last() / (ContextPoint.UNIT * ContextPoint.UNIT)

    internal fun times(factor: Double) =
        ContextSums(
            LongArray(products.size) { (products[it] * factor).roundToLong() },
            LongArray(rewards.size) { (rewards[it] * factor).roundToLong() },
        )

    override fun equals(other: Any?): Boolean =
        other is ContextSums && products.contentEquals(other.products) && rewards.contentEquals(other.rewards)

    override fun hashCode(): Int = 31 * products.contentHashCode() + rewards.contentHashCode()

    companion object {
        fun of(point: ContextPoint, verdicts: VerdictSums): ContextSums {
            val size = point.layout.size
            val weight = verdicts.goodFit + verdicts.bad
            val products = LongArray(triangle(size))
            var place = 0
            for (i in 0 until size) for (j in 0..i) products[place++] = weight * point[i] * point[j]
            return ContextSums(products, LongArray(size) { verdicts.goodFit * point[it] })
        }

        private fun triangle(size: Int) = size * (size + 1) / 2
    }
}
