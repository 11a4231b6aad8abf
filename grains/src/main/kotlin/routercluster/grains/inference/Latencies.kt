package routercluster.grains.inference

/** How long a worker's answers took lately, apart for short and long texts, so that it can be told when one is unusually late. */
internal class Latencies {
    private class Ring {
        private val nanos = LongArray(SAMPLES_MAX)
        private var count = 0L

        fun add(sample: Long) {
            nanos[(count++ % SAMPLES_MAX).toInt()] = sample
        }

        fun usual(): Long? {
            if (count < SAMPLES_MIN) return null
            val known = nanos.copyOf(minOf(count, SAMPLES_MAX.toLong()).toInt())
            known.sort()
            return known[(known.size - 1) * USUAL_PERCENT / PERCENT]
        }
    }

    private val rings = HashMap<Int, Ring>()

    fun add(characters: Long, nanos: Long) = rings.getOrPut(sizeOf(characters), ::Ring).add(nanos)

    /** Of the newest answers to requests about as long as [characters], 95 in 100 took at most so many nanoseconds; null where few are known. */
    fun usual(characters: Long): Long? = rings[sizeOf(characters)]?.usual()

    /** One size for every factor of four. */
    private fun sizeOf(characters: Long): Int = (Long.SIZE_BITS - characters.countLeadingZeroBits()) / 2

    private companion object {
        const val SAMPLES_MAX = 64
        const val SAMPLES_MIN = 8
        const val USUAL_PERCENT = 95
        const val PERCENT = 100
    }
}
