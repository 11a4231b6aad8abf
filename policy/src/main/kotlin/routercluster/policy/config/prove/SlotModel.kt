package routercluster.policy.config.prove

import routercluster.policy.catalog.Slot
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawCatalog
import routercluster.policy.config.raw.RawClassifier

/**
 * What the catalog says of the encoder behind one slot. Without a [folder] the default encoder serves.
 *
 * @property positive labels that mean a threat
 */
internal class SlotModel(val folder: Text?, val wantsGpu: Boolean, val enabled: Boolean, val positive: Set<String> = emptySet())

/** The model that a file names for each slot it speaks of: the module's own, or the `system` slot that it refers to. */
internal fun slotModels(raw: RawCatalog): Map<Slot, SlotModel> {
    val modules = raw.modules
    val mitigates = modules.mitigationEnabled ?: true

    fun model(module: RawClassifier?, systemSlot: String?, isOn: Boolean = true, positive: List<Text> = emptyList()): SlotModel {
        val folder = module?.modelId ?: (module?.modelRef?.value ?: systemSlot)?.let(raw.slots::get)
        return SlotModel(folder, module?.useCpu == false, isOn && module?.enabled != false, positive.map { it.value }.toSet())
    }
    val embeddings = raw.embeddings
    val embeddingFolder = embeddings?.modelPaths?.get(embeddings.modelType ?: DEFAULT_MODEL_TYPE)
    val embeddingOnGpu = embeddings?.useCpu == false
    return mapOf(
        Slot.EMBEDDING to SlotModel(embeddingFolder, embeddingOnGpu, enabled = true),
        Slot.PREFERENCE to SlotModel(modules.preference?.model, embeddingOnGpu, enabled = true),
        Slot.JAILBREAK to model(modules.promptGuard, "prompt_guard", positive = modules.positiveLabels),
        Slot.DOMAIN to model(modules.domain, "domain_classifier"),
        Slot.PII to model(modules.pii, "pii_classifier"),
        Slot.FACT_CHECK to model(modules.factCheck, "fact_check_classifier"),
        Slot.USER_FEEDBACK to model(modules.feedback, "feedback_detector"),
        Slot.MODALITY to model(modules.modality?.classifier, null, modules.modality?.enabled ?: true),
        Slot.HALLUCINATION to model(modules.detector?.classifier, "hallucination_detector", mitigates),
        Slot.NLI to model(modules.explainer, "hallucination_explainer", mitigates),
    )
}

private const val DEFAULT_MODEL_TYPE = "mmbert"
