package routercluster.policy.config.prove

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EmbeddingSettings
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
 */
internal fun proveCatalog(
    raw: RawCatalog,
    gateway: RawGateway,
    named: NamedByRules,
    files: PolicyFiles,
    problems: Problems,
): Catalog {
    val prover = SlotProver(gateway.encoders, slotModels(raw), named.folders, files, problems)
    val heads = prover.prove()
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
        modules = proveModules(raw.modules),
        knowledgeBases = proveKnowledgeBases(raw.knowledgeBases, named.bases, files, problems),
        externals = proveExternals(raw.externals, problems),
        folders = heads.folders,
        asksModels = files.asksModels,
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
    if (asked != null && most in 1 until asked.value && !isStandIn) {
        problems.add(asked.at, "is more than the head ${served.ref} has", "${asked.value}", "1 to $most")
    }
    return VectorShape(raw.layer.takeUnless { isStandIn }, asked?.value?.takeIf { most == 0 || it < most })
}
