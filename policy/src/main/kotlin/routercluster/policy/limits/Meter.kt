package routercluster.policy.limits

/**
 * How much of a limit is used up. A value; times are milliseconds of one clock that never goes back. Use may exceed the limit where
 * a request turned out dearer than it was taken for.
 */
sealed interface Meter {
    /** As of the time that it was last brought to. */
    val used: Long

    fun at(now: Long, pace: Pace): Meter

    fun spend(amount: Long, now: Long, pace: Pace): Meter

    /** Milliseconds until [amount] of what is used has become free again, if nothing more is spent; after [at] the same time. */
    fun millisUntilFree(amount: Long, now: Long, pace: Pace): Long

    /** The same, [millis] later: nothing becomes free in between. */
    fun shifted(millis: Long): Meter

    companion object {
        fun empty(pace: Pace, now: Long): Meter =
            when (pace.algorithm) {
                LimitAlgorithm.TOKEN_BUCKET -> TokenBucket(0, 0, now)
                LimitAlgorithm.SLIDING_WINDOW -> SlidingWindow(emptyList())
            }
    }
}

/**
 * What flowed out of a bucket and has not flowed back yet. It flows back evenly: time is cut into ticks, at most a million a window,
 * so that all products fit into 64 bits, and what is less than one unit is carried on.
 *
 * @property carry parts of a unit that have flowed back, in units per ticks of a window
 */
data class TokenBucket(override val used: Long, val carry: Long, val at: Long) : Meter {
    override fun at(now: Long, pace: Pace): Meter {
        val tick = tickMillis(pace)
        val ticks = (now - at) / tick
        if (ticks <= 0) return this
        if (used <= 0) return TokenBucket(0, 0, now)
        val perWindow = ticksOf(pace)
        // More ticks than fill it would overflow the product.
        val enough = ceilDiv(used * perWindow, pace.amount) + 1
        val flowed = minOf(ticks, enough) * pace.amount + minOf(carry, perWindow - 1)
        val left = used - flowed / perWindow
        return if (left <= 0) TokenBucket(0, 0, now) else TokenBucket(left, flowed % perWindow, at + ticks * tick)
    }

    override fun spend(amount: Long, now: Long, pace: Pace): Meter = copy(used = minOf(used + amount, USED_MAX))

    override fun millisUntilFree(amount: Long, now: Long, pace: Pace): Long {
        val wanted = minOf(amount, used)
        if (wanted <= 0) return 0
        val ticks = ceilDiv(wanted * ticksOf(pace) - minOf(carry, ticksOf(pace) - 1), pace.amount)
        return maxOf(1, at + ticks * tickMillis(pace) - now)
    }

    override fun shifted(millis: Long) = copy(at = at + millis)

    private companion object {
        const val TICKS_MAX = 1_000_000L
        const val USED_MAX = 4 * Pace.AMOUNT_MAX

        fun tickMillis(pace: Pace) = maxOf(1, ceilDiv(pace.windowMillis, TICKS_MAX))

        /** Rounded up, so that rather less than more flows back. */
        fun ticksOf(pace: Pace) = ceilDiv(pace.windowMillis, tickMillis(pace))
    }
}

/**
 * What was spent in the last window, added up over [SUB_WINDOWS] parts of it. A part counts until its last moment is a whole window ago,
 * so no window of any beginning ever holds more than the limit; what is free comes back by up to a part too late.
 *
 * @property slots oldest first, no two with the same end
 */
data class SlidingWindow(val slots: List<Slot>) : Meter {
    /** @property end the first moment after it */
    data class Slot(val end: Long, val amount: Long)

    override val used: Long get() = slots.sumOf { it.amount }

    override fun at(now: Long, pace: Pace): Meter {
        val left = slots.dropWhile { it.end + pace.windowMillis <= now }
        return if (left.size == slots.size) this else SlidingWindow(left)
    }

    override fun spend(amount: Long, now: Long, pace: Pace): Meter {
        if (amount == 0L) return this
        val width = ceilDiv(pace.windowMillis, SUB_WINDOWS)
        val end = maxOf((now / width + 1) * width, slots.lastOrNull()?.end ?: 0)
        val before = slots.filter { it.end < end }
        val same = slots.lastOrNull()?.takeIf { it.end == end }?.amount ?: 0
        return SlidingWindow(before + Slot(end, minOf(same + amount, SLOT_MAX)))
    }

    override fun millisUntilFree(amount: Long, now: Long, pace: Pace): Long {
        val wanted = minOf(amount, used)
        if (wanted <= 0) return 0
        var freed = 0L
        val slot = slots.first { slot ->
            freed += slot.amount
            freed >= wanted
        }
        return maxOf(1, slot.end + pace.windowMillis - now)
    }

    override fun shifted(millis: Long) = SlidingWindow(slots.map { it.copy(end = it.end + millis) })

    private companion object {
        const val SUB_WINDOWS = 60L
        const val SLOT_MAX = 4 * Pace.AMOUNT_MAX
    }
}

internal fun ceilDiv(a: Long, b: Long): Long = -Math.floorDiv(-a, b)
