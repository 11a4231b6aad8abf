package routercluster.policy.conversations

import routercluster.policy.request.Facts
import routercluster.policy.request.Role
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.HexFormat

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

private fun hash(vararg texts: String): String {
    val digest = MessageDigest.getInstance("SHA-256")
    texts.forEach { text ->
        val bytes = text.take(HASHED_CHARS_MAX).toByteArray()
        digest.update(ByteBuffer.allocate(Int.SIZE_BYTES).putInt(bytes.size).flip())
        digest.update(bytes)
    }
    return HexFormat.of().formatHex(digest.digest(), 0, HASH_BYTES)
}

/** In the order in which they count: ours and the seed's, and that of a well-known client. */
private val headers = listOf("x-conversation-id", "x-session-id", "x-claude-code-session-id")
private const val METADATA_KEY = "conversation_id"
private const val NAME_CHARS_MAX = 256
private const val PREFIX = "prefix-"
private const val HASH_BYTES = 16

/** Of each text: enough to tell conversations apart, and nothing that a long prompt would wait for. */
private const val HASHED_CHARS_MAX = 1_000
