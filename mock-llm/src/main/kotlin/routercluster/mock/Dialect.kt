package routercluster.mock

import com.linecorp.armeria.common.HttpData

/** What a mock model was asked for: the parts of a request that its answer depends on. */
internal class Asked(
    val model: String,
    val userText: String,
    val promptTokens: Int,
    val stream: Boolean,
    val includeUsage: Boolean,
    val answerTokensMax: Int?,
)

/**
 * An answer before it has a wire format.
 *
 * @property id unique per mock
 * @property pieces one per token
 * @property cutShort whether the client's token limit ended it
 */
internal class Generated(
    val id: String,
    val model: String,
    val pieces: List<String>,
    val cutShort: Boolean,
    val toolCalls: List<ToolCall>,
    val usage: Usage?,
)

internal class Usage(val prompt: Int, val completion: Int, val cached: Int)

/** One event of a stream, and how many tokens it brings. */
internal class Frame(val data: HttpData, val tokens: Int)

/** A wire format of text generation. */
internal interface Dialect {
    fun whole(answer: Generated): HttpData

    /** The events of a stream in order, closing ones included. Lazy: a long answer is not held in memory. */
    fun frames(answer: Generated, asked: Asked): Sequence<Frame>

    fun error(status: Int, message: String): HttpData
}

internal fun json(write: JsonText.() -> Unit): HttpData = HttpData.ofUtf8(JsonText().apply(write).toString())

/** A server-sent event: `event:` where [name] is given, and `data:`. */
internal fun event(data: JsonText, name: String? = null): HttpData =
    HttpData.ofUtf8(if (name == null) "data: $data\n\n" else "event: $name\ndata: $data\n\n")
