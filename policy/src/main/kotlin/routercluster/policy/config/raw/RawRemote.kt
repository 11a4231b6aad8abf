package routercluster.policy.config.raw

import routercluster.policy.catalog.HttpProtocol
import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.models.Secret
import routercluster.policy.signals.requiredOneOf

/** `remote` of an entry of `gateway.encoders`: the service that the encoder is. Null means the default. */
internal class RawRemote(
    val at: Location,
    val protocol: HttpProtocol?,
    val baseUrl: Text?,
    val model: Text?,
    val modelAt: Location,
    val key: Secret?,
    val keyEnv: Text?,
    val dimensions: Int?,
    val dimensionsAt: Location,
    val labels: List<Text>,
    val labelsAt: Location,
    val positiveLabels: List<Text>,
    val batchMax: Int?,
    val concurrentMax: Int?,
    val answerBytesMax: Long?,
    val windowCharacters: Int?,
    val windowsMax: Int?,
    val retries: Int?,
)

private val protocols = HttpProtocol.entries.associateBy { it.name.lowercase() }
internal const val DIMENSIONS_MAX = 65_536
internal const val RETRIES_MAX = 20

internal fun readRemote(section: Section) =
    RawRemote(
        section.here,
        section.requiredOneOf("protocol", protocols),
        section.requiredText("base_url"),
        section.text("model"),
        section.at("model"),
        section.secret("api_key"),
        section.text("api_key_env"),
        section.int("dimensions", 1..DIMENSIONS_MAX),
        section.at("dimensions"),
        section.texts("labels"),
        section.at("labels"),
        section.texts("positive_labels"),
        section.int("batch_max", 1..4_096),
        section.int("concurrent_max", 1..1_024),
        section.bytes("answer_bytes_max", 1_024L..256L * 1_024 * 1_024),
        section.int("window_characters", 64..1_000_000),
        section.int("windows_max", 1..10_000),
        section.int("retries", 0..RETRIES_MAX),
    )

/** `endpoint` of the semantic embeddings: a service that speaks OpenAI's embeddings. */
internal class RawEmbeddingEndpoint(
    val baseUrl: Text?,
    val model: Text?,
    val keyEnv: Text?,
    val timeoutSeconds: Double?,
    val retries: Int?,
    val dimensions: Int?,
    val dimensionsAt: Location,
)

internal fun readEmbeddingEndpoint(section: Section) =
    RawEmbeddingEndpoint(
        section.requiredText("base_url"),
        section.requiredText("model"),
        section.text("api_key_env"),
        section.double("timeout_seconds", 0.001..3_600.0),
        section.int("max_retries", 0..RETRIES_MAX),
        section.int("dimensions", 1..DIMENSIONS_MAX),
        section.at("dimensions"),
    )

internal enum class McpTransport { STDIO, HTTP }

/** `mcp` of the classifier: a tool that tells domains apart. */
internal class RawMcp(
    val at: Location,
    val enabled: Boolean?,
    val transport: McpTransport?,
    val command: Text?,
    val arguments: List<String>,
    val environment: Map<String, String>,
    val url: Text?,
    val tool: Text?,
    val threshold: Double?,
    val timeoutSeconds: Double?,
)

private val transports = mapOf("stdio" to McpTransport.STDIO, "http" to McpTransport.HTTP, "streamable-http" to McpTransport.HTTP)

internal fun readMcp(section: Section) =
    RawMcp(
        section.here,
        section.boolean("enabled"),
        section.oneOf("transport_type", transports, later = listOf("sse")),
        section.text("command"),
        section.strings("args"),
        section.stringMap("env"),
        section.text("url"),
        section.text("tool_name"),
        section.double("threshold", 0.0..1.0),
        section.double("timeout_seconds", 0.001..3_600.0),
    )
