package routercluster.policy.conversations

/**
 * How much is kept of one conversation. Beyond it the oldest turns are dropped, see [within].
 *
 * @property items of the conversation itself and of all its turns
 * @property characters of all items, responses and metadata. Two million take at most 6 MB, and so fit into one message between nodes
 */
data class ConversationLimits(val turns: Int, val items: Int, val characters: Int) {
    companion object {
        val DEFAULT = ConversationLimits(turns = 1_000, items = 10_000, characters = 2_000_000)
    }
}

/** True where it takes no more than [limits] allow. */
internal fun Conversation.fits(limits: ConversationLimits): Boolean =
    turns.size <= limits.turns && itemCount <= limits.items && characterCount <= limits.characters

/**
 * Without as many of the oldest turns as it takes to fit; null where that is not enough. The turn [kept], turns that are open, and those
 * that one of these follows stay.
 */
internal fun Conversation.within(limits: ConversationLimits, kept: String?): Conversation? {
    var rest = this
    while (!rest.fits(limits)) {
        val needed = rest.turns.filter { it.status.isOpen || it.id == kept }.map { it.parent }
        val oldest = rest.turns.firstOrNull { !it.status.isOpen && it.id != kept && it.id !in needed } ?: return null
        rest = rest.copy(turns = rest.turns - oldest, dropped = rest.dropped + 1)
    }
    return rest
}

private val Conversation.itemCount: Int get() = items.size + turns.sumOf { it.input.size + it.output.size }

private val Conversation.characterCount: Long
    get() = items.characters + turns.sumOf { it.input.characters + it.output.characters + (it.response?.length ?: 0) } +
        metadata.entries.sumOf { it.key.length + it.value.length }

private val List<Item>.characters: Long get() = sumOf { it.id.length + it.json.length.toLong() }
