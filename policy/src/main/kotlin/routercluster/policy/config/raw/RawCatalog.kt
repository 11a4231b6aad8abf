package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.embeddingModels
import routercluster.policy.config.format.systemSlots

/**
 * What is built of `global.model_catalog`; empty where the file has none.
 *
 * @property slots model folders that the file names, by the key of `system`
 */
internal class RawCatalog(
    val embeddings: RawEmbeddings? = null,
    val slots: Map<String, Text> = emptyMap(),
    val externals: List<RawExternal> = emptyList(),
    val knowledgeBases: List<RawKnowledgeBase> = emptyList(),
    val modules: RawModules = RawModules(),
)

/**
 * @property endpoint asked only where [isRemote]
 * @property modelPaths by `model_type`
 */
internal class RawEmbeddings(
    val at: Location,
    val endpoint: RawEmbeddingEndpoint?,
    val isRemote: Boolean,
    val modelPaths: Map<String, Text>,
    val useCpu: Boolean?,
    val modelType: String?,
    val dimension: RawDimension?,
    val layer: Int?,
    val layerAt: Location,
    val preload: Boolean?,
    val preloadAt: Location,
    val softMatching: Boolean?,
    val topK: Int?,
    val minScore: Double?,
    val prototypes: RawPrototypes?,
)

internal class RawDimension(val value: Int, val at: Location)

internal class RawPrototypes(
    val enabled: Boolean?,
    val clusterSimilarity: Double?,
    val prototypesMax: Int?,
    val bestWeight: Double?,
    val topM: Int?,
    val marginThreshold: Double?,
)

internal fun readCatalog(section: Section?): RawCatalog {
    if (section == null) return RawCatalog()
    val system = section.section("system")
    return RawCatalog(
        section.section("embeddings")?.section("semantic")?.let(::readEmbeddings),
        systemSlots.mapNotNull { key -> system?.text(key)?.let { key to it } }.toMap(),
        section.sections("external").mapNotNull(::readExternal),
        section.sections("kbs").mapNotNull(::readKnowledgeBase),
        section.section("modules")?.let(::readModules) ?: RawModules(),
    )
}

/** Whether a backend is a service. */
private val backends = mapOf("candle" to false, "openvino" to false, "openai_compatible" to true)

private fun readEmbeddings(section: Section): RawEmbeddings {
    val config = section.section("embedding_config")
    val isRemote = config?.oneOf("backend", backends) ?: false
    val endpoint = section.section("endpoint")
    if (endpoint != null && !isRemote) {
        endpoint.problems.notice(section.atKey("endpoint"), "is not asked: embedding_config.backend is not openai_compatible")
    }
    return RawEmbeddings(
        section.here,
        endpoint?.let(::readEmbeddingEndpoint),
        isRemote,
        embeddingModels.mapNotNull { type -> section.text("${type}_model_path")?.let { type to it } }.toMap(),
        section.boolean("use_cpu"),
        config?.oneOf("model_type", embeddingModels.associateWith { it }),
        config?.int("target_dimension", 1..DIMENSIONS_MAX)?.let { RawDimension(it, config.at("target_dimension")) },
        config?.int("target_layer", 1..1_000),
        config?.at("target_layer") ?: section.here,
        config?.boolean("preload_embeddings"),
        config?.at("preload_embeddings") ?: section.here,
        config?.boolean("enable_soft_matching"),
        config?.int("top_k", 1..1_000),
        config?.double("min_score_threshold", 0.0..1.0),
        config?.section("prototype_scoring")?.let(::readPrototypes),
    )
}

internal fun readPrototypes(section: Section) =
    RawPrototypes(
        section.boolean("enabled"),
        section.double("cluster_similarity_threshold", 0.0..1.0),
        section.int("max_prototypes", 1..10_000),
        section.double("best_weight", 0.0..1.0),
        section.int("top_m", 1..10_000),
        section.double("margin_threshold", 0.0..2.0),
    )
