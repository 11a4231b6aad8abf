package routercluster.policy.config.prove

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.catalog.ExecutionProvider
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.nearestName
import routercluster.policy.config.raw.RawEncoder
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Task
import routercluster.policy.signals.NamedFolder

/**
 * @property missing why a slot is not served
 * @property standIns slots that the default encoder serves in place of one that the file names and that is not here
 * @property folders the label heads of folders that rules name themselves
 * @property absent those of them that are no folders
 */
internal class ProvenSlots(
    val encoders: Map<String, EncoderSettings>,
    val served: Map<Slot, NamedHead>,
    val missing: Map<Slot, String>,
    val standIns: Set<Slot>,
    val folders: Map<String, List<NamedHead>>,
    val absent: Set<String>,
)

/**
 * Finds a head for every slot. What `gateway.encoders` says of a slot comes first, then the service that the catalog chooses for it,
 * then the model folder that the catalog names, then a service that only fills in, then the default encoder.
 *
 * Files written for the seed name folders that the seed fetches by name. Where such a folder is not here the default encoder
 * stands in, which is told as a notice: so these files work as they are, and nobody is left believing that another model ran.
 */
internal class SlotProver(
    private val written: List<RawEncoder>,
    private val models: Map<Slot, SlotModel>,
    private val named: List<NamedFolder>,
    private val remotes: ProvenRemotes,
    private val files: PolicyFiles,
    private val problems: Problems,
) {
    /** @property settings null for a service */
    private class Opened(val settings: EncoderSettings?, val heads: Map<String, Head>)

    private val opened = LinkedHashMap<String, Opened>()
    private val served = LinkedHashMap<Slot, NamedHead>()
    private val missing = mutableMapOf<Slot, String>()
    private val standIns = mutableSetOf<Slot>()
    private val folders = mutableMapOf<String, List<NamedHead>>()
    private val absent = mutableSetOf<String>()

    fun prove(): ProvenSlots {
        refuseDuplicates(written.map { it.name }, "encoder", problems)
        written.forEach(::open)
        if (written.none { it.name.value == Catalog.DEFAULT_ENCODER }) openBundled()
        serveWritten()
        Slot.entries.filterNot(served::containsKey).forEach(::serve)
        named.distinctBy { it.path.value }.forEach(::openNamed)
        return ProvenSlots(used(), served, missing, standIns, folders, absent)
    }

    /** Nobody opens an encoder that serves nothing and that the file does not name. */
    private fun used(): Map<String, EncoderSettings> {
        val names = written.map { it.name.value } + (served.values + folders.values.flatten()).map { it.ref.encoder }
        return opened
            .filterKeys(names.toSet()::contains)
            .mapNotNull { (name, it) -> it.settings?.let { settings -> name to settings } }
            .toMap()
    }

    private fun open(raw: RawEncoder) {
        if (raw.remote != null) {
            remotes.written[raw.name.value]?.let { opened[it.name] = Opened(null, it.heads) }
            return
        }
        val folder = raw.folder
        val isDefault = raw.name.value == Catalog.DEFAULT_ENCODER
        if (folder == null && !isDefault) {
            problems.add(raw.name.at, "has no folder", raw.name.value, "a folder, or the name ${Catalog.DEFAULT_ENCODER}")
            return
        }
        val at = folder ?: raw.name
        when (val found = folder?.let { files.encoder(it.value) } ?: files.bundled) {
            is EncoderFolder.Found -> {
                opened[raw.name.value] = Opened(settings(raw, found.path), found.heads)
            }

            EncoderFolder.Missing -> {
                val what = if (folder == null) "is the encoder of this program, which came without one" else "is not a folder of an encoder"
                problems.add(at.at, what, at.value, "a folder that exists")
            }

            is EncoderFolder.Broken -> {
                problems.add(at.at, "cannot be used: ${found.reason}", at.value)
            }
        }
    }

    private fun openBundled() {
        val found = files.bundled
        val providers = if (models.values.any { it.wantsGpu }) gpuFirst else cpuOnly
        if (found is EncoderFolder.Found) {
            opened[Catalog.DEFAULT_ENCODER] = Opened(EncoderSettings(Catalog.DEFAULT_ENCODER, found.path, providers), found.heads)
        }
    }

    private fun settings(raw: RawEncoder, path: String?): EncoderSettings {
        val default = EncoderSettings(raw.name.value, path)
        return default.copy(
            providers = raw.providers?.ifEmpty { null } ?: default.providers,
            device = raw.device ?: default.device,
            threads = raw.threads,
            queueTokensMax = raw.queueTokensMax ?: default.queueTokensMax,
            queueWaitMax = raw.queueWaitMax ?: default.queueWaitMax,
            batchTokensMax = raw.batchTokensMax ?: default.batchTokensMax,
            windowTokens = raw.windowTokens,
            windowOverlapTokens = raw.windowOverlapTokens,
            windowsMax = raw.windowsMax ?: default.windowsMax,
            timeout = raw.timeout ?: default.timeout,
        )
    }

    private fun serveWritten() {
        val claims = written.flatMap { encoder -> encoder.serves.map { (slot, head) -> Triple(slot, encoder, head) } }
        claims.groupBy { it.first }.forEach { (slot, rivals) ->
            rivals.drop(1).forEach { (_, encoder, head) ->
                problems.add(
                    head.at,
                    "${slot.key} is served by the encoder ${rivals.first().second.name.value} already",
                    encoder.name.value,
                )
            }
            val (_, encoder, head) = rivals.first()
            val heads = opened[encoder.name.value]?.heads
            val found = heads?.get(head.value)
            if (heads != null) missing[slot] = "the encoder ${encoder.name.value} cannot serve it"
            when {
                heads == null -> missing[slot] = "the encoder ${encoder.name.value} cannot be used"
                found == null -> problems.add(head.at, "unknown head", head.value, shown(heads), nearestName(head.value, heads.keys))
                found.task != slot.task -> problems.add(head.at, "is a head for ${found.task}", head.value, "a head for ${slot.task}")
                else -> served[slot] = NamedHead(HeadRef(encoder.name.value, head.value), found)
            }
        }
    }

    private fun serve(slot: Slot) {
        if (slot in missing) return
        val model = models[slot]
        val remote = remotes.bySlot[slot]
        val folder = model?.folder?.takeUnless { remote?.isChosen == true }
        when {
            model?.enabled == false -> missing[slot] = "the policy has switched it off"
            slot in remotes.broken -> missing[slot] = "the service that the policy names cannot be used"
            model != null && folder != null -> serveNamed(slot, model, folder, remote?.head)
            remote != null -> served[slot] = remote.head
            else -> slot.follows?.let(served::get)?.let { served[slot] = it } ?: serveByDefault(slot)
        }
    }

    /** @param remote serves where the folder is not here */
    private fun serveNamed(slot: Slot, model: SlotModel, folder: Text, remote: NamedHead?) {
        when (val found = files.encoder(folder.value)) {
            is EncoderFolder.Found -> {
                remote?.let {
                    problems.notice(folder.at, "is here and serves ${slot.key}: ${it.ref.encoder} is not asked", folder.value)
                }
                serveFrom(slot, folder, found, model.wantsGpu, model.positive)
            }

            EncoderFolder.Missing -> {
                if (remote != null) served[slot] = remote else standIn(slot, folder)
            }

            is EncoderFolder.Broken -> {
                missing[slot] = "the encoder that the policy names cannot be used"
                problems.add(folder.at, "cannot be used: ${found.reason}", folder.value)
            }
        }
    }

    private fun standIn(slot: Slot, folder: Text) {
        serveByDefault(slot)
        standIns += slot
        served[slot]?.let {
            problems.notice(folder.at, "is not here: the head ${it.ref} serves ${slot.key} in its place", folder.value)
        }
    }

    /** A folder that the catalog names for one slot: its head of the slot's name, or else its only one that can do the task. */
    private fun serveFrom(slot: Slot, folder: Text, found: EncoderFolder.Found, wantsGpu: Boolean, positive: Set<String>) {
        val able = found.heads.filterValues { it.task == slot.task }
        val head = slot.headName.takeIf(able::containsKey) ?: able.keys.singleOrNull()
        if (head == null) {
            missing[slot] = "the encoder that the policy names has none"
            problems.add(folder.at, "has no one head for ${slot.key}: it has ${shown(found.heads)}", folder.value)
            return
        }
        served[slot] = NamedHead(HeadRef(openFolder(folder, found, wantsGpu, positive), head), able.getValue(head))
    }

    /** Opens a folder and returns the name of its encoder. */
    private fun openFolder(
        folder: Text,
        found: EncoderFolder.Found,
        wantsGpu: Boolean,
        positive: Set<String> = emptySet(),
    ): String {
        val name = nameFor(folder.value, found.path)
        opened.getOrPut(name) {
            val settings = EncoderSettings(name, found.path, if (wantsGpu) gpuFirst else cpuOnly, positiveLabels = positive)
            Opened(settings, found.heads)
        }
        return name
    }

    /** No other encoder stands in here: what the rule wants to know is only in this one. */
    private fun openNamed(folder: NamedFolder) {
        val path = folder.path
        when (val found = files.encoder(path.value)) {
            is EncoderFolder.Found -> {
                val heads = found.heads.filterValues { it.task == Task.SEQ_CLS }
                val name = openFolder(path, found, folder.wantsGpu)
                folders[path.value] = heads.map { (head, it) -> NamedHead(HeadRef(name, head), it) }
            }

            EncoderFolder.Missing -> {
                absent += path.value
            }

            is EncoderFolder.Broken -> {
                problems.add(path.at, "cannot be used: ${found.reason}", path.value)
            }
        }
    }

    /** A folder is called by its last part, unless another one is called so. */
    private fun nameFor(folder: String, path: String?): String {
        opened.entries.firstOrNull { (_, it) -> it.settings != null && it.settings.folder == path }?.let { return it.key }
        val short = folder.trimEnd('/').substringAfterLast('/')
        return if (short.isEmpty() || short in opened || short in remotes.names) folder else short
    }

    private fun serveByDefault(slot: Slot) {
        val default = opened[Catalog.DEFAULT_ENCODER]
        val head = default?.heads?.get(slot.headName)?.takeIf { it.task == slot.task }
        val bundled = files.bundled
        when {
            head != null -> served[slot] = NamedHead(HeadRef(Catalog.DEFAULT_ENCODER, slot.headName), head)
            default != null -> missing[slot] = "the encoder ${Catalog.DEFAULT_ENCODER} has ${shown(default.heads)}"
            bundled is EncoderFolder.Broken -> missing[slot] = "this program's own cannot be used: ${bundled.reason}"
            else -> missing[slot] = "there is no encoder: neither one of this program nor one that the policy names"
        }
    }

    private fun shown(heads: Map<String, Head>): String =
        heads.entries.joinToString(", ") { "${it.key} (${it.value.task})" }.ifEmpty { "no heads" }

    private companion object {
        val cpuOnly = listOf(ExecutionProvider.CPU)

        /** The seed's `use_cpu: false` wants a GPU and says nothing of failing without one. */
        val gpuFirst = listOf(ExecutionProvider.CUDA, ExecutionProvider.CPU)
    }
}
