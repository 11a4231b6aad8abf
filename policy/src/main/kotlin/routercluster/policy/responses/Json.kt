package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode

internal val mapper = ObjectMapper()

internal fun objectNode(): ObjectNode = JsonNodeFactory.instance.objectNode()

internal fun arrayNode(nodes: Iterable<JsonNode> = emptyList()): ArrayNode = JsonNodeFactory.instance.arrayNode().also {
    it.addAll(nodes.toList())
}

/** An object with the `type` that most objects of this API have. */
internal fun typed(type: String): ObjectNode = objectNode().put("type", type)

/** The member [name]; null where it is absent or null. */
internal fun JsonNode.given(name: String): JsonNode? = get(name)?.takeUnless { it.isNull }

internal fun JsonNode.text(name: String): String? = get(name)?.textValue()

internal val JsonNode.type: String? get() = text("type")

/** An object that this module wrote before. */
internal fun storedObject(json: String): ObjectNode = mapper.readTree(json) as ObjectNode
