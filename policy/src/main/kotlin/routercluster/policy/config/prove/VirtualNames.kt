package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawEntrypoint
import routercluster.policy.config.raw.RawGlobal
import routercluster.policy.config.raw.RawModel

private val usualAutoNames = listOf("vllm-sr/auto", "auto", "MoM")

/** The names that ask for routing by the default recipe. One single name of the file's takes the place of `MoM`. */
internal fun autoNames(global: RawGlobal): Set<String> {
    val single = listOfNotNull(global.autoModelName?.value)
    val written = global.autoModelNames.map { it.value }
    return when {
        written.isNotEmpty() -> (written + single).toSet()
        single.isNotEmpty() -> (usualAutoNames.dropLast(1) + single).toSet()
        else -> usualAutoNames.toSet()
    }
}

/** Virtual names to recipes. A client's `model` must mean one thing, so models, auto names and entrypoints share one name space. */
internal fun proveEntrypoints(
    entrypoints: List<RawEntrypoint>,
    recipes: Set<String>,
    models: List<RawModel>,
    autoNames: Set<String>,
    problems: Problems,
): Map<String, String> {
    val modelNames = models.map { it.name.value }.toSet()
    models.filter { it.name.value in autoNames }.forEach {
        problems.add(it.name.at, "is also a name that asks for routing", it.name.value, "a name other than ${autoNames.joinToString(", ")}")
    }
    val names = entrypoints.flatMap { it.modelNames }
    refuseDuplicates(names, "entrypoint", problems)
    names.forEach { name ->
        if (name.value in modelNames) problems.add(name.at, "is also the name of a model", name.value, "a new name")
        if (name.value in autoNames) problems.add(name.at, "is also an auto model name", name.value, "a new name")
    }
    entrypoints.forEach { entrypoint ->
        entrypoint.recipe?.let { unknownName(it, "unknown recipe", recipes, problems) }
    }
    return entrypoints.flatMap { entrypoint -> entrypoint.modelNames.map { it.value to entrypoint.recipe?.value.orEmpty() } }.toMap()
}
