package routercluster.policy.answer

/**
 * Tokens that an answer was billed for, as its upstream counted them; 0 or more.
 *
 * @property promptTokens all of them, whatever the upstream's prompt cache had to do with them
 * @property cachedTokens the part of [promptTokens] read from that cache, null where the upstream does not say
 * @property cacheWrittenTokens the part of [promptTokens] written to it, null where the upstream does not say
 */
data class Usage(
    val promptTokens: Long,
    val completionTokens: Long,
    val cachedTokens: Long? = null,
    val cacheWrittenTokens: Long? = null,
)

/**
 * What a [UsageScanner] has found in an answer so far.
 *
 * @property usage the last one seen; null where there was none or where the answer broke off inside it
 * @property opening what an upstream that tells its usage in two parts (Anthropic) says of the prompt as it begins; 0 completion tokens
 * @property textTokens about how many tokens the model's words come to, its reasoning and its tool calls included; see [TextTally]
 * @property model the name the upstream gives itself
 * @property done an event stream's `[DONE]` was seen; always false for other answers
 * @property error an `error` member was seen, as upstreams send it when a stream fails midway
 * @property finishReasons of all choices, in the order seen
 */
data class AnswerFacts(
    val usage: Usage?,
    val opening: Usage?,
    val textTokens: Long,
    val model: String?,
    val done: Boolean,
    val error: Boolean,
    val finishReasons: List<String>,
)
