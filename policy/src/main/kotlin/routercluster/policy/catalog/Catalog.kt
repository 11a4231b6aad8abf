package routercluster.policy.catalog

import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.LabelQuestion
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
 * @property absent what rules name as such a folder and is none
 * @property remotes encoders that are services, by name; what serves a slot may be among them
 * @property questions those whose heads serve slots; signals bring more of their own
 * @property advisers the policy's own models, by name, as selectors may ask them
 * @property scope tells questions of one recipe from those of another; null for the default recipe
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
    private val absent: Set<String> = emptySet(),
    val remotes: Map<String, RemoteSettings> = emptyMap(),
    val questions: List<LabelQuestion> = emptyList(),
    private val scope: String? = null,
    val advisers: Map<String, ExternalModel> = emptyMap(),
) {
    fun headFor(slot: Slot): NamedHead? = slots[slot]

    /** This catalog for the signals of [recipe], whose questions have names of their own. */
    fun within(recipe: String) = with(recipe, advisers)

    /** This catalog where selectors may ask [advisers]. */
    internal fun advisedBy(advisers: Map<String, ExternalModel>) = with(scope, advisers)

    private fun with(scope: String?, advisers: Map<String, ExternalModel>) =
        Catalog(
            encoders,
            slots,
            missing,
            signalTimeouts,
            embedding,
            modules,
            knowledgeBases,
            externals,
            folders,
            absent,
            remotes,
            questions,
            scope,
            advisers,
        )

    /** What the head is called that answers the question [name] which [external] is asked. */
    fun headOf(external: ExternalModel, name: String) = HeadRef(external.name, if (scope == null) name else "$scope/$name")

    /** Where the encoder or external model [name] is, for operators; null for one in this process. */
    fun addressOf(name: String): String? = remotes[name]?.service?.toString() ?: externals[name]?.endpoint?.toString()

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

    /** Whether [folder], which a rule names itself, is no folder. */
    fun isAbsent(folder: Text): Boolean = folder.value in absent

    /** How long a signal of [type] waits for [heads]: the policy's word for the type, else the longest of their encoders' or models'. */
    fun timeoutFor(type: String, vararg heads: NamedHead): Duration =
        signalTimeouts[type] ?: timeoutOf(heads.asList())

    /** How long somebody waits for [heads] who has no timeout of his own. */
    fun timeoutOf(heads: List<NamedHead>): Duration = heads.mapNotNull { timeoutOf(it.ref.encoder) }.maxOrNull() ?: TIMEOUT_DEFAULT

    private fun timeoutOf(encoder: String) = encoders[encoder]?.timeout ?: remotes[encoder]?.timeout ?: externals[encoder]?.timeout

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
