package routercluster.policy.request

import com.fasterxml.jackson.core.JsonToken

internal class MessageList(val messages: List<Message>, val spans: List<Span>)

/** Reads the value of `messages`, with the cursor on it. */
internal fun readMessages(json: JsonCursor, messagesMax: Int): MessageList {
    if (json.token != JsonToken.START_ARRAY) throw invalidType("messages", "an array")
    val messages = ArrayList<Message>()
    val spans = ArrayList<Span>()
    json.eachElement {
        if (messages.size == messagesMax) throw tooManyMessages(messagesMax)
        val start = json.tokenStart
        messages += readMessage(json, messages.size)
        spans += Span(start, json.tokenEnd)
    }
    if (messages.isEmpty()) throw invalidValue("messages", "hold at least one message")
    return MessageList(messages, spans)
}

private fun readMessage(json: JsonCursor, index: Int): Message {
    if (json.token != JsonToken.START_OBJECT) throw invalidType("messages[$index]", "an object")
    var role: Role? = null
    var content = Content.NONE
    var toolCallCount = 0
    json.eachMember { name ->
        when (name) {
            "role" -> role = readRole(json, index)
            "content" -> content = readContent(json, index)
            "tool_calls" -> toolCallCount = json.elementCount()
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

private class Content(val text: String, val imageCount: Int) {
    companion object {
        val NONE = Content("", 0)
    }
}

private fun readContent(json: JsonCursor, index: Int): Content =
    when (json.token) {
        JsonToken.VALUE_STRING -> Content(json.text, 0)
        JsonToken.VALUE_NULL -> Content.NONE
        JsonToken.START_ARRAY -> readParts(json, index)
        else -> throw invalidType("messages[$index].content", "a string, an array of content parts or null")
    }

private fun readParts(json: JsonCursor, index: Int): Content {
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
        }
        if (type == "text") texts += text ?: throw invalidType("messages[$index].content[$part].text", "a string")
        if (type == "image_url") imageCount++
        part++
    }
    return Content(texts.singleOrNull() ?: texts.joinToString("\n"), imageCount)
}

private fun JsonCursor.stringOrNull(): String? = if (token == JsonToken.VALUE_STRING) text else null
