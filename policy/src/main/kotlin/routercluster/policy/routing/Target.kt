package routercluster.policy.routing

import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.config.nearestName
import routercluster.policy.models.Model

/** Longest `model` string that is looked up; longer ones name nothing. */
const val MODEL_NAME_LENGTH_MAX = 512

/** What a request's `model` string asks for. */
sealed interface Target {
    val name: ModelName

    /** Routing by [recipe]. */
    data class Routed(override val name: ModelName, val recipe: Recipe) : Target

    /** The concrete [model]; [reason] says by what right. */
    data class Concrete(override val name: ModelName, val model: Model, val reason: String) : Target

    /** Nothing that this policy has. */
    data class Unknown(override val name: ModelName, val refusal: Action.Refuse) : Target
}

/** Whether [name] as a whole is a model, an auto name or an entrypoint. */
fun Policy.knows(name: String): Boolean = name in models || name in autoNames || name in entrypoints

/**
 * Takes a `model` string apart and finds what it asks for. Refusals: 400 `unknown_model_switch`, 404 `model_not_found`,
 * 404 `recipe_not_found`; each names the nearest known name where there is one.
 */
fun Policy.resolve(written: String): Target {
    if (written.length > MODEL_NAME_LENGTH_MAX) return written.take(MODEL_NAME_LENGTH_MAX).let { modelNotFound(ModelName(it, it), it) }
    return when (val result = ModelName.parse(written, ::knows)) {
        is ModelName.Result.Ok -> target(result.name)
        is ModelName.Result.Unknown -> unknownSwitch(written, result.switch)
    }
}

/** What [name] asks for. A pinned model comes before a recipe, and both before the name they are written behind. */
fun Policy.target(name: ModelName): Target {
    val pinned = name.pinned
    val recipe = name.recipe
    return when {
        pinned != null -> concrete(name, pinned, "pinned by the model switch")
        recipe != null -> routed(name, recipe)
        name.base in models -> concrete(name, name.base, "asked for by name")
        name.base in autoNames -> routed(name, Policy.DEFAULT_RECIPE)
        else -> entrypoints[name.base]?.let { routed(name, it) } ?: modelNotFound(name, name.base)
    }
}

private fun Policy.concrete(name: ModelName, model: String, reason: String): Target =
    models[model]?.let { Target.Concrete(name, it, reason) } ?: modelNotFound(name, model)

private fun Policy.routed(name: ModelName, recipe: String): Target =
    recipes[recipe]?.let { Target.Routed(name, it) }
        ?: notFound(name, "recipe", recipe, recipes.keys)

private fun Policy.modelNotFound(name: ModelName, model: String): Target {
    val known = if (name.pinned == null) models.keys + autoNames + entrypoints.keys else models.keys
    return notFound(name, "model", model, known)
}

private fun notFound(name: ModelName, kind: String, written: String, known: Collection<String>): Target {
    val message = "The $kind ${quoted(written)} does not exist${hint(written, known)}."
    return Target.Unknown(name, Action.Refuse(404, "${kind}_not_found", message))
}

private const val SWITCHES = "recipe=NAME, model=NAME, no-cache, debug, all-signals"

private fun unknownSwitch(written: String, switch: String): Target {
    val hint = hint(switch, listOf("recipe=", "model=", "no-cache", "debug", "all-signals"))
    val message = "The model name has an unknown switch ${quoted(switch)}$hint; accepted: $SWITCHES."
    return Target.Unknown(ModelName(written, written), Action.Refuse(400, "unknown_model_switch", message))
}

private fun hint(written: String, known: Collection<String>): String =
    nearestName(written, known)?.let { "; the nearest known name is $it" }.orEmpty()

private const val QUOTED_LENGTH_MAX = 80

/** What the client wrote, in quotes, cut and without control characters, fit for an error text. */
private fun quoted(written: String): String {
    val shown = written.take(QUOTED_LENGTH_MAX).map { if (it.isISOControl()) '?' else it }.joinToString("")
    return if (written.length > QUOTED_LENGTH_MAX) "\"$shown...\"" else "\"$shown\""
}
