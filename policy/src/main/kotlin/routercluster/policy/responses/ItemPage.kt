package routercluster.policy.responses

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.request.BadRequest
import routercluster.policy.request.invalidValue

/**
 * One page of a list of items, as a client asked for it.
 *
 * @property newestFirst the order; OpenAI's own is newest first
 * @property after the id of the item before the page's first; null begins at the beginning
 */
class PageRequest(val limit: Int, val newestFirst: Boolean, val after: String?) {
    companion object {
        /** @throws BadRequest for a limit or an order that there is not */
        fun of(query: (String) -> String?): PageRequest {
            val limit = query("limit")?.let { it.toIntOrNull() ?: 0 } ?: ResponseBounds.PAGE_STANDARD
            if (limit !in 1..ResponseBounds.PAGE_MAX) throw invalidValue("limit", "be 1 to ${ResponseBounds.PAGE_MAX}")
            val order = query("order") ?: "desc"
            if (order != "asc" && order != "desc") throw invalidValue("order", "be one of `asc`, `desc`")
            return PageRequest(limit, order == "desc", query("after"))
        }
    }
}

/**
 * The list object of a page of [items], which come oldest first.
 *
 * @throws BadRequest for a page after an item that there is not
 */
fun page(items: List<Item>, asked: PageRequest): ObjectNode {
    val ordered = if (asked.newestFirst) items.asReversed() else items
    val start =
        when (val after = asked.after) {
            null -> 0

            else -> ordered.indexOfFirst { it.id == after }.takeIf { it >= 0 }?.plus(1)
                ?: throw invalidValue("after", "be the id of an item of this list")
        }
    val shown = ordered.drop(start).take(asked.limit)
    return list(shown, hasMore = start + shown.size < ordered.size)
}

fun list(items: List<Item>, hasMore: Boolean = false): ObjectNode {
    val list = objectNode().put("object", "list")
    list.set<ObjectNode>("data", arrayNode(items.map { storedObject(it.json) }))
    return list.put("first_id", items.firstOrNull()?.id).put("last_id", items.lastOrNull()?.id).put("has_more", hasMore)
}

fun itemObject(item: Item): ObjectNode = storedObject(item.json)

/** All items of a conversation that a client made, oldest first. */
val Conversation.allItems: List<Item> get() = items + turns.filter { it.isPartOfConversation }.flatMap { it.input + it.output }

/** What failed, was cancelled or goes on is no part of what was said. */
internal val Turn.isPartOfConversation: Boolean get() = status == TurnStatus.COMPLETED || status == TurnStatus.INCOMPLETE
