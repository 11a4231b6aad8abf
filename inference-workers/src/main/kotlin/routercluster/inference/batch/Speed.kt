package routercluster.inference.batch

/** How fast a device reads: a moving average, in which the last pass weighs a fifth. Thread-safe for one writer. */
internal class Speed {
    @Volatile
    private var nanosPerToken = 0.0

    /** 0 until the first pass. */
    val tokensPerSecond: Double get() = if (nanosPerToken == 0.0) 0.0 else NANOS / nanosPerToken

    fun measured(tokens: Int, nanos: Long) {
        val now = nanos.toDouble() / tokens
        nanosPerToken = if (nanosPerToken == 0.0) now else nanosPerToken + WEIGHT * (now - nanosPerToken)
    }

    /** Nanoseconds for [tokens]; 0 until the first pass. */
    fun predict(tokens: Long): Long = (tokens * nanosPerToken).toLong()

    private companion object {
        const val WEIGHT = 0.2
        const val NANOS = 1e9
    }
}
