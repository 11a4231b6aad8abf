package routercluster.policy.config.prove

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EmbeddingSettings
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.Modules
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawCatalog
import routercluster.policy.config.raw.RawEmbeddings
import routercluster.policy.config.raw.RawGateway
import routercluster.policy.encode.VectorShape
import routercluster.policy.signals.NamedFolder

/** Encoder folders and knowledge bases that rules name themselves. */
internal class NamedByRules(val folders: List<NamedFolder>, val bases: List<Text>)

/**
 * Proves `global.model_catalog` together with `gateway.encoders`, which says how encoders run.
 *
 * @param named what rules name outside of it
 * @param environment looked up for the keys of services
 */
internal fun proveCatalog(
    raw: RawCatalog,
    gateway: RawGateway,
    named: NamedByRules,
    environment: (String) -> String?,
    files: PolicyFiles,
    problems: Problems,
): Catalog {
    val externals = proveExternals(raw.externals, raw.modules.guardProtocol != null, problems)
    val remotes = proveRemotes(raw, gateway.encoders, externals, RemoteProver(environment, files, problems), problems)
    val heads = SlotProver(gateway.encoders, slotModels(raw), named.folders, remotes, files, problems).prove()
    provePositiveLabels(raw, heads.served[Slot.JAILBREAK], problems)
    val embeddings = raw.embeddings
    if (embeddings?.preload == false) {
        problems.notice(embeddings.preloadAt, "has no effect: exemplars are always embedded before a policy serves", "false")
    }
    return Catalog(
        encoders = heads.encoders,
        slots = heads.served,
        missing = heads.missing,
        signalTimeouts = gateway.signalTimeouts,
        embedding = embeddingSettings(embeddings, heads, problems),
        modules = proveModules(raw.modules).judging(remotes, heads, externals, raw),
        knowledgeBases = proveKnowledgeBases(raw.knowledgeBases, named.bases, files, problems),
        externals = externals,
        folders = heads.folders,
        absent = heads.absent,
        remotes = remotes.all,
        questions = remotes.questions,
    )
}

/** A service that serves a slot brings its own threshold, where the file gives it one. */
private fun Modules.judging(remotes: ProvenRemotes, heads: ProvenSlots, externals: Map<String, ExternalModel>, raw: RawCatalog): Modules {
    fun asked(slot: Slot) = remotes.bySlot[slot]?.head?.takeIf { it == heads.served[slot] }
    val guard = asked(Slot.JAILBREAK)?.let { externals[it.ref.encoder]?.threshold }
    val tool = asked(Slot.DOMAIN)?.let { raw.modules.mcp?.threshold }
    return copy(
        jailbreak = jailbreak.copy(threshold = guard ?: jailbreak.threshold),
        domain = domain.copy(threshold = tool ?: domain.threshold),
    )
}

private fun provePositiveLabels(raw: RawCatalog, guard: NamedHead?, problems: Problems) {
    val labels = guard?.head?.labels ?: return
    raw.modules.positiveLabels.forEach { unknownName(it, "unknown label of the head ${guard.ref}", labels, problems) }
}

private fun embeddingSettings(raw: RawEmbeddings?, heads: ProvenSlots, problems: Problems): EmbeddingSettings {
    val default = EmbeddingSettings()
    if (raw == null) return default
    return EmbeddingSettings(
        vectorShape(raw, heads, problems),
        raw.softMatching ?: default.softMatching,
        raw.topK,
        raw.minScore ?: default.minScore,
        provePrototypes(raw.prototypes),
    )
}

/**
 * The shape that the file asks for, if it was written for the encoder that serves. For a stand-in, the layer means nothing and a
 * longer vector than it has cannot be had.
 */
private fun vectorShape(raw: RawEmbeddings, heads: ProvenSlots, problems: Problems): VectorShape {
    val served = heads.served[Slot.EMBEDDING] ?: return VectorShape.WHOLE
    val most = served.head.dimensions
    val asked = raw.dimension
    val isStandIn = Slot.EMBEDDING in heads.standIns
    if (served.head.remote && raw.layer != null) {
        problems.notice(raw.layerAt, "has no effect: a service has no layers to choose from", "${raw.layer}")
    }
    if (asked != null && most in 1 until asked.value && !isStandIn) {
        problems.add(asked.at, "is more than the head ${served.ref} has", "${asked.value}", "1 to $most")
    }
    return VectorShape(raw.layer.takeUnless { isStandIn || served.head.remote }, asked?.value?.takeIf { most == 0 || it < most })
}
