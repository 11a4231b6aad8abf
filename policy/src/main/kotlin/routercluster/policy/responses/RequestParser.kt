package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.Limits
import routercluster.policy.request.BadRequest
import routercluster.policy.request.checkObject
import routercluster.policy.request.checkedModel
import routercluster.policy.request.invalidValue
import routercluster.policy.request.missingField
import kotlin.random.Random

/**
 * Reads the body of POST /v1/responses.
 *
 * @param ids makes ids for items that have none
 * @throws BadRequest with OpenAI's shape; `param` names the field
 */
fun parseResponseRequest(bytes: ByteArray, limits: Limits, ids: Random): ResponseRequest {
    val body = objectOf(bytes, limits)
    checkFields(body, requestFields)
    val model = checkedModel(body.text("model") ?: throw missingField("model"))
    val input = body.given("input") ?: throw missingField("input")
    val request =
        ResponseRequest(
            body = body,
            model = model,
            input = readItems(input, "input", limits.messagesMax, ids),
            stream = body.path("stream").booleanValue(),
            background = body.path("background").booleanValue(),
            store = body.given("store")?.booleanValue() ?: true,
            previousResponseId = body.text("previous_response_id"),
            conversationId = body.given("conversation")?.let { it.textValue() ?: it.text("id") },
            dropsOldest = body.text("truncation") == "auto",
            metadata = body.given("metadata")?.let { readMetadata("metadata", it) }.orEmpty(),
        )
    request.checkTogether()
    return request
}

private fun ResponseRequest.checkTogether() {
    if (previousResponseId != null && conversationId != null) {
        val message = "`previous_response_id` and `conversation` exclude one another."
        throw BadRequest(BAD_REQUEST, "mutually_exclusive_parameters", message, "previous_response_id")
    }
    if (background && !store) throw invalidValue("background", "go with `store`: what runs in the background is fetched later")
}

/**
 * What a client puts into a conversation: its items, at most [ResponseBounds.NEW_ITEMS_MAX], and its metadata.
 *
 * @throws BadRequest as [parseResponseRequest]
 */
class ConversationInput(val items: List<ObjectNode>?, val metadata: Map<String, String>?)

/** Reads the body of a call that makes or changes a conversation; an empty body says nothing. */
fun parseConversationInput(bytes: ByteArray, limits: Limits, ids: Random, fields: Set<String>): ConversationInput {
    if (bytes.isEmpty()) return ConversationInput(null, null)
    val body = objectOf(bytes, limits)
    checkFields(body, conversationFields.filterKeys { it in fields })
    return ConversationInput(
        body.given("items")?.let { readItems(it, "items", ResponseBounds.NEW_ITEMS_MAX, ids) },
        body.given("metadata")?.let { readMetadata("metadata", it) },
    )
}

private val conversationFields: Map<String, FieldCheck> =
    mapOf("items" to aList, "metadata" to { param: String, value: JsonNode -> readMetadata(param, value) })

private fun objectOf(bytes: ByteArray, limits: Limits): ObjectNode {
    checkObject(bytes, limits)
    return mapper.readTree(bytes) as ObjectNode
}

private const val BAD_REQUEST = 400
