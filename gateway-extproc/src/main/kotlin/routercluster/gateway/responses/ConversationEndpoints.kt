package routercluster.gateway.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.linecorp.armeria.common.HttpResponse
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.request.BadRequest
import routercluster.policy.responses.ConversationInput
import routercluster.policy.responses.PageRequest
import routercluster.policy.responses.Root
import routercluster.policy.responses.allItems
import routercluster.policy.responses.itemObject
import routercluster.policy.responses.keptItems
import routercluster.policy.responses.list
import routercluster.policy.responses.page
import routercluster.policy.responses.parseConversationInput
import kotlin.random.Random

/** Conversations that clients make, and the items in them. */
internal class ConversationEndpoints(private val kept: KeptConversations, private val ids: Random) {
    suspend fun create(call: ResponsesCall): HttpResponse {
        val input = input(call, setOf("items", "metadata"))
        val root = Root.newConversation(ids)
        val change = ConversationChange.Create(input.metadata.orEmpty(), keptItems(input.items.orEmpty()))
        return shown(call, root, kept.changed(call.tenant, root, change))
    }

    suspend fun retrieve(call: ResponsesCall, id: String): HttpResponse = shown(call, kept.rootOf(id), kept.conversation(call.tenant, id))

    suspend fun update(call: ResponsesCall, id: String): HttpResponse {
        val root = kept.rootOf(id)
        val input = input(call, setOf("metadata"))
        return shown(call, root, kept.changed(call.tenant, root, ConversationChange.Describe(input.metadata.orEmpty())))
    }

    suspend fun delete(call: ResponsesCall, id: String): HttpResponse {
        kept.conversation(call.tenant, id)
        kept.changed(call.tenant, kept.rootOf(id), ConversationChange.Delete)
        return call.answer(deleted(id, "conversation.deleted"))
    }

    suspend fun items(call: ResponsesCall, id: String): HttpResponse {
        val asked = PageRequest.of(call::query)
        return call.answer(page(kept.conversation(call.tenant, id).allItems, asked))
    }

    suspend fun addItems(call: ResponsesCall, id: String): HttpResponse {
        val items = keptItems(input(call, setOf("items")).items ?: throw BadRequest(400, "missing_field", "`items` is required.", "items"))
        kept.conversation(call.tenant, id)
        kept.changed(call.tenant, kept.rootOf(id), ConversationChange.AddItems(items))
        return call.answer(list(items))
    }

    suspend fun item(call: ResponsesCall, id: String, item: String): HttpResponse {
        val found = kept.conversation(call.tenant, id).allItems.find { it.id == item }
        return call.answer(found?.let(::itemObject) ?: throw BadRequest(404, "item_not_found", "There is no such item.", "item_id"))
    }

    suspend fun deleteItem(call: ResponsesCall, id: String, item: String): HttpResponse {
        val root = kept.rootOf(id)
        return shown(call, root, kept.changed(call.tenant, root, ConversationChange.DropItem(item)))
    }

    private suspend fun input(call: ResponsesCall, fields: Set<String>): ConversationInput =
        call.forBytes(call.body.size) { parseConversationInput(call.body, call.limits, ids, fields) }

    private fun shown(call: ResponsesCall, root: Root, conversation: Conversation?): HttpResponse =
        call.answer(json(root, conversation ?: throw KeptConversations.noConversation()))

    private fun json(root: Root, conversation: Conversation): JsonNode {
        val json = JsonNodeFactory.instance
            .objectNode()
            .put("id", root.conversationId)
            .put("object", "conversation")
        json.put("created_at", conversation.createdAt.epochSecond)
        json.putObject("metadata").apply { conversation.metadata.forEach { (key, value) -> put(key, value) } }
        return json
    }
}
