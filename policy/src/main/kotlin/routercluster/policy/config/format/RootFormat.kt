package routercluster.policy.config.format

import java.time.Duration

internal val listenerFormat = fields(acts = "HTTP door, Envoy's configuration") {
    name("Name of the listener, once.")
    text("address", "Address to listen on.", "0.0.0.0")
    whole("port", 0..65_535, "Port to listen on; 0 is any that is free.", required = true)
    time("timeout", Duration.ofMillis(1)..Duration.ofHours(24), "Longest time for one request, in Envoy's configuration.", "5m")
    texts("api_keys", "Keys of which a client must show one.", notBuilt = Feature.LISTENER_KEYS)
}

private val recipeFormat = fields(acts = "decisions") {
    name("Name of the recipe, once; not default, which is the top-level routing.")
    note("description")
    field("routing", Kind.Same("routing"), "Its signals and decisions, which see no other recipe's.", required = true)
}

private val globalFormat = fields {
    part("router", "What holds for all recipes.", routerFormat)
    part("services", "Services of the router.", servicesFormat)
    part("stores", "What is kept.", storesFormat)
    part("integrations", "What works together with others.", integrationsFormat)
    part("model_catalog", "Encoders and other models that signals ask.", catalogFormat)
}

/** The whole document. */
internal val rootFormat = fields {
    choice("version", listOf("v0.3"), "Version of the format.", required = true)
    parts("listeners", "Where clients connect; without one, 127.0.0.1:8899.", listenerFormat)
    part("providers", "Models and their upstreams.", providersFormat, required = true)
    part("routing", "Signals and decisions of the recipe default.", routingFormat, required = true)
    parts("entrypoints", "Model names that lead to a recipe.", acts = "routing") {
        texts("model_names", "The names: new ones, each once.")
        text("recipe", "The recipe.", required = true)
    }
    parts("recipes", "Further recipes.", recipeFormat)
    part("global", "What all recipes share.", globalFormat)
    part("gateway", "What the doors allow and how they forward. Ours: the seed has no such section.", gatewayFormat)
}
