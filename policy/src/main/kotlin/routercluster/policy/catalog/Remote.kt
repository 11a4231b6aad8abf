package routercluster.policy.catalog

import routercluster.policy.encode.Head
import routercluster.policy.models.Secret
import java.time.Duration

/**
 * Where a service listens over HTTP.
 *
 * @property path what stands before the paths of its protocol, without a closing slash; often empty
 * @property key sent as a bearer token
 * @property headers sent as they are
 */
data class Endpoint(
    val tls: Boolean,
    val host: String,
    val port: Int,
    val path: String = "",
    val key: Secret? = null,
    val headers: Map<String, Secret> = emptyMap(),
) {
    override fun toString(): String = "${if (tls) "https" else "http"}://${if (':' in host) "[$host]" else host}:$port$path"
}

/** What a service over HTTP is asked in. Each gives one kind of answer. */
enum class HttpProtocol {
    /** OpenAI's embeddings: vectors. */
    OPENAI_EMBEDDINGS,

    /** Text Embeddings Inference with an embedding model: vectors. */
    TEI_EMBED,

    /** Text Embeddings Inference with a re-ranking model: a score for a query and a document. */
    TEI_RERANK,

    /** Text Embeddings Inference with a classifier: labels of a text or of a pair. */
    TEI_PREDICT,

    /** `POST /classify` in the shape of Hugging Face's text-classification pipelines, one text a call: labels. */
    HTTP_CLASSIFY,
}

/** Whom a remote encoder asks. [toString] is safe to show to an operator. */
sealed interface RemoteService {
    /** @property model the name that the service knows its model by, where the protocol asks for one */
    data class Http(val protocol: HttpProtocol, val endpoint: Endpoint, val model: String? = null) : RemoteService {
        override fun toString(): String = endpoint.toString()
    }

    /** A tool of an MCP server over streamable HTTP, at [endpoint]. */
    data class McpHttp(val endpoint: Endpoint, val tool: String) : RemoteService {
        override fun toString(): String = endpoint.toString()
    }

    /**
     * A tool of an MCP server that is started as a child process and spoken to over its standard streams.
     *
     * @property environment added to the few variables that a child gets of ours
     */
    data class McpProcess(
        val command: String,
        val arguments: List<String>,
        val environment: Map<String, Secret>,
        val tool: String,
    ) : RemoteService {
        override fun toString(): String = "child process $command"
    }
}

/**
 * An encoder that is a service. Two policies with equal settings can share one that is open.
 *
 * @property heads what it can be asked, by name; the file says so, since a policy is proven without asking anybody
 * @property timeout of one call, and how long a signal waits that has no timeout of its own
 */
data class RemoteSettings(
    val name: String,
    val service: RemoteService,
    val heads: Map<String, Head>,
    val timeout: Duration = TIMEOUT_DEFAULT,
    val bounds: RemoteBounds = RemoteBounds(),
) {
    companion object {
        val TIMEOUT_DEFAULT: Duration = Duration.ofSeconds(5)
    }
}

/**
 * @property batchMax texts in one call
 * @property concurrentMax calls at once; more wait, and are refused where too many wait
 * @property answerBytesMax of one answer; a larger one is an error
 * @property windowCharacters longer texts are read in windows of about this length, with a small overlap
 * @property windowsMax windows of one text; what lies beyond is not read, and reported as such
 * @property retries further calls after one that failed to connect or was answered 429, 502, 503 or 504, within the timeout
 */
data class RemoteBounds(
    val batchMax: Int = 32,
    val concurrentMax: Int = 8,
    val answerBytesMax: Int = 8 * 1024 * 1024,
    val windowCharacters: Int = 2_000,
    val windowsMax: Int = 64,
    val retries: Int = 0,
)
