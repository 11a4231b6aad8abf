package routercluster.policy.request

import com.fasterxml.jackson.core.JsonToken

/** @property hasProviderState whether a message holds what one provider alone can read, see [ProviderState] */
internal class MessageList(val messages: List<Message>, val spans: List<Span>, val hasProviderState: Boolean)

/** Reads the value of `messages`, with the cursor on it. */
internal fun readMessages(json: JsonCursor, messagesMax: Int): MessageList {
    if (json.token != JsonToken.START_ARRAY) throw invalidType("messages", "an array")
    val messages = ArrayList<Message>()
    val spans = ArrayList<Span>()
    val state = ProviderState()
    json.eachElement {
        if (messages.size == messagesMax) throw tooManyMessages(messagesMax)
        val start = json.tokenStart
        messages += readMessage(json, messages.size, state)
        spans += Span(start, json.tokenEnd)
    }
    if (messages.isEmpty()) throw invalidValue("messages", "hold at least one message")
    return MessageList(messages, spans, state.isFound)
}

private fun readMessage(json: JsonCursor, index: Int, state: ProviderState): Message {
    if (json.token != JsonToken.START_OBJECT) throw invalidType("messages[$index]", "an object")
    var role: Role? = null
    var content = Content.NONE
    var toolCallCount = 0
    json.eachMember { name ->
        when (name) {
            "role" -> role = readRole(json, index)
            "content" -> content = readContent(json, index, state)
            "tool_calls" -> toolCallCount = readToolCalls(json, state)
            else -> state.look(json, name)
        }
    }
    return Message(role ?: throw missingField("messages[$index].role"), content.text, content.imageCount, toolCallCount)
}

private fun readRole(json: JsonCursor, index: Int): Role {
    val role = json.stringOrNull() ?: throw invalidType("messages[$index].role", "a string")
    return when (role) {
        "system" -> Role.SYSTEM
        "developer" -> Role.DEVELOPER
        "user" -> Role.USER
        "assistant" -> Role.ASSISTANT
        "tool", "function" -> Role.TOOL
        else -> Role.OTHER
    }
}

private fun readToolCalls(json: JsonCursor, state: ProviderState): Int {
    var count = 0
    if (json.token == JsonToken.START_ARRAY) {
        json.eachElement {
            count++
            if (json.token == JsonToken.START_OBJECT) json.eachMember { name -> state.look(json, name) }
        }
    }
    return count
}

private class Content(val text: String, val imageCount: Int) {
    companion object {
        val NONE = Content("", 0)
    }
}

private fun readContent(json: JsonCursor, index: Int, state: ProviderState): Content =
    when (json.token) {
        JsonToken.VALUE_STRING -> Content(json.text, 0)
        JsonToken.VALUE_NULL -> Content.NONE
        JsonToken.START_ARRAY -> readParts(json, index, state)
        else -> throw invalidType("messages[$index].content", "a string, an array of content parts or null")
    }

private fun readParts(json: JsonCursor, index: Int, state: ProviderState): Content {
    val texts = ArrayList<String>()
    var imageCount = 0
    var part = 0
    json.eachElement {
        if (json.token != JsonToken.START_OBJECT) throw invalidType("messages[$index].content[$part]", "an object")
        var type: String? = null
        var text: String? = null
        json.eachMember { name ->
            if (name == "type") type = json.stringOrNull() ?: throw invalidType("messages[$index].content[$part].type", "a string")
            if (name == "text") text = json.stringOrNull()
            state.look(json, name)
        }
        if (type == "text") texts += text ?: throw invalidType("messages[$index].content[$part].text", "a string")
        if (type == "image_url") imageCount++
        part++
    }
    return Content(texts.singleOrNull() ?: texts.joinToString("\n"), imageCount)
}

private fun JsonCursor.stringOrNull(): String? = if (token == JsonToken.VALUE_STRING) text else null
