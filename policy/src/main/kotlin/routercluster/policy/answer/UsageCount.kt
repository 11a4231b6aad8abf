package routercluster.policy.answer

/**
 * The numbers of one `usage` object. OpenAI's prompt tokens hold those that its cache knew; Anthropic counts these, and those it
 * wrote to its cache, apart.
 */
internal class UsageCount {
    private var input: Long? = null
    private var output: Long? = null
    private var total: Long? = null
    private var cached: Long? = null
    private var cacheRead: Long? = null
    private var cacheWritten: Long? = null

    fun clear() {
        input = null
        output = null
        total = null
        cached = null
        cacheRead = null
        cacheWritten = null
    }

    fun note(key: Key, tokens: Long?) {
        when (key) {
            Key.PROMPT_TOKENS, Key.INPUT_TOKENS -> input = tokens
            Key.COMPLETION_TOKENS, Key.OUTPUT_TOKENS -> output = tokens
            Key.TOTAL_TOKENS -> total = tokens
            Key.CACHED_TOKENS -> cached = tokens
            Key.CACHE_READ_INPUT_TOKENS -> cacheRead = tokens
            Key.CACHE_CREATION_INPUT_TOKENS -> cacheWritten = tokens
            else -> Unit
        }
    }

    /** Numbers only grow within an answer, so what [opening] says holds where this says less or nothing. */
    fun usage(opening: Usage?): Usage {
        val prompt = (input ?: 0) + (cacheRead ?: 0) + (cacheWritten ?: 0)
        return Usage(
            promptTokens = maxOf(prompt, opening?.promptTokens ?: 0),
            // Gemini and xAI bill a model's thoughts as output, but count them in the total only.
            completionTokens = maxOf(output ?: 0, (total ?: 0) - prompt),
            cachedTokens = larger(cached ?: cacheRead, opening?.cachedTokens),
            cacheWrittenTokens = larger(cacheWritten, opening?.cacheWrittenTokens),
        )
    }

    private fun larger(a: Long?, b: Long?): Long? = if (a != null && b != null) maxOf(a, b) else a ?: b
}
