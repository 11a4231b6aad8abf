package routercluster.policy.catalog

import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
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
 * @property folders the label heads of encoder folders that rules name themselves
 * @property asksModels whether this program can put questions to external language models
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
    private val folders: Map<String, List<NamedHead>> = emptyMap(),
    val asksModels: Boolean = false,
) {
    fun headFor(slot: Slot): NamedHead? = slots[slot]

    /** The head for [slot], or null after reporting at [at], the place of whoever needs it, that there is none. */
    fun headFor(slot: Slot, at: Location, problems: Problems): NamedHead? {
        val head = slots[slot]
        if (head == null) problems.add(at, "needs an encoder head for ${slot.key}, and ${lackOf(slot)}")
        return head
    }

    /** Why no head serves [slot], in words. */
    fun lackOf(slot: Slot): String = missing[slot] ?: "there is no encoder"

    /**
     * The head in [folder] that tells all of [labels] apart, or null after reporting why there is none; a folder that is not there
     * was reported when the catalog was proven.
     */
    fun headIn(folder: Text, labels: List<Text>, problems: Problems): NamedHead? {
        val heads = folders[folder.value] ?: return null
        val fitting = heads.firstOrNull { head -> labels.all { it.value in head.head.labels } }
        if (fitting == null) {
            val known = heads.joinToString("; ") { "${it.ref}: ${it.head.labels.joinToString(", ")}" }.ifEmpty { "no head for labels" }
            val names = labels.map { it.value }
            val missing = names.filter { label -> heads.none { label in it.head.labels } }.ifEmpty { names }
            problems.add(folder.at, "has no head that knows ${missing.joinToString(", ")}", folder.value, known)
        }
        return fitting
    }

    /** How long a signal of [type] waits for [heads]: the policy's word for the type, else the longest of their encoders' or models'. */
    fun timeoutFor(type: String, vararg heads: NamedHead): Duration =
        signalTimeouts[type]
            ?: heads.mapNotNull { encoders[it.ref.encoder]?.timeout ?: externals[it.ref.encoder]?.timeout }.maxOrNull()
            ?: TIMEOUT_DEFAULT

    /** Whether the answers of [head] are vectors; of the heads that signals ask only those of slots are. */
    fun givesVectors(head: HeadRef): Boolean = slots.values.any { it.ref == head && it.head.task == Task.EMBED }

    companion object {
        /** No encoder at all. */
        val NONE = Catalog()

        /** The encoder that comes with the program. */
        const val DEFAULT_ENCODER = "default"

        private val TIMEOUT_DEFAULT: Duration = Duration.ofSeconds(2)
    }
}
