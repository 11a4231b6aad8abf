package routercluster.policy.request

import com.fasterxml.jackson.core.JsonToken
import routercluster.policy.plugins.Plugin.SystemPrompt

/** Patches that put a system prompt into [body]; see [BodyEdits.systemPrompt]. */
internal fun systemPromptPatches(body: ChatBody, edit: SystemPrompt): List<Patch> {
    val systemIndices = body.messages.indices.filter { body.messages[it].role == Role.SYSTEM || body.messages[it].role == Role.DEVELOPER }
    val first = systemIndices.firstOrNull() ?: return listOf(newSystemMessage(body.messageSpans[0].start, edit.prompt))
    val place = contentPlace(body.bytes, body.messageSpans[first])
    return when (edit.mode) {
        SystemPrompt.Mode.INSERT -> listOf(prefix(place, edit.prompt))
        SystemPrompt.Mode.REPLACE -> listOf(replacement(place, edit.prompt)) + removals(body, systemIndices.drop(1))
    }
}

private fun newSystemMessage(at: Int, prompt: String): Patch =
    Patch(at, at, """{"role":"system","content":""".toByteArray() + quotedJson(prompt) + "},".toByteArray())

/** Each message goes with the comma before it; the first message never goes, because a system message that stays is before these. */
private fun removals(body: ChatBody, indices: List<Int>): List<Patch> =
    indices.map { Patch(body.messageSpans[it - 1].end, body.messageSpans[it].end, ByteArray(0)) }

/** Where a message's content stands. */
private sealed interface ContentPlace {
    /** No `content`; [at] is after the message's `{`. */
    class Absent(val at: Int) : ContentPlace

    /** [value] spans the whole of `content`. */
    sealed class Present(val value: Span) : ContentPlace

    class Null(value: Span) : Present(value)

    /** A string, or parts with a text part; [at] is after the text's opening quote. */
    class Text(value: Span, val at: Int, val isEmpty: Boolean) : Present(value)

    /** Parts, none of them text; [at] is after the `[`. */
    class Parts(value: Span, val at: Int, val isEmpty: Boolean) : Present(value)
}

private fun replacement(place: ContentPlace, prompt: String): Patch =
    when (place) {
        is ContentPlace.Absent -> absentContent(place, prompt)
        is ContentPlace.Present -> Patch(place.value.start, place.value.end, quotedJson(prompt))
    }

private fun prefix(place: ContentPlace, prompt: String): Patch =
    when (place) {
        is ContentPlace.Absent -> {
            absentContent(place, prompt)
        }

        is ContentPlace.Null -> {
            replacement(place, prompt)
        }

        is ContentPlace.Text -> {
            Patch(place.at, place.at, escapedJson(if (place.isEmpty) prompt else "$prompt\n\n"))
        }

        is ContentPlace.Parts -> {
            val part = """{"type":"text","text":""".toByteArray() + quotedJson(prompt)
            Patch(place.at, place.at, part + (if (place.isEmpty) "}" else "},").toByteArray())
        }
    }

/** A message always has a role, hence the comma. */
private fun absentContent(place: ContentPlace.Absent, prompt: String): Patch =
    Patch(place.at, place.at, """"content":""".toByteArray() + quotedJson(prompt) + ",".toByteArray())

private fun contentPlace(bytes: ByteArray, message: Span): ContentPlace =
    JsonCursor(bytes, message.start, message.end).use { json ->
        json.next()
        var place: ContentPlace = ContentPlace.Absent(message.start + 1)
        json.eachMember { if (it == "content") place = placeHere(json, bytes) }
        place
    }

private fun placeHere(json: JsonCursor, bytes: ByteArray): ContentPlace {
    val start = json.tokenStart
    return when (json.token) {
        JsonToken.VALUE_STRING -> ContentPlace.Text(Span(start, json.tokenEnd), start + 1, isEmptyString(bytes, start))
        JsonToken.START_ARRAY -> partsPlace(json, bytes, start)
        else -> ContentPlace.Null(Span(start, json.tokenEnd))
    }
}

private fun partsPlace(json: JsonCursor, bytes: ByteArray, start: Int): ContentPlace {
    var count = 0
    var firstText: Int? = null
    json.eachElement {
        count++
        var isText = false
        var text: Int? = null
        json.eachMember { name ->
            if (name == "type") isText = json.text == "text"
            if (name == "text") text = json.tokenStart
        }
        if (isText && firstText == null) firstText = text
    }
    val value = Span(start, json.tokenEnd)
    return firstText?.let { ContentPlace.Text(value, it + 1, isEmptyString(bytes, it)) } ?: ContentPlace.Parts(value, start + 1, count == 0)
}

private fun isEmptyString(bytes: ByteArray, quote: Int): Boolean = bytes[quote + 1] == '"'.code.toByte()
