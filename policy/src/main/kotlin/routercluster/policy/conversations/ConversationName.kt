package routercluster.policy.conversations

import routercluster.policy.request.Facts
import routercluster.policy.request.Role

/**
 * The conversation that a chat request is of, within its caller's tenant.
 *
 * @property id as the client writes it, or a hash of what the conversation began with
 * @property isNamed whether the client names it; where it does not, two conversations that began alike are taken for one
 */
data class ConversationName(val id: String, val isNamed: Boolean)

/**
 * By the first that is there and not blank: a header of [headers], the body's `metadata.conversation_id`, what the conversation began
 * with. Null for a request without a user's message.
 *
 * @param header looks a header up
 */
fun conversationOf(header: (String) -> String?, facts: Facts): ConversationName? {
    val named = headers.firstNotNullOfOrNull { usable(header(it)) } ?: usable(facts.metadata[METADATA_KEY])
    if (named != null) return ConversationName(named, isNamed = true)
    val user = facts.messages.firstOrNull { it.role == Role.USER } ?: return null
    val system = facts.messages.firstOrNull { it.role == Role.SYSTEM || it.role == Role.DEVELOPER }
    return ConversationName(PREFIX + hash(system?.text.orEmpty(), user.text), isNamed = false)
}

/** Longer names are no names. */
private fun usable(name: String?): String? = name?.takeIf { it.isNotBlank() && it.length <= NAME_CHARS_MAX }

private fun hash(system: String, user: String): String =
    digestOf(system.take(HASHED_CHARS_MAX), user.take(HASHED_CHARS_MAX)).take(HASH_DIGITS)

/** In the order in which they count: ours and the seed's, and that of a well-known client. */
private val headers = listOf("x-conversation-id", "x-session-id", "x-claude-code-session-id")
private const val METADATA_KEY = "conversation_id"
private const val NAME_CHARS_MAX = 256
private const val PREFIX = "prefix-"
private const val HASH_DIGITS = 32

/** Of each text: enough to tell conversations apart, and nothing that a long prompt would wait for. */
private const val HASHED_CHARS_MAX = 1_000
