package routercluster.grains.inference

/**
 * How many requests may go to a second worker: [share] of all, and at most [BURST] at once after a quiet time. Without it, workers that
 * are all late would get twice the work.
 */
internal class HedgeBudget(private val share: Double) {
    private var credit = BURST

    /** A request came. */
    fun earn() {
        credit = minOf(BURST, credit + share)
    }

    /** Whether one more may be sent twice. */
    fun take(): Boolean {
        if (credit < 1) return false
        credit--
        return true
    }

    companion object {
        const val BURST = 10.0
    }
}
