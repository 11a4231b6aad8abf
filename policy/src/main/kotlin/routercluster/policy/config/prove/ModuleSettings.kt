package routercluster.policy.config.prove

import routercluster.policy.catalog.ClassifierSettings
import routercluster.policy.catalog.DomainSettings
import routercluster.policy.catalog.HallucinationSettings
import routercluster.policy.catalog.JailbreakSettings
import routercluster.policy.catalog.ModalitySettings
import routercluster.policy.catalog.Modules
import routercluster.policy.catalog.PreferenceSettings
import routercluster.policy.catalog.PrototypeScoring
import routercluster.policy.config.raw.RawClassifier
import routercluster.policy.config.raw.RawModality
import routercluster.policy.config.raw.RawModules
import routercluster.policy.config.raw.RawPreference
import routercluster.policy.config.raw.RawPrototypes

internal fun proveModules(raw: RawModules): Modules {
    val default = Modules()
    val guard = raw.promptGuard
    val domain = raw.domain
    return Modules(
        JailbreakSettings(
            guard?.enabled ?: true,
            guard?.threshold ?: default.jailbreak.threshold,
            raw.positiveLabels.map { it.value }.toSet(),
            raw.promptGuardOnError,
        ),
        DomainSettings(
            domain?.enabled ?: true,
            domain?.threshold ?: default.domain.threshold,
            raw.fallbackCategory ?: default.domain.fallback,
        ),
        classifier(raw.pii, default.pii),
        preference(raw.preference),
        provePrototypes(raw.complexity),
        classifier(raw.factCheck, default.factCheck),
        classifier(raw.feedback, default.userFeedback),
        raw.modality?.let(::modality) ?: default.modality,
        hallucination(raw),
    )
}

internal fun provePrototypes(raw: RawPrototypes?): PrototypeScoring {
    val default = PrototypeScoring()
    return PrototypeScoring(
        raw?.enabled ?: default.enabled,
        raw?.clusterSimilarity ?: default.clusterSimilarity,
        raw?.prototypesMax ?: default.prototypesMax,
        raw?.bestWeight ?: default.bestWeight,
        raw?.topM ?: default.topM,
        raw?.marginThreshold ?: default.marginThreshold,
    )
}

private fun classifier(raw: RawClassifier?, default: ClassifierSettings) =
    ClassifierSettings(raw?.enabled ?: default.enabled, raw?.threshold ?: default.threshold)

private fun preference(raw: RawPreference?) = PreferenceSettings(raw?.contrastive ?: true, provePrototypes(raw?.prototypes))

private fun modality(raw: RawModality): ModalitySettings {
    val default = ModalitySettings()
    return ModalitySettings(
        raw.enabled ?: default.enabled,
        raw.method ?: default.method,
        raw.threshold ?: default.threshold,
        raw.lowerThresholdRatio ?: default.lowerThresholdRatio,
        raw.promptPrefixes,
        raw.keywords,
        raw.bothKeywords,
    )
}

private fun hallucination(raw: RawModules): HallucinationSettings {
    val default = HallucinationSettings()
    val detector = raw.detector
    return HallucinationSettings(
        raw.mitigationEnabled ?: default.enabled,
        detector?.classifier?.threshold ?: default.threshold,
        detector?.spanWordsMin ?: default.spanWordsMin,
        detector?.spanConfidenceMin ?: default.spanConfidenceMin,
        detector?.contextWords ?: default.contextWords,
        detector?.nliFiltering ?: default.nliFiltering,
        detector?.nliEntailment ?: default.nliEntailment,
        raw.explainer?.threshold ?: default.explanationThreshold,
    )
}
