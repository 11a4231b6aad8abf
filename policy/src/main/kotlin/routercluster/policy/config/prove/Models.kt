package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.nearestName
import routercluster.policy.config.raw.RawCard
import routercluster.policy.config.raw.RawModel
import routercluster.policy.config.raw.RawProviders
import routercluster.policy.config.raw.RawReliability
import routercluster.policy.models.Model
import routercluster.policy.models.ModelCard
import routercluster.policy.models.ReasoningFamily
import routercluster.policy.models.Reliability

/** The models by name, cards attached. One whose upstreams could not be read is there without them, so that its name resolves. */
internal fun proveModels(
    providers: RawProviders,
    cards: List<RawCard>,
    environment: (String) -> String?,
    problems: Problems,
): Map<String, Model> {
    if (providers.models.isEmpty()) problems.add(providers.at, "has no models", accepted = "at least one entry in providers.models")
    refuseDuplicates(providers.models.map { it.name }, "model", problems)
    refuseDuplicates(cards.map { it.name }, "model card", problems)
    val names = providers.models.map { it.name.value }.distinct()
    cards.forEach { unknownName(it.name, "has no model of its name in providers.models", names, problems) }
    val cardsByName = cards.associate { it.name.value to it.card }
    val upstreams = UpstreamProver(environment, problems)
    return providers.models.associate { model ->
        model.name.value to
            Model(
                model.name.value,
                upstreams.prove(model),
                cardsByName[model.name.value] ?: ModelCard(),
                model.pricing,
                reasoningFamily(model, providers.families, problems),
                proveReliability(model.reliability, problems),
            )
    }
}

/** The model that routing falls back to; with a single model it need not be named. */
internal fun proveDefaultModel(providers: RawProviders, models: Map<String, Model>, problems: Problems): Model? {
    val name = providers.defaultModel
    if (name != null) {
        unknownName(name, "unknown model", models.keys, problems)
        return models[name.value]
    }
    val only = models.values.singleOrNull()
    if (only == null) {
        val at = providers.at.copy(path = "providers.defaults.default_model")
        problems.add(at, "is required", accepted = models.keys.joinToString(", ").ifEmpty { "the name of a model" })
    }
    return only
}

/** Reports [name] where it is not among [known]. */
internal fun unknownName(name: Text, message: String, known: Collection<String>, problems: Problems) {
    if (name.value in known) return
    problems.add(name.at, message, name.value, known.joinToString(", ").ifEmpty { null }, nearestName(name.value, known))
}

private fun reasoningFamily(model: RawModel, families: Map<String, ReasoningFamily?>, problems: Problems): ReasoningFamily? {
    val name = model.reasoningFamily ?: return null
    unknownName(name, "unknown reasoning family", families.keys, problems)
    return families[name.value]
}

private fun proveReliability(raw: RawReliability?, problems: Problems): Reliability {
    val default = Reliability()
    if (raw == null) return default
    val reliability =
        Reliability(
            raw.loadBalancing ?: default.loadBalancing,
            raw.retries ?: default.retries,
            raw.healthPath?.value,
            raw.healthInterval ?: default.healthInterval,
            raw.healthTimeout ?: default.healthTimeout,
            raw.consecutiveFailures ?: default.consecutiveFailures,
            raw.ejection ?: default.ejection,
            raw.maxEjectedPercent ?: default.maxEjectedPercent,
            raw.retryOn ?: default.retryOn,
        )
    if (raw.healthPath != null && reliability.healthTimeout > reliability.healthInterval) {
        problems.add(raw.healthPath.at, "health_check_timeout is longer than health_check_interval")
    }
    return reliability
}
