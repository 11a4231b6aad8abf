package routercluster.policy.config.migrate

import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode

private val cardKeys =
    listOf("param_size", "context_window_size", "description", "capabilities", "loras", "quality_score", "modality", "tags")
private val modelKeys = listOf("reasoning_family", "pricing", "external_model_ids", "api_format", "provider_model_id", "reliability")
private val endpointKeys = listOf("weight", "type", "protocol", "api_key", "api_key_env")

/** Makes `providers.models` and `routing.modelCards` of `vllm_endpoints` and `model_config`. */
internal fun moveModels(root: MappingNode, notes: Notes) {
    val endpoints = root.mappings("vllm_endpoints")
    val configs = root["model_config"] as? MappingNode
    root.take("provider_profiles")?.let { notes.add(it.keyNode, it.key, "is left out: write its settings beside each backend_refs") }
    val written = root.take("model_config")
    val endpointTuple = root.take("vllm_endpoints")
    if (configs == null && endpoints.isEmpty()) return
    val names = configs
        ?.value
        ?.map { it.key }
        .orEmpty()
        .ifEmpty { endpoints.flatMap { endpoint -> listOfModels(endpoint) }.distinct() }
    if (names.isEmpty() && endpointTuple != null) {
        notes.add(endpointTuple.keyNode, "vllm_endpoints", "is left out: no model_config says which models are there")
        return
    }
    val models = names.map { name -> model(name, configs?.get(name) as? MappingNode, endpoints, notes) }
    val providers = root.at(listOf("providers"))
    providers.put("models", sequence(models))
    listOf(endpointTuple, written).forEach { providers.comment("models", it?.keyNode) }
    configs?.value.orEmpty().forEach { config ->
        models.firstOrNull { it.word("name") == config.key }?.blockComments =
            config.keyNode.blockComments
    }
    val cards = names.mapNotNull { name -> card(name, configs?.get(name) as? MappingNode) }
    if (cards.isNotEmpty()) root.at(listOf("routing")).put("modelCards", sequence(cards))
}

/** The first format listed models at each endpoint. */
private fun listOfModels(endpoint: MappingNode): List<String> =
    (endpoint["models"] as? SequenceNode)
        ?.value
        .orEmpty()
        .filterIsInstance<ScalarNode>()
        .map { it.value }

private fun model(name: String, config: MappingNode?, endpoints: List<MappingNode>, notes: Notes): MappingNode {
    val preferred = (config?.get("preferred_endpoints") as? SequenceNode)
        ?.value
        .orEmpty()
        .filterIsInstance<ScalarNode>()
        .map { it.value }
    val serving = endpoints.filter { name in listOfModels(it) }
    val own = endpoints.filter { it.word("name") in preferred }.ifEmpty { serving }.ifEmpty { endpoints }
    val model = mapping("name" to scalar(name))
    config
        ?.value
        .orEmpty()
        .filter { it.key in modelKeys }
        .forEach(model::put)
    val path = "model_config.$name"
    val known = modelKeys + cardKeys + listOf("preferred_endpoints", "access_key")
    config?.value.orEmpty().filterNot { it.key in known }.forEach { left ->
        val why = if (left.key ==
            "pii_policy"
        ) {
            "v0.3 has signals of type pii for it, in the rules of decisions"
        } else {
            "v0.3 has no such field"
        }
        notes.add(left.keyNode, "$path.${left.key}", "is left out: $why")
    }
    model.put("backend_refs", sequence(own.map { backend(it, config?.word("access_key")) }))
    if (own.isEmpty() && config != null) notes.add(config, path, "has no endpoint: write backend_refs for it")
    return model
}

private fun backend(endpoint: MappingNode, key: String?): MappingNode {
    val backend = mapping("name" to endpoint["name"])
    val address = endpoint.word("address")
    val port = endpoint.word("port")
    endpoint.value.filter { it.key in endpointKeys }.forEach(backend::put)
    when {
        address != null -> backend.put("endpoint", if (port == null) address else "${bracketed(address)}:$port")
        else -> endpoint.value.filter { it.key == "endpoint" || it.key == "base_url" }.forEach(backend::put)
    }
    if (key != null && backend["api_key"] == null) backend.put("api_key", key)
    return backend
}

private fun bracketed(address: String): String = if (':' in address) "[$address]" else address

private fun card(name: String, config: MappingNode?): MappingNode? {
    val kept = config?.value.orEmpty().filter { it.key in cardKeys }
    if (kept.isEmpty()) return null
    return mapping("name" to scalar(name)).also { card -> kept.forEach(card::put) }
}

/** The command line of v0.1 had `endpoints` and defaults right under `providers`. */
internal fun moveProviders(root: MappingNode, notes: Notes) {
    val providers = root["providers"] as? MappingNode ?: return
    listOf("default_model", "default_reasoning_effort", "reasoning_families").forEach { key ->
        providers.take(key)?.let { providers.at(listOf("defaults")).put(it) }
    }
    val cards = mutableListOf<MappingNode>()
    providers.mappings("models").forEach { model ->
        model.rename("endpoints", "backend_refs")
        val key = model.take("access_key")?.valueNode as? ScalarNode
        model.mappings("backend_refs").filter { key != null && it["api_key"] == null }.forEach { it.put("api_key", key?.value.orEmpty()) }
        val kept = cardKeys.mapNotNull(model::take)
        val name = model.word("name")
        if (kept.isNotEmpty() && name != null) cards += mapping("name" to scalar(name)).also { card -> kept.forEach(card::put) }
    }
    val place = root.at(listOf("routing"))
    if (cards.isNotEmpty() && place["modelCards"] == null) place.put("modelCards", sequence(cards))
    if (cards.isNotEmpty() && place.mappings("modelCards") != cards) {
        notes.add(providers, "providers.models", "describes models that routing.modelCards describes too: look which is right")
    }
}
