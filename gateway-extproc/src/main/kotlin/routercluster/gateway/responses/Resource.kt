package routercluster.gateway.responses

/** What a path of the Responses API names. */
internal sealed interface Resource {
    data object Responses : Resource

    data class Response(val id: String) : Resource

    data class InputItems(val id: String) : Resource

    data class Cancel(val id: String) : Resource

    data object Conversations : Resource

    data class Conversation(val id: String) : Resource

    data class Items(val id: String) : Resource

    data class Item(val id: String, val item: String) : Resource

    companion object {
        /** Null for a path that names nothing. */
        fun at(path: String): Resource? {
            val parts = path.removePrefix(VERSION).split('/')
            val id = parts.getOrNull(1).orEmpty()
            return when (parts.first()) {
                "responses" -> response(parts, id)
                "conversations" -> conversation(parts, id)
                else -> null
            }
        }

        private fun response(parts: List<String>, id: String): Resource? =
            when {
                parts.size == 1 -> Responses
                parts.size == 2 -> Response(id)
                parts.size == 3 && parts[2] == "input_items" -> InputItems(id)
                parts.size == 3 && parts[2] == "cancel" -> Cancel(id)
                else -> null
            }

        private fun conversation(parts: List<String>, id: String): Resource? =
            when {
                parts.size == 1 -> Conversations
                parts.size == 2 -> Conversation(id)
                parts.size == 3 && parts[2] == "items" -> Items(id)
                parts.size == 4 && parts[2] == "items" -> Item(id, parts[3])
                else -> null
            }
    }
}

private const val VERSION = "/v1/"

/** POST here makes a response. */
internal const val RESPONSES_PATH = "/v1/responses"
private const val CONVERSATIONS_PATH = "/v1/conversations"

/** Whether [path], without its query, belongs to the Responses API. */
internal fun isResponsesPath(path: String): Boolean =
    listOf(RESPONSES_PATH, CONVERSATIONS_PATH).any { path.startsWith(it) && (path.length == it.length || path[it.length] == '/') }
