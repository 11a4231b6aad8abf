package routercluster.policy.plugins

import routercluster.policy.cache.CacheSettings

/**
 * What a decision does to its requests besides choosing a model. Plugins act in one fixed order, the order of these cases,
 * whatever their order in the file.
 */
sealed interface Plugin {
    /** Answers with [message] at once; no model is called. */
    data class FastResponse(val message: String) : Plugin

    /** Gives an earlier answer to a request that is the same, or alike. */
    data class ResponseCache(val settings: CacheSettings) : Plugin

    /**
     * Drops and caps request parameters.
     *
     * @property blocked top-level fields to drop
     * @property maxTokensLimit cap of `max_tokens` and `max_completion_tokens`; a request without either is left alone
     * @property maxN cap of `n`
     * @property stripUnknown drops top-level fields that OpenAI's chat API does not define
     */
    data class RequestParams(
        val blocked: Set<String> = emptySet(),
        val maxTokensLimit: Int? = null,
        val maxN: Int? = null,
        val stripUnknown: Boolean = false,
    ) : Plugin

    /** Puts [prompt] before the conversation: as a prefix of an existing system message, or instead of it. */
    data class SystemPrompt(val prompt: String, val mode: Mode) : Plugin {
        enum class Mode { INSERT, REPLACE }
    }

    /** Edits headers of the request to the upstream. [update] replaces only where present; [add] sets always. */
    data class HeaderMutation(
        val add: List<Pair<String, String>> = emptyList(),
        val update: List<Pair<String, String>> = emptyList(),
        val delete: List<String> = emptyList(),
    ) : Plugin
}
