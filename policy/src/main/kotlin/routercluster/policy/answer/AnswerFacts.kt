package routercluster.policy.answer

/**
 * Tokens that an answer was billed for, as its upstream counted them; 0 or more.
 *
 * @property cachedTokens the part of [promptTokens] read from the upstream's prompt cache, null where it does not say
 */
data class Usage(val promptTokens: Long, val completionTokens: Long, val cachedTokens: Long? = null)

/**
 * What a [UsageScanner] has found in an answer so far.
 *
 * @property usage the last one seen; null where there was none or where the answer broke off inside it
 * @property model the name the upstream gives itself
 * @property done an event stream's `[DONE]` was seen; always false for other answers
 * @property error an `error` member was seen, as upstreams send it when a stream fails midway
 * @property finishReasons of all choices, in the order seen
 */
data class AnswerFacts(
    val usage: Usage?,
    val model: String?,
    val done: Boolean,
    val error: Boolean,
    val finishReasons: List<String>,
)
