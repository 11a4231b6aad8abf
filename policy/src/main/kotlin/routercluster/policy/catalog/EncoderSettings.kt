package routercluster.policy.catalog

import java.time.Duration

/** What runs an encoder's network. */
enum class ExecutionProvider { CPU, CUDA, TENSORRT }

/**
 * An encoder of this cluster and the bounds on its work. Two policies with equal settings can share one that is open.
 *
 * @property folder where its files lie, as [routercluster.policy.config.PolicyFiles] resolved it; null is the one of this program
 * @property providers tried in this order; with none that runs, the encoder does not open
 * @property device which GPU, where there are several
 * @property threads of one pass of the network on a CPU; null takes a share of the cores
 * @property queueTokensMax tokens that wait at most; more work is refused
 * @property queueWaitMax longest wait that is foreseen for new work; where it would be longer, the work is refused
 * @property batchTokensMax tokens of one pass, padding included; a single window may be longer
 * @property windowTokens length of a window of a long text, and [windowOverlapTokens] what two neighbours share; null is what the
 *   encoder was made for
 * @property windowsMax windows of one text; what lies beyond is not read, and reported as such
 * @property positiveLabels labels that mean a threat, for a folder that does not say which of its own do
 * @property timeout how long a signal waits that has no timeout of its own
 */
data class EncoderSettings(
    val name: String,
    val folder: String?,
    val providers: List<ExecutionProvider> = listOf(ExecutionProvider.CPU),
    val device: Int = 0,
    val threads: Int? = null,
    val queueTokensMax: Int = 131_072,
    val queueWaitMax: Duration = Duration.ofSeconds(5),
    val batchTokensMax: Int = 1_024,
    val windowTokens: Int? = null,
    val windowOverlapTokens: Int? = null,
    val windowsMax: Int = 64,
    val timeout: Duration = Duration.ofSeconds(2),
    val positiveLabels: Set<String> = emptySet(),
)
