package routercluster.policy.request

import com.fasterxml.jackson.core.JsonToken

/**
 * Looks in one body, as it is read, for what a provider keeps or has sealed, so that no model of another one can go on from it: responses and
 * conversations kept there, containers, caches of prompts, files, sealed reasoning, and audio that is known by its id. The names are those of OpenAI's,
 * Anthropic's and Google's APIs, and of the forms in which these travel in chat completions.
 */
internal class ProviderState {
    var isFound = false
        private set

    /** On a member's value, of the body itself. Does not take it apart where something else has to read it. */
    fun lookAtTop(json: JsonCursor, name: String) {
        if (name in kept && isSaid(json)) isFound = true
        if (name == EXTRA) within(json, inside)
    }

    /** On a member's value, of a message or one of its parts. */
    fun look(json: JsonCursor, name: String) {
        when (name) {
            in sealed -> if (isSaid(json)) isFound = true

            // OpenAI's spoken answers come back as `audio: {id}`; what a user says has data and no id.
            "audio" -> if (json.token == JsonToken.START_OBJECT) json.eachMember { if (it == "id") isFound = true }

            "reasoning_details", "thinking_blocks" -> within(json, sealedReasoning)

            in holders -> within(json, inside)
        }
    }

    private fun within(json: JsonCursor, names: Set<String>) {
        when (json.token) {
            JsonToken.START_OBJECT -> json.eachMember { name -> if (name in names && isSaid(json)) isFound = true else within(json, names) }
            JsonToken.START_ARRAY -> json.eachElement { within(json, names) }
            else -> Unit
        }
    }

    private fun isSaid(json: JsonCursor) =
        json.token != JsonToken.VALUE_NULL && (json.token != JsonToken.VALUE_STRING || json.text.isNotEmpty())

    private companion object {
        const val EXTRA = "extra_body"
        val kept = setOf("previous_response_id", "conversation", "container", "cached_content", "cachedContent")
        val sealed = setOf("file_id", "container_id", "encrypted_content", "thought_signature", "signature")
        val inside = sealed + kept

        /** What a model thought: in other parts `data` is plain. */
        val sealedReasoning = sealed + "data"
        val holders = setOf("extra_content", "file", "source")
    }
}
