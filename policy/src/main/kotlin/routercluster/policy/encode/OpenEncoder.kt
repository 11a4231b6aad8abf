package routercluster.policy.encode

import java.time.Duration

/** An encoder that holds resources. After [close] every call fails with [EncodeFailure.Unavailable]. */
interface OpenEncoder : Encoder, AutoCloseable {
    val status: EncoderStatus
}

/**
 * How an encoder fares, for operators.
 *
 * @property version hash of its files
 * @property device where it runs, in words
 * @property fellBack whether it runs elsewhere than was asked for first
 * @property isReady whether it would take work now
 * @property queuedTokens tokens that wait or are being read
 * @property predictedWait until work that came now would begin; zero where that is not known
 */
data class EncoderStatus(
    val version: String,
    val device: String,
    val fellBack: Boolean,
    val isReady: Boolean,
    val queuedTokens: Long,
    val predictedWait: Duration = Duration.ZERO,
)
