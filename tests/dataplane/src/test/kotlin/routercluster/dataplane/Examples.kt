package routercluster.dataplane

import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.Listener
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.models.Credential
import routercluster.policy.models.LoadBalancing
import routercluster.policy.models.Model
import routercluster.policy.models.Reliability
import routercluster.policy.models.Secret
import routercluster.policy.models.Upstream
import java.time.Duration

internal const val EXAMPLE_KEY = "sk-not-to-be-written-down"

/** A local model with two replicas and a cloud model: the shapes that an Envoy configuration must cope with. */
internal fun examplePolicy(): Policy {
    val local =
        Model(
            "qwen3-8b",
            listOf(
                Upstream("qwen3-8b/gpu-1", tls = false, host = "10.0.0.11", port = 8000, model = "Qwen/Qwen3-8B"),
                Upstream("qwen3-8b/gpu-2", tls = false, host = "vllm-2.internal", port = 8000, model = "Qwen/Qwen3-8B"),
            ),
            reliability = Reliability(loadBalancing = LoadBalancing.LEAST_REQUEST, healthPath = "/health"),
        )
    val cloud =
        Model(
            "gpt-4o",
            listOf(
                Upstream(
                    "gpt-4o/openai",
                    tls = true,
                    host = "api.openai.com",
                    port = 443,
                    model = "gpt-4o",
                    credential = Credential("authorization", "Bearer ", Secret(EXAMPLE_KEY)),
                ),
            ),
        )
    return policyOf(listOf(local, cloud), Listener("http", "0.0.0.0", 8899, Duration.ofSeconds(300)))
}

internal fun policyOf(models: List<Model>, listener: Listener): Policy =
    Policy(
        revision = "example",
        listeners = listOf(listener),
        models = models.associateBy { it.name },
        defaultModel = models.first(),
        defaultEffort = "medium",
        autoNames = setOf("auto"),
        recipes = mapOf(Policy.DEFAULT_RECIPE to Recipe(Policy.DEFAULT_RECIPE, Strategy.PRIORITY, emptyList(), emptyList())),
        entrypoints = emptyMap(),
        listModels = true,
        clearRouteCache = true,
        identity = IdentityHeaders(),
        gateway = GatewaySettings(),
    )
