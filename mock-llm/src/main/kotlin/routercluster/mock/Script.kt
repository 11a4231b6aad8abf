package routercluster.mock

import java.time.Duration

/**
 * How a mock model answers. Immutable; a running mock swaps the whole script.
 *
 * @property headersDelay before anything is sent
 * @property firstTokenDelay after the headers of a stream; added to the delay of a whole answer
 * @property tokensPerSecond pace of the answer's tokens; null sends them at once. A whole answer waits as long as its stream would last
 * @property tokens length of the answer; null leaves [answer] as long as it is
 * @property toolCalls where there are any, they are the answer instead of text
 * @property promptTokens reported; null estimates a token per four characters
 * @property usage whether answers report tokens at all
 * @property headers added to every answer
 * @property fault what goes wrong; null for nothing
 * @property faultRate share of requests that [fault] strikes, 0..1
 * @property models listed by `GET /v1/models`; any other name is answered too
 * @property healthy false makes `GET /health` answer 503
 */
data class Script(
    val headersDelay: Duration = Duration.ZERO,
    val firstTokenDelay: Duration = Duration.ZERO,
    val tokensPerSecond: Double? = null,
    val answer: Answer = Answer.Named,
    val tokens: Int? = null,
    val toolCalls: List<ToolCall> = emptyList(),
    val promptTokens: Int? = null,
    val cachedTokens: Int = 0,
    val usage: Boolean = true,
    val headers: Map<String, String> = emptyMap(),
    val fault: Fault? = null,
    val faultRate: Double = 1.0,
    val models: List<String> = listOf("mock-model"),
    val healthy: Boolean = true,
) {
    init {
        require(!headersDelay.isNegative && !firstTokenDelay.isNegative) { "delays must not be negative" }
        require(tokensPerSecond == null || tokensPerSecond > 0) { "tokensPerSecond must be positive, found $tokensPerSecond" }
        require(tokens == null || tokens in 0..TOKENS_MAX) { "tokens must be 0 to $TOKENS_MAX, found $tokens" }
        require(promptTokens == null || promptTokens >= 0) { "promptTokens must not be negative, found $promptTokens" }
        require(cachedTokens >= 0) { "cachedTokens must not be negative, found $cachedTokens" }
        require(faultRate in 0.0..1.0) { "faultRate must be 0 to 1, found $faultRate" }
    }

    companion object {
        const val TOKENS_MAX = 1_000_000
    }
}

/** What a mock model says. */
sealed interface Answer {
    /** The last user message. */
    data object Echo : Answer

    /** A sentence that names the model and says that it is simulated. */
    data object Named : Answer

    data class Text(val text: String) : Answer
}

/** [arguments] is JSON text, sent as it is. */
data class ToolCall(val name: String, val arguments: String)

/** What goes wrong with an answer. */
sealed interface Fault {
    /** An error in the shape of the API that was asked. */
    data class Status(val status: Int, val retryAfter: RetryAfter? = null) : Fault {
        init {
            require(status in 400..599) { "a fault's status must be 400 to 599, found $status" }
        }
    }

    /** [body] as it is, whatever was asked. */
    data class Raw(val status: Int, val contentType: String, val body: String) : Fault {
        init {
            require(status in 200..599) { "a status must be 200 to 599, found $status" }
        }
    }

    /** The connection is reset before anything is sent. */
    data object Close : Fault

    /**
     * Headers and [afterChunks] chunks are sent, then the connection is closed. Also for an answer that is not a stream: its
     * body is cut in the middle, where [afterChunks] is not 0.
     */
    data class Cut(val afterChunks: Int) : Fault

    /** Headers and [afterChunks] chunks are sent, then nothing more; the connection stays open. */
    data class Silence(val afterChunks: Int = 0) : Fault
}

/** The forms in which an upstream says when to come again. */
sealed interface RetryAfter {
    /** `retry-after: 3` */
    data class Seconds(val seconds: Int) : RetryAfter

    /** `retry-after:` with an HTTP date, [delay] from now. */
    data class Date(val delay: Duration) : RetryAfter

    /** `retry-after-ms: 250` */
    data class Millis(val millis: Int) : RetryAfter
}
