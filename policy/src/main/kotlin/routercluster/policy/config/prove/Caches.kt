package routercluster.policy.config.prove

import routercluster.policy.cache.AnswerJudge
import routercluster.policy.cache.BoundedHits
import routercluster.policy.cache.CacheBackend
import routercluster.policy.cache.CacheStoreSettings
import routercluster.policy.cache.QdrantServer
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawCacheStore
import routercluster.policy.config.raw.RawPluginSettings
import routercluster.policy.config.raw.RawPolicy
import routercluster.policy.config.raw.RawQdrant
import routercluster.policy.plugins.Plugin

internal fun proveCacheStore(raw: RawCacheStore?, problems: Problems): CacheStoreSettings {
    val default = CacheStoreSettings()
    if (raw == null) return default
    val backend = raw.backend ?: default.backend
    val qdrant = raw.qdrant.takeIf { backend == CacheBackend.QDRANT }?.let { proveQdrant(it, problems) }
    if (backend == CacheBackend.QDRANT && qdrant == null) {
        problems.add(raw.section.at("backend_type"), "has no server", accepted = "a host in the section qdrant")
    }
    return CacheStoreSettings(
        enabled = raw.enabled ?: default.enabled,
        similarity = raw.similarity ?: default.similarity,
        ttl = raw.ttl ?: default.ttl,
        backend = backend,
        bytesMax = raw.bytesMax ?: default.bytesMax,
        evictsByCost = raw.evictsByCost,
        storeBytesMax = raw.storeBytesMax ?: default.storeBytesMax,
        answerBytesMax = raw.answerBytesMax?.toInt() ?: default.answerBytesMax,
        flightWait = raw.flightWait ?: default.flightWait,
        isShared = raw.isShared ?: default.isShared,
        sharedTimeout = raw.sharedTimeout ?: default.sharedTimeout,
        qdrant = qdrant,
    )
}

/** A bound on wrong answers needs somebody who finds them, and takes the place of a similarity. */
internal fun proveResponseCache(raw: RawPluginSettings.ResponseCache, catalog: Catalog, problems: Problems): Plugin.ResponseCache {
    val externals = catalog.externals.values
        .filter { it.role == ExternalModel.Role.CLASSIFICATION }
        .map { it.name }
    val accepted = externals.joinToString(", ").ifEmpty { "an external model of role classification; none is defined" }
    val maxError = raw.maxError
    when {
        maxError == null && raw.judge != null -> problems.add(raw.judge.at, "has nothing to judge for", raw.judge.value, "with max_error")

        maxError == null -> Unit

        maxError == 0.0 -> problems.add(raw.errorAt, "allows no hit at all", "0", "above 0, or mode exact")

        raw.judge == null -> problems.add(
            raw.errorAt.copy(path = raw.errorAt.path.replaceAfterLast('.', "judge")),
            "is required",
            accepted = accepted,
        )

        raw.judge.value !in externals -> problems.add(
            raw.judge.at,
            "unknown external model of role classification",
            raw.judge.value,
            accepted,
        )

        raw.similarityAt != null -> problems.add(
            raw.similarityAt,
            "says which hits are taken, and so does max_error",
            accepted = "one of them",
        )
    }
    if (raw.maxRisk == 0.0) problems.add(raw.riskAt, "allows no hit at all", "0", "above 0, or mode exact")
    if (raw.maxRisk != null && maxError == null) problems.add(raw.riskAt, "has nothing to bound", accepted = "with max_error")
    raw.settings.categories.filterValues { it.maxError == 0.0 }.keys.forEach {
        problems.add(raw.errorAt, "allows no hit at all in the category $it", "0", "above 0, or enabled: false for the category")
    }
    if (maxError == null) {
        raw.settings.categories.filterValues { it.maxError != null }.keys.forEach {
            problems.add(raw.errorAt, "is required, since the category $it has one")
        }
    }
    val question = raw.judge?.let { AnswerJudge.question(it.value) }
    val bounded = if (maxError == null || question == null) null else BoundedHits(maxError, question, raw.maxRisk ?: 1.0)
    return Plugin.ResponseCache(raw.settings.copy(bounded = bounded))
}

/** A notice tells of what is written about room that is given by cost, where it is not. */
internal fun noticeIdleWorth(raw: RawPolicy, problems: Problems) {
    if (raw.global.cache?.evictsByCost == true) return
    val decisions = (listOf(raw.routing) + raw.recipes.map { it.routing }).flatMap { it.decisions }
    val caches = decisions.flatMap { it.plugins }.map { it.settings }.filterIsInstance<RawPluginSettings.ResponseCache>()
    caches.flatMap { it.worthAt }.forEach {
        problems.notice(it, "has no effect: global.stores.response_cache.eviction_policy is not cost")
    }
}

private fun proveQdrant(raw: RawQdrant, problems: Problems): QdrantServer? {
    val host = raw.host?.value ?: return null
    if (raw.key != null && !raw.tls && host !in thisMachine) {
        problems.add(raw.host.at, "would get its API key in clear text", host, "use_tls: true")
    }
    return QdrantServer(
        host,
        raw.port ?: QdrantServer.PORT,
        raw.key,
        raw.tls,
        raw.timeout?.takeIf { !it.isZero } ?: QdrantServer.TIMEOUT,
        raw.prefix.orEmpty(),
    )
}

private val thisMachine = setOf("localhost", "127.0.0.1", "::1")
