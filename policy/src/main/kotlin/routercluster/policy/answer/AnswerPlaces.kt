package routercluster.policy.answer

/** Kinds of JSON objects and arrays in an answer, with the names that matter in each. */
internal enum class Place(vararg val keys: Key) {
    OTHER,
    ROOT(Key.MODEL, Key.USAGE, Key.CHOICES, Key.ERROR, Key.DELTA, Key.CONTENT, Key.MESSAGE, Key.RESPONSE, Key.STOP_REASON),

    /** `message` in Anthropic's first event: as much of an answer as there is then. */
    OPENING(Key.MODEL, Key.USAGE),

    /** `response` in the events of OpenAI's Responses API. */
    ENVELOPE(Key.MODEL, Key.USAGE),

    /** An array of choices. */
    CHOICES,
    CHOICE(Key.FINISH_REASON, Key.DELTA, Key.MESSAGE, Key.TEXT),

    /** Something a model says, or a part of it, in any dialect. */
    SAYING(
        Key.CONTENT,
        Key.REASONING,
        Key.REASONING_CONTENT,
        Key.REFUSAL,
        Key.TEXT,
        Key.THINKING,
        Key.TOOL_CALLS,
        Key.FUNCTION,
        Key.FUNCTION_CALL,
        Key.ARGUMENTS,
        Key.PARTIAL_JSON,
        Key.STOP_REASON,
    ),

    /** An array of sayings: tool calls, parts of a content. */
    SAYINGS,
    USAGE(
        Key.PROMPT_TOKENS,
        Key.INPUT_TOKENS,
        Key.COMPLETION_TOKENS,
        Key.OUTPUT_TOKENS,
        Key.TOTAL_TOKENS,
        Key.PROMPT_TOKENS_DETAILS,
        Key.INPUT_TOKENS_DETAILS,
        Key.CACHE_READ_INPUT_TOKENS,
        Key.CACHE_CREATION_INPUT_TOKENS,
    ),
    OPENING_USAGE(Key.INPUT_TOKENS, Key.CACHE_READ_INPUT_TOKENS, Key.CACHE_CREATION_INPUT_TOKENS),
    USAGE_DETAILS(Key.CACHED_TOKENS),
    ;

    /** What an object or array is that begins here as the value of [key]; in an array there is no key. */
    fun inner(key: Key?, isObject: Boolean): Place =
        when {
            this == CHOICES && isObject -> CHOICE
            this == SAYINGS && isObject -> SAYING
            else -> key?.place(this, isObject) ?: OTHER
        }

    companion object {
        /** The deepest object that is looked into is `choices[].delta.tool_calls[].function`. */
        const val LEVELS = 7
    }
}

/** A member's name, in lower case on the wire. */
internal enum class Key {
    MODEL,
    USAGE,
    CHOICES,
    ERROR,
    DELTA,
    MESSAGE,
    RESPONSE,
    CONTENT,
    TEXT,
    REASONING,
    REASONING_CONTENT,
    REFUSAL,
    THINKING,
    TOOL_CALLS,
    FUNCTION,
    FUNCTION_CALL,
    ARGUMENTS,
    PARTIAL_JSON,
    FINISH_REASON,
    STOP_REASON,
    PROMPT_TOKENS,
    INPUT_TOKENS,
    COMPLETION_TOKENS,
    OUTPUT_TOKENS,
    TOTAL_TOKENS,
    PROMPT_TOKENS_DETAILS,
    INPUT_TOKENS_DETAILS,
    CACHED_TOKENS,
    CACHE_READ_INPUT_TOKENS,
    CACHE_CREATION_INPUT_TOKENS,
    ;

    val bytes = name.lowercase().toByteArray()

    /** What an object or array under this name in [outer] is; null where it does not matter. */
    fun place(outer: Place, isObject: Boolean): Place? =
        when (this) {
            CHOICES -> Place.CHOICES.takeUnless { isObject }
            CONTENT, TOOL_CALLS -> Place.SAYINGS.takeUnless { isObject }
            DELTA, FUNCTION, FUNCTION_CALL -> Place.SAYING.takeIf { isObject }
            MESSAGE -> (if (outer == Place.ROOT) Place.OPENING else Place.SAYING).takeIf { isObject }
            RESPONSE -> Place.ENVELOPE.takeIf { isObject }
            USAGE -> (if (outer == Place.OPENING) Place.OPENING_USAGE else Place.USAGE).takeIf { isObject }
            PROMPT_TOKENS_DETAILS, INPUT_TOKENS_DETAILS -> Place.USAGE_DETAILS.takeIf { isObject }
            else -> null
        }
}
