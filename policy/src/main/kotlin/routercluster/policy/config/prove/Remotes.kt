package routercluster.policy.config.prove

import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.RemoteSettings
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawCatalog
import routercluster.policy.config.raw.RawEncoder
import routercluster.policy.encode.LabelQuestion

/**
 * The services that a policy may ask.
 *
 * @property written those of `gateway.encoders`, by name
 * @property bySlot heads that the catalog names for slots, with where they are
 * @property broken slots that the catalog gives to a service that cannot be used
 * @property questions those whose heads are in [bySlot]
 */
internal class ProvenRemotes(
    val written: Map<String, RemoteSettings> = emptyMap(),
    val bySlot: Map<Slot, SlotRemote> = emptyMap(),
    val broken: Set<Slot> = emptySet(),
    val questions: List<LabelQuestion> = emptyList(),
    private val externals: Set<String> = emptySet(),
) {
    val all: Map<String, RemoteSettings> = written + bySlot.values.mapNotNull { it.settings }.associateBy { it.name }

    /** What no other encoder may be called. */
    val names: Set<String> get() = all.keys + externals
}

/**
 * A head of a service for one slot.
 *
 * @property settings null for a head that an external language model is made into
 * @property isChosen whether the file wants this and nothing else, even where a model folder is here
 */
internal class SlotRemote(val head: NamedHead, val settings: RemoteSettings?, val isChosen: Boolean)

/** Proves all services together, so that their names can be told apart. */
internal fun proveRemotes(
    raw: RawCatalog,
    encoders: List<RawEncoder>,
    externals: Map<String, ExternalModel>,
    prover: RemoteProver,
    problems: Problems,
): ProvenRemotes {
    val written = encoders.mapNotNull { encoder -> encoder.remote?.let { prover.written(encoder, it) } }.associateBy { it.name }
    val bySlot = mutableMapOf<Slot, SlotRemote>()
    val broken = mutableSetOf<Slot>()

    fun serve(slot: Slot, isNamed: Boolean, remote: () -> SlotRemote?) {
        if (isNamed) remote()?.let { bySlot[slot] = it } ?: broken.add(slot)
    }
    val guard = raw.modules.guardProtocol?.let { prover.guard(raw.modules, it, externals) }
    serve(Slot.EMBEDDING, raw.embeddings?.isRemote == true) { raw.embeddings?.let(prover::embeddings) }
    serve(Slot.JAILBREAK, raw.modules.guardProtocol != null) { guard?.remote }
    serve(Slot.DOMAIN, raw.modules.mcp?.let { it.enabled != false } == true) { raw.modules.mcp?.let { prover.domain(it, raw.modules) } }
    val taken = externals.keys + bySlot.values.mapNotNull { it.settings?.name }
    encoders.map { it.name }.filter { it.value in taken }.forEach {
        problems.add(it.at, "is the name of a service of the model catalog", it.value, "another name")
    }
    return ProvenRemotes(written, bySlot, broken, listOfNotNull(guard?.question), externals.keys)
}
