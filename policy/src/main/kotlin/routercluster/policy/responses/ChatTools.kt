package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.request.BadRequest
import routercluster.policy.request.invalidValue
import routercluster.policy.request.missingField

/**
 * The tools as chat completions write them. Functions and custom tools run at the client; tools that OpenAI runs itself (`web_search`
 * and the like) are refused by their place.
 */
internal fun chatTools(param: String, tools: JsonNode): List<ObjectNode> {
    aList(param, tools)
    if (tools.size() > ResponseBounds.TOOLS_MAX) throw invalidValue(param, "have at most ${ResponseBounds.TOOLS_MAX} entries")
    return tools.mapIndexed { i, tool -> chatTool("$param[$i]", tool) }
}

private fun chatTool(param: String, tool: JsonNode): ObjectNode {
    anObject(param, tool)
    return when (val type = tool.type ?: throw missingField("$param.type")) {
        "function" -> typed(type).set(type, copied(tool, param, "name", "description", "parameters", "strict"))

        "custom" -> typed(type).set(
            type,
            copied(tool, param, "name", "description").also { custom ->
                format(tool)?.let { custom.set<ObjectNode>("format", it) }
            },
        )

        else -> throw unsupported("$param.type", "A tool that the provider runs itself")
    }
}

private fun copied(tool: JsonNode, param: String, vararg names: String): ObjectNode {
    aText("$param.name", tool.given("name") ?: throw missingField("$param.name"))
    val copy = objectNode()
    for (name in names) tool.given(name)?.let { copy.set<ObjectNode>(name, it) }
    return copy
}

/** A grammar stands one level deeper in chat completions. */
private fun format(tool: JsonNode): JsonNode? {
    val format = tool.given("format") ?: return null
    if (format.type != "grammar") return format
    val grammar = objectNode()
    for (name in listOf("definition", "syntax")) format.given(name)?.let { grammar.set<ObjectNode>(name, it) }
    return typed("grammar").set("grammar", grammar)
}

/** @throws BadRequest for a choice of a tool that the provider runs */
internal fun chatToolChoice(param: String, choice: JsonNode): JsonNode {
    if (choice.isTextual) {
        oneOf("none", "auto", "required")(param, choice)
        return choice
    }
    anObject(param, choice)
    return when (choice.type) {
        "function", "custom" -> named(param, choice)
        "allowed_tools" -> allowed(param, choice)
        null -> throw missingField("$param.type")
        else -> throw unsupported("$param.type", "The choice of a tool that the provider runs itself")
    }
}

private fun named(param: String, choice: JsonNode): ObjectNode {
    oneOf("function", "custom")("$param.type", choice.path("type"))
    return typed(choice.path("type").textValue()).set(choice.path("type").textValue(), copied(choice, param, "name"))
}

private fun allowed(param: String, choice: JsonNode): ObjectNode {
    oneOf("auto", "required")("$param.mode", choice.path("mode"))
    aList("$param.tools", choice.path("tools"))
    val tools = choice.path("tools").mapIndexed { i, tool -> named("$param.tools[$i]", tool) }
    val inner = objectNode().put("mode", choice.text("mode")).set<ObjectNode>("tools", arrayNode(tools))
    return typed("allowed_tools").set("allowed_tools", inner)
}
