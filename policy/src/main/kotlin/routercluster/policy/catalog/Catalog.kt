package routercluster.policy.catalog

import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Task
import java.time.Duration

/** A head and what is known of it before its encoder is open. */
data class NamedHead(val ref: HeadRef, val head: Head)

/**
 * The encoders that a policy may ask, which head serves which [Slot], and how the answers are judged: the proven form of
 * `global.model_catalog` and `gateway.encoders`.
 *
 * @property encoders by name; none is opened for a policy without learned signals
 * @property slots the head of each slot that has one
 * @property missing why a slot has none, in words
 * @property signalTimeouts by signal type, where the policy sets them
 */
class Catalog(
    val encoders: Map<String, EncoderSettings> = emptyMap(),
    val slots: Map<Slot, NamedHead> = emptyMap(),
    private val missing: Map<Slot, String> = emptyMap(),
    private val signalTimeouts: Map<String, Duration> = emptyMap(),
    val embedding: EmbeddingSettings = EmbeddingSettings(),
    val modules: Modules = Modules(),
    val knowledgeBases: Map<String, KnowledgeBase> = emptyMap(),
    val externals: Map<String, ExternalModel> = emptyMap(),
) {
    fun headFor(slot: Slot): NamedHead? = slots[slot]

    /** The head for [slot], or null after reporting at [at], the place of whoever needs it, that there is none. */
    fun headFor(slot: Slot, at: Location, problems: Problems): NamedHead? {
        val head = slots[slot]
        if (head == null) {
            problems.add(at, "needs an encoder head for ${slot.key}, and ${missing[slot] ?: "there is no encoder"}")
        }
        return head
    }

    /** How long a signal of [type] waits for [heads]: the policy's word for the type, else the longest of their encoders'. */
    fun timeoutFor(type: String, vararg heads: NamedHead): Duration =
        signalTimeouts[type]
            ?: heads.mapNotNull { encoders[it.ref.encoder]?.timeout }.maxOrNull()
            ?: TIMEOUT_DEFAULT

    /** Whether the answers of [head] are vectors; for one that no slot has, nobody knows, and it is taken to. */
    fun givesVectors(head: HeadRef): Boolean = (
        slots.values
            .firstOrNull { it.ref == head }
            ?.head
            ?.task ?: Task.EMBED
    ) == Task.EMBED

    companion object {
        /** No encoder at all. */
        val NONE = Catalog()

        /** The encoder that comes with the program. */
        const val DEFAULT_ENCODER = "default"

        private val TIMEOUT_DEFAULT: Duration = Duration.ofSeconds(2)
    }
}
