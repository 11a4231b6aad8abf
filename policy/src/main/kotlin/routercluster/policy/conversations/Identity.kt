package routercluster.policy.conversations

import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.HexFormat

/** What a chat request says of its conversation; see `docs/conversations.md`. */
data class ConversationHints(
    /** The header `x-conversation-id`. Anybody may send it: it names a conversation of the caller's own tenant only. */
    val header: String? = null,
    /** The Responses API's `conversation`. */
    val conversation: String? = null,
    /** `metadata.conversation_id` of the body. */
    val metadata: String? = null,
    /** Texts of the first system message and of the first user message. */
    val firstSystem: String? = null,
    val firstUser: String? = null,
)

/**
 * The conversation that a chat request belongs to, by the first of [hints] that is there and not blank: header, `conversation`, metadata,
 * else what the conversation began with. Null where it says nothing. It is never another [tenant]'s, whatever the request says.
 */
fun conversationOf(tenant: String, hints: ConversationHints): ConversationId? {
    val named = listOf(hints.header, hints.conversation, hints.metadata).firstOrNull { !it.isNullOrBlank() }
    val id = named ?: hints.firstUser?.let { prefixHash(hints.firstSystem, it) } ?: return null
    return ConversationId(tenant, id)
}

/** Two conversations that begin with the same words are one by this: it is for facts about a caller's habits, not for kept texts. */
private fun prefixHash(system: String?, user: String): String {
    val digest = MessageDigest.getInstance("SHA-256")
    listOf(system.orEmpty(), user).forEach { text ->
        val bytes = text.toByteArray()
        digest.update(ByteBuffer.allocate(Int.SIZE_BYTES).putInt(bytes.size).flip())
        digest.update(bytes)
    }
    return "prefix-" + HexFormat.of().formatHex(digest.digest(), 0, PREFIX_BYTES)
}

private const val PREFIX_BYTES = 16
