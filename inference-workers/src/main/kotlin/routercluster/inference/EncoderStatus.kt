package routercluster.inference

enum class EncoderState {
    READY,

    /** A pass failed; the network is opened again, with growing pauses. */
    REOPENING,
    CLOSED,
}

/**
 * How an encoder fares. Counts are since it was opened.
 *
 * @property provider where it runs
 * @property missing providers that were asked for before that one and are not there, with the reason
 * @property queuedTokens tokens that wait or are being read
 * @property tokensPerSecond moving average, padding included; 0 before the first pass
 * @property rows windows that were read, in [passes] of the network
 * @property failures passes that failed
 * @property timedOut requests that nobody waited for any longer
 * @property overloaded requests refused at a bound
 */
data class EncoderStatus(
    val name: String,
    val state: EncoderState,
    val provider: Provider,
    val missing: Map<Provider, String>,
    val queuedTokens: Long,
    val tokensPerSecond: Double,
    val passes: Long,
    val rows: Long,
    val failures: Long,
    val timedOut: Long,
    val overloaded: Long,
) {
    /** Whether it runs elsewhere than was asked for first. */
    val fellBack: Boolean get() = missing.isNotEmpty()
}
