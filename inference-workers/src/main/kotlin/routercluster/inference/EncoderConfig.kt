package routercluster.inference

import routercluster.policy.encode.Task
import routercluster.policy.encode.VectorShape
import java.nio.file.Path
import java.time.Duration

/** Where an encoder's files are. */
sealed interface EncoderSource {
    /** A folder in Hugging Face's layout, or one of our bundles, which has a heads.json too. */
    data class Folder(val path: Path) : EncoderSource

    /** The int8 MiniLM sentence encoder that this module brings: one head, `embedding`. */
    data object MiniLm : EncoderSource
}

/** Where a network runs. */
enum class Provider { CPU, CUDA, TENSORRT }

/**
 * One encoder, as plain data.
 *
 * @property name what its heads are referred to by
 * @property providers tried in this order; falling back to a later one is logged and shown in [EncoderStatus]
 * @property device which GPU, where there are several
 * @property threads of the network's own pool on a CPU; 0 is one per core
 * @property hint what a Hugging Face folder leaves open; of no use for a bundle, which says it all
 * @property vector shape of embeddings where a passage asks for [VectorShape.WHOLE]
 */
data class EncoderConfig(
    val name: String,
    val source: EncoderSource,
    val providers: List<Provider> = listOf(Provider.CPU),
    val device: Int = 0,
    val threads: Int = 0,
    val batch: BatchBounds = BatchBounds(),
    val windows: WindowBounds = WindowBounds(),
    val hint: HeadHint = HeadHint(),
    val vector: VectorShape = VectorShape.WHOLE,
) {
    init {
        require(name.isNotBlank()) { "an encoder needs a name" }
        require(providers.isNotEmpty()) { "encoder $name: providers is empty; accepted: cpu, cuda, tensorrt" }
        require(threads in 0..THREADS_MAX) { "encoder $name: threads is $threads; accepted: 0..$THREADS_MAX" }
    }

    private companion object {
        const val THREADS_MAX = 256
    }
}

/**
 * What a Hugging Face folder does not say, or says wrongly.
 *
 * @property head the name of its head; null is `embedding`, `class`, `token`, `rerank` or `nli`, by task
 * @property task null is told from the architecture and labels in config.json
 * @property positive labels that mean a threat
 * @property temperature divides the logits; null is 1 and not calibrated
 */
data class HeadHint(
    val head: String? = null,
    val task: Task? = null,
    val positive: Set<String> = emptySet(),
    val temperature: Float? = null,
)

/**
 * @property tokens most tokens of one pass of the network, padding included; a single window may be longer
 * @property rows most windows of one pass
 * @property queueTokens most tokens that may wait
 * @property wait longest predicted wait that is accepted
 */
data class BatchBounds(
    val tokens: Int = 1024,
    val rows: Int = 64,
    val queueTokens: Int = 131_072,
    val wait: Duration = Duration.ofSeconds(5),
) {
    init {
        require(tokens >= 1 && rows >= 1 && queueTokens >= 1) { "batch bounds must be positive: $this" }
    }
}

/**
 * How a long text is covered.
 *
 * @property size tokens of a window, special ones included; null is what the encoder was made for, at most [DEFAULT_SIZE]
 * @property overlap tokens that neighbouring windows share; null is what the encoder was made for, else [DEFAULT_OVERLAP]
 * @property max most windows of one passage; what lies beyond is reported as not read
 */
data class WindowBounds(val size: Int? = null, val overlap: Int? = null, val max: Int = 64) {
    init {
        require(size == null || size >= SIZE_MIN) { "a window of $size tokens is too small; at least $SIZE_MIN" }
        require((overlap ?: 0) >= 0 && max >= 1) { "overlap must be 0 or more, max 1 or more: $this" }
    }

    companion object {
        const val DEFAULT_SIZE = 512
        const val DEFAULT_OVERLAP = 64
        const val SIZE_MIN = 8
    }
}
