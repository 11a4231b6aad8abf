package routercluster.policy.config

import routercluster.policy.GatewaySettings
import routercluster.policy.Policy
import routercluster.policy.ResponsesSettings
import routercluster.policy.Strategy
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.prove.ExperimentProver
import routercluster.policy.config.prove.LearntProver
import routercluster.policy.config.prove.LimitProver
import routercluster.policy.config.prove.NamedByRules
import routercluster.policy.config.prove.NamedUpstreams
import routercluster.policy.config.prove.RecipeProver
import routercluster.policy.config.prove.advisersOf
import routercluster.policy.config.prove.autoNames
import routercluster.policy.config.prove.guarded
import routercluster.policy.config.prove.noticeIdleWorth
import routercluster.policy.config.prove.proveCacheStore
import routercluster.policy.config.prove.proveCatalog
import routercluster.policy.config.prove.proveDefaultModel
import routercluster.policy.config.prove.proveEntrypoints
import routercluster.policy.config.prove.proveGateway
import routercluster.policy.config.prove.proveIdentity
import routercluster.policy.config.prove.proveListeners
import routercluster.policy.config.prove.proveModels
import routercluster.policy.config.prove.proveResponses
import routercluster.policy.config.prove.proveTracing
import routercluster.policy.config.prove.refuseDuplicates
import routercluster.policy.config.raw.RawPolicy
import routercluster.policy.config.raw.RawRecipe
import routercluster.policy.config.raw.readPolicy
import routercluster.policy.signals.NamesEncoder
import routercluster.policy.signals.NamesKnowledgeBase
import routercluster.policy.signals.SignalFamily
import routercluster.policy.signals.signalFamilies
import java.security.MessageDigest
import java.util.HexFormat

/** What came of a policy file. */
sealed interface PolicyOutcome {
    class Proven(val policy: Policy) : PolicyOutcome

    /** @property problems every one that the file has, in its order; never empty */
    class Refused(val problems: List<Problem>) : PolicyOutcome
}

/**
 * Reads and proves a policy file of format v0.3.
 *
 * @param text the file's YAML, at most 4 Mi characters
 * @param file what problems call it
 * @param environment looks up variables that the file refers to; null for one that is not set
 * @param files finds what the file refers to outside itself
 * @throws InvalidPolicy with every problem of the file
 */
fun loadPolicy(
    text: String,
    file: String,
    environment: (String) -> String?,
    files: PolicyFiles = PolicyFiles.None,
): Policy =
    when (val outcome = provePolicy(text, file, environment, files = files)) {
        is PolicyOutcome.Proven -> outcome.policy
        is PolicyOutcome.Refused -> throw InvalidPolicy(outcome.problems)
    }

/** As [loadPolicy], with a refusal as a value. [families] are the signals that the policy may use. */
fun provePolicy(
    text: String,
    file: String,
    environment: (String) -> String?,
    families: List<SignalFamily> = signalFamilies,
    files: PolicyFiles = PolicyFiles.None,
): PolicyOutcome {
    val problems = Problems()
    val raw = readDocument(text, file, environment, problems)?.let { readPolicy(it, families) }
    val policy = raw?.let { prove(it, families, Outside(environment, files), text, problems) }
    return if (policy != null && problems.none) PolicyOutcome.Proven(policy) else PolicyOutcome.Refused(problems.all)
}

/** What a policy may look at besides its own text. */
private class Outside(val environment: (String) -> String?, val files: PolicyFiles)

/**
 * SHA-256 of the file as written, in hex, so that the same file has the same revision everywhere. Files that it refers to are part
 * of it.
 */
private fun revision(text: String, catalog: Catalog, artifacts: List<String>): String {
    val digest = MessageDigest.getInstance("SHA-256")
    digest.update(text.encodeToByteArray())
    catalog.knowledgeBases.values.forEach { digest.update(it.manifest.text.encodeToByteArray()) }
    artifacts.forEach { digest.update(it.encodeToByteArray()) }
    return HexFormat.of().formatHex(digest.digest())
}

private const val DEFAULT_EFFORT = "medium"

/** Every topic is proven, whatever the others found; null only where there is no default model to speak of. */
private fun prove(
    raw: RawPolicy,
    families: List<SignalFamily>,
    outside: Outside,
    text: String,
    problems: Problems,
): Policy? {
    val models = proveModels(raw.providers, raw.routing.cards, outside.environment, problems)
    val defaultModel = proveDefaultModel(raw.providers, models, problems)
    val strategy = raw.global.strategy ?: Strategy.PRIORITY
    val catalog = proveCatalog(raw.global.catalog, raw.gateway, namedByRules(raw), outside.environment, outside.files, problems)
        .advisedBy(advisersOf(models))
    val confidence = raw.gateway.confidence ?: GatewaySettings().confidence
    val learnt = LearntProver(raw.global.artifacts, outside.files, problems)
    val decisions = (raw.routing.decisions + raw.recipes.flatMap { it.routing.decisions }).mapTo(mutableSetOf()) { it.name.value }
    val experiments = ExperimentProver(raw.gateway.learning, decisions, problems)
    val prover = RecipeProver(models, families, catalog, confidence, learnt, experiments, problems)
    val recipes =
        listOf(prover.prove(Policy.DEFAULT_RECIPE, raw.routing, strategy)) +
            raw.recipes.map { prover.prove(it.name.value, it.routing, strategy) }
    refuseRecipeNames(raw.recipes, problems)
    val autoNames = autoNames(raw.global)
    val recipeNames = setOf(Policy.DEFAULT_RECIPE) + raw.recipes.map { it.name.value }
    val entrypoints = proveEntrypoints(raw.entrypoints, recipeNames, raw.providers.models, autoNames, problems)
    val listeners = proveListeners(raw.listeners, problems)
    val identity = proveIdentity(raw.global, problems)
    val gateway = proveGateway(raw.gateway, NamedUpstreams(models.values), problems)
    val limits = LimitProver(models, recipes.filterNotNull(), problems).prove(raw.global.rateLimit, raw.gateway.limitRules)
    noticeIdleWorth(raw, problems)
    val tracing = raw.global.tracing?.let { proveTracing(it, problems) }
    val responses = raw.global.responses?.let { proveResponses(it, problems) } ?: ResponsesSettings()
    return Policy(
        revision = revision(text, catalog, learnt.versions),
        listeners = listeners,
        models = models,
        defaultModel = defaultModel ?: return null,
        defaultEffort = raw.providers.defaultEffort ?: DEFAULT_EFFORT,
        autoNames = autoNames,
        recipes = guarded(recipes.filterNotNull(), raw.gateway.learning, decisions, problems).associateBy { it.name },
        entrypoints = entrypoints,
        listModels = raw.global.listModels ?: false,
        clearRouteCache = raw.global.clearRouteCache ?: true,
        identity = identity,
        gateway = gateway,
        tracing = tracing,
        metrics = raw.global.metrics ?: true,
        responses = responses,
        cache = proveCacheStore(raw.global.cache, problems),
        limits = limits,
        catalog = catalog,
        notices = problems.notices,
        inactive = problems.inactive,
        text = text,
    )
}

/** Of all recipes, which share what is open. */
private fun namedByRules(raw: RawPolicy): NamedByRules {
    val rules = (listOf(raw.routing) + raw.recipes.map { it.routing }).flatMap { it.signals }.map { it.raw }
    return NamedByRules(
        rules.mapNotNull { (it as? NamesEncoder)?.folder },
        rules.mapNotNull { (it as? NamesKnowledgeBase)?.knowledgeBase },
    )
}

private fun refuseRecipeNames(recipes: List<RawRecipe>, problems: Problems) {
    refuseDuplicates(recipes.map { it.name }, "recipe", problems)
    recipes.filter { it.name.value == Policy.DEFAULT_RECIPE }.forEach {
        problems.add(it.name.at, "is the name of the top-level routing section", it.name.value, "another name")
    }
}
