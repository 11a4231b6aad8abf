package routercluster.policy.config.raw

import routercluster.policy.cache.Admission
import routercluster.policy.cache.AdmissionRule
import routercluster.policy.cache.CacheBackend
import routercluster.policy.cache.CacheControl
import routercluster.policy.cache.CacheMode
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.CategoryCache
import routercluster.policy.cache.ClientControls
import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.Feature
import routercluster.policy.config.format.cacheMarks
import routercluster.policy.config.format.flightWaits
import routercluster.policy.config.format.readInactive
import routercluster.policy.config.format.responseCacheFormat
import routercluster.policy.config.format.responseCacheStore
import routercluster.policy.config.format.sharedTimeouts
import routercluster.policy.models.Secret
import java.time.Duration

/** The section `stores.response_cache`. Null means that the file does not say. */
internal class RawCacheStore(
    val section: Section,
    val enabled: Boolean?,
    val backend: CacheBackend?,
    val bytesMax: Long?,
    val evictsByCost: Boolean,
    val storeBytesMax: Long?,
    val answerBytesMax: Long?,
    val ttl: Duration?,
    val similarity: Double?,
    val flightWait: Duration?,
    val isShared: Boolean?,
    val sharedTimeout: Duration?,
    val qdrant: RawQdrant?,
)

internal class RawQdrant(
    val host: Text?,
    val port: Int?,
    val key: Secret?,
    val tls: Boolean,
    val timeout: Duration?,
    val prefix: String?,
)

private val backends = CacheBackend.entries.associateBy { it.name.lowercase() }

/** Servers of the seed that are not built: a folder of this machine stands in for them. */
private val otherBackends = listOf("redis", "valkey", "milvus", "hybrid").associateWith { null }

internal fun readCacheStore(section: Section): RawCacheStore {
    section.readInactive(responseCacheStore)
    val evictsByCost = section.string("eviction_policy") == EVICTS_BY_COST
    for (key in listOf("max_entries", "eviction_policy", "embedding_model")) {
        val hasEffect = key == "eviction_policy" && evictsByCost
        if (section.string(key) != null && !hasEffect) section.problems.notice(section.at(key), "has no effect")
    }
    val backend = section.text("backend_type")
    if (backend?.value in otherBackends) section.problems.inactive(Feature.CACHE_BACKENDS, section.at("backend_type"))
    return RawCacheStore(
        section,
        section.boolean("enabled"),
        if (backend?.value in otherBackends) CacheBackend.EMBEDDED else section.oneOf("backend_type", backends),
        section.bytes("max_bytes"),
        evictsByCost,
        section.bytes("max_store_bytes"),
        section.bytes("max_answer_bytes"),
        seconds(section, "ttl_seconds"),
        section.double("similarity_threshold", 0.0..1.0),
        section.duration("single_flight_wait", flightWaits),
        section.boolean("shared"),
        section.duration("shared_timeout", sharedTimeouts),
        section.section("qdrant")?.let(::readQdrant),
    )
}

private fun readQdrant(section: Section): RawQdrant {
    for (key in listOf("collection", "collection_name")) {
        if (section.string(key) !=
            null
        ) {
            section.problems.notice(section.at(key), "has no effect: collections are named after what they hold")
        }
    }
    if (section.int("dimension", 1..DIMENSION_MAX) != null) {
        section.problems.notice(section.at("dimension"), "has no effect: the encoder says it")
    }
    return RawQdrant(
        section.text("host"),
        section.int("port", 1..PORT_MAX),
        section.secret("api_key"),
        section.boolean("use_tls") ?: false,
        seconds(section, "connect_timeout"),
        section.string("collection_prefix"),
    )
}

internal fun readResponseCache(section: Section): RawPluginSettings.ResponseCache {
    section.readInactive(responseCacheFormat)
    val former = section.double("similarity_threshold", 0.0..1.0)
    val settings = CacheSettings(
        mode = section.oneOf("mode", CacheMode.entries.associateBy { it.name.lowercase() }) ?: CacheMode.SEMANTIC,
        scope = section.oneOf("scope", CacheScope.entries.associateBy { it.name.lowercase() }) ?: CacheScope.USER,
        similarity = section.section("semantic")?.double("similarity_threshold", 0.0..1.0) ?: former,
        ttl = seconds(section, "ttl_seconds"),
        staleFor = seconds(section, "stale_while_revalidate_seconds") ?: Duration.ZERO,
        roomShare = section.double("max_share", 0.0..1.0) ?: 1.0,
        conversation = readConversation(section),
        admission = section.section("admission")?.let(::readAdmission) ?: AdmissionRule(),
        controls = section.section("request_controls")?.let(::readControls) ?: ClientControls(),
        keepsPassing = section.boolean("keep_time_sensitive") ?: false,
        singleFlight = section.boolean("single_flight") ?: true,
        categories = section
            .section("categories")
            ?.let { named ->
                named.keys.mapNotNull { key ->
                    named.section(key)?.let {
                        key to
                            readCategory(it)
                    }
                }
            }.orEmpty()
            .toMap(),
        marks = section.section("revision")?.let { marks -> cacheMarks.map { marks.string(it).orEmpty() } }.orEmpty(),
    )
    val similarityAt = section.at("semantic").takeIf { settings.similarity != null }
    return RawPluginSettings.ResponseCache(
        settings,
        section.double("max_error", 0.0..1.0),
        section.double("max_risk", 0.0..1.0),
        section.text("judge"),
        section.at("max_error"),
        section.at("max_risk"),
        similarityAt,
        worthAt(section),
    )
}

/** Where something is written that counts only while room is given by cost. */
private fun worthAt(section: Section): List<Location> {
    val categories = section.section("categories")
    val weighed = categories
        ?.keys
        .orEmpty()
        .mapNotNull { categories?.section(it) }
        .filter { it.has("weight") }
    return listOf(section).filter { it.has("max_share") }.map { it.at("max_share") } + weighed.map { it.at("weight") }
}

private fun readConversation(section: Section): Double? {
    val similarity = section.double("conversation_threshold", 0.0..1.0) ?: CacheSettings.CONVERSATION_SIMILARITY
    return similarity.takeIf { section.oneOf("conversation", mapOf("equal" to false, "similar" to true)) == true }
}

private fun readAdmission(section: Section) = AdmissionRule(
    section.oneOf("mode", Admission.entries.associateBy { it.name.lowercase() }) ?: Admission.ALL,
    section.double("min_reuse", 0.0..1.0) ?: AdmissionRule.REUSE_MIN,
    section.double("min_saving", 0.0..SAVING_MAX) ?: 0.0,
)

private fun readControls(section: Section): ClientControls {
    val isOn = section.boolean("enabled") ?: false
    val header = section.string("header") ?: ClientControls.HEADER
    val words = section.texts("allowed").map { it.value }.ifEmpty { CacheControl.words }
    val ttlMax = seconds(section, "max_ttl_seconds")
    return ClientControls(header.lowercase(), if (isOn) words.toSet() else emptySet(), ttlMax)
}

private fun readCategory(section: Section) = CategoryCache(
    section.boolean("enabled") ?: true,
    section.double("similarity_threshold", 0.0..1.0),
    seconds(section, "ttl_seconds"),
    section.double("max_error", 0.0..1.0),
    section.double("weight", 0.0..WEIGHT_MAX) ?: 1.0,
)

private fun seconds(section: Section, key: String): Duration? = section.int(key, 0..SECONDS_MAX)?.toLong()?.let(Duration::ofSeconds)

private const val EVICTS_BY_COST = "cost"
private const val WEIGHT_MAX = 1_000.0
private const val SAVING_MAX = 1_000.0
private const val SECONDS_MAX = 31_536_000
private const val PORT_MAX = 65_535
private const val DIMENSION_MAX = 65_536
