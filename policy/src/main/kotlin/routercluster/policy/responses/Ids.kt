package routercluster.policy.responses

import kotlin.random.Random

/**
 * Where a response is kept. Responses of a conversation, and all that follow one another, share a root, which their ids begin with: so
 * any node finds the conversation of an id without looking anywhere.
 *
 * | | form |
 * |---|---|
 * | a conversation that a client made | `conv_` + 32 hex digits |
 * | a response of one | `resp_c` + the same digits + 24 more |
 * | a response of a thread that a first response began | `resp_t` + 32 hex digits + 24 more |
 *
 * @property kind [OF_CONVERSATION] or [OF_THREAD]
 */
data class Root(val kind: Char, val digits: String) {
    /** Names it in the store, within its tenant. */
    val key: String get() = if (kind == OF_CONVERSATION) "$CONVERSATION$digits" else "thread_$digits"

    /** The id of the conversation that a client made; null where this is only a thread of responses. */
    val conversationId: String? get() = "$CONVERSATION$digits".takeIf { kind == OF_CONVERSATION }

    fun newResponseId(random: Random): String = "$RESPONSE$kind$digits${hex(random, OWN_DIGITS)}"

    companion object {
        const val OF_CONVERSATION = 'c'
        const val OF_THREAD = 't'
        private val KINDS = setOf(OF_CONVERSATION, OF_THREAD)
        private const val CONVERSATION = "conv_"
        private const val RESPONSE = "resp_"
        private const val ROOT_DIGITS = 32
        private const val OWN_DIGITS = 24

        fun newConversation(random: Random) = Root(OF_CONVERSATION, hex(random, ROOT_DIGITS))

        fun newThread(random: Random) = Root(OF_THREAD, hex(random, ROOT_DIGITS))

        /** Null for what is no id of ours. */
        fun ofConversation(id: String): Root? {
            val digits = id.removePrefix(CONVERSATION)
            return if (digits.length == id.length - CONVERSATION.length &&
                isHex(digits, ROOT_DIGITS)
            ) {
                Root(OF_CONVERSATION, digits)
            } else {
                null
            }
        }

        /** Null for what is no id of ours. */
        fun ofResponse(id: String): Root? {
            if (!id.startsWith(RESPONSE) || id.length != RESPONSE.length + 1 + ROOT_DIGITS + OWN_DIGITS) return null
            val kind = id[RESPONSE.length]
            val digits = id.substring(RESPONSE.length + 1)
            if (kind !in KINDS || !isHex(digits, digits.length)) return null
            return Root(kind, digits.take(ROOT_DIGITS))
        }
    }
}

/** A new id of an item, such as `msg_` with 32 hex digits. */
fun newItemId(prefix: String, random: Random): String = "${prefix}_${hex(random, ITEM_DIGITS)}"

private const val ITEM_DIGITS = 32
private const val HEX = "0123456789abcdef"

private fun hex(random: Random, digits: Int): String = String(CharArray(digits) { HEX[random.nextBits(4)] })

private fun isHex(text: String, digits: Int) = text.length == digits && text.all { it in HEX }
