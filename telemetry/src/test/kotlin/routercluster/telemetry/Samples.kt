package routercluster.telemetry

import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.Policy
import routercluster.policy.config.format.Inactive
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream

internal fun policy(vararg models: String, revision: String = "r1", inactive: List<Inactive> = emptyList()): Policy {
    val known = models.associateWith { Model(it, listOf(Upstream("$it/a", false, "localhost", 1, model = it))) }
    return Policy(
        revision = revision,
        listeners = emptyList(),
        models = known,
        defaultModel = known.values.first(),
        defaultEffort = "medium",
        autoNames = setOf("auto"),
        recipes = emptyMap(),
        entrypoints = mapOf("code" to "coding"),
        listModels = true,
        clearRouteCache = true,
        identity = IdentityHeaders(),
        gateway = GatewaySettings(),
        inactive = inactive,
    )
}

internal fun completed(asked: String = "auto", model: String? = "small", status: Int = 200, errorCode: String? = null) =
    RouterEvent.Completed(
        operation = "chat",
        askedModel = asked,
        model = model,
        provider = "openai",
        recipe = "default",
        decision = "urgent",
        status = status,
        path = if (errorCode == null) AnswerPath.UPSTREAM else AnswerPath.ERROR,
        nanos = 300_000_000,
        errorCode = errorCode,
    )
