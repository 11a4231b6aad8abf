package routercluster.policy.request

import routercluster.policy.plugins.Plugin.SystemPrompt

/**
 * What is to change in a chat body. Immutable; edits act in the order they were added, each on what those before it left.
 * [ChatBody.apply] makes them.
 */
class BodyEdits private constructor(internal val fields: Map<String, FieldEdit>, internal val system: SystemPrompt?) {
    /** Sets a top-level field, new ones at the end. `messages` has edits of its own and is refused here. */
    fun set(field: String, json: RawJson): BodyEdits = edited(field, FieldEdit.Replace(json.bytes))

    /** Drops a top-level field where there is one. `model` and `messages`, without which there is no request, are refused. */
    fun remove(field: String): BodyEdits {
        require(field !in requiredFields) { "`$field` cannot be removed" }
        return edited(field, FieldEdit.Remove)
    }

    /** Sets what stands at [path], field by field from the top; objects on the way are made where there are none. */
    fun set(path: List<String>, json: RawJson): BodyEdits {
        if (path.size == 1) return set(path[0], json)
        val inner = path.drop(1)
        return edited(path[0], (fields[path[0]] ?: FieldEdit.Within()).set(inner, json.bytes))
    }

    /** Drops what stands at [path], and the objects around it that this empties. */
    fun remove(path: List<String>): BodyEdits {
        if (path.size == 1) return remove(path[0])
        val inner = path.drop(1)
        return edited(path[0], (fields[path[0]] ?: FieldEdit.Within()).remove(inner))
    }

    /**
     * With `INSERT`, puts [prompt] before the text of the first system or developer message, a blank line between; without such a
     * message, adds a system message in front. With `REPLACE`, [prompt] becomes the content of that first one, whose role
     * and other fields stay, and further system and developer messages go.
     */
    fun systemPrompt(prompt: String, mode: SystemPrompt.Mode): BodyEdits {
        val next =
            if (mode == SystemPrompt.Mode.REPLACE || system == null) {
                SystemPrompt(prompt, mode)
            } else {
                system.copy(prompt = joinPrompts(prompt, system.prompt))
            }
        return BodyEdits(fields, next)
    }

    private fun edited(field: String, edit: FieldEdit): BodyEdits {
        require(field != "messages") { "`messages` cannot be set as a field" }
        return BodyEdits(fields + (field to edit), system)
    }

    companion object {
        val NONE = BodyEdits(emptyMap(), null)

        /** Top-level fields that no edit can take away. */
        val requiredFields: Set<String> = setOf("model", "messages")
    }
}

internal fun joinPrompts(first: String, second: String): String = if (second.isEmpty()) first else "$first\n\n$second"

/** All edits of one top-level field, folded into one. */
internal sealed interface FieldEdit {
    fun set(path: List<String>, json: ByteArray): FieldEdit

    fun remove(path: List<String>): FieldEdit

    /** The field's new value, given the old; null where there is none. */
    fun on(value: ByteArray?): ByteArray?

    class Replace(private val json: ByteArray) : FieldEdit {
        override fun set(path: List<String>, json: ByteArray) = Replace(withMember(this.json, path, json))

        override fun remove(path: List<String>) = withoutMember(json, path)?.let(::Replace) ?: Remove

        override fun on(value: ByteArray?) = json
    }

    data object Remove : FieldEdit {
        override fun set(path: List<String>, json: ByteArray) = Replace(withMember(null, path, json))

        override fun remove(path: List<String>) = Remove

        override fun on(value: ByteArray?) = null
    }

    /** Edits inside a value that is not known yet: a null removes. */
    class Within(private val steps: List<Pair<List<String>, ByteArray?>> = emptyList()) : FieldEdit {
        override fun set(path: List<String>, json: ByteArray) = Within(steps + (path to json))

        override fun remove(path: List<String>) = Within(steps + (path to null))

        override fun on(value: ByteArray?) =
            steps.fold(value) { before, (path, json) ->
                if (json != null) withMember(before, path, json) else before?.let { withoutMember(it, path) }
            }
    }
}

/**
 * This body with [edits] made. Every byte that no edit touches stays the client's: unknown fields, number formats, key order,
 * escapes and blanks. The same array where nothing changes.
 */
fun ChatBody.apply(edits: BodyEdits): ByteArray {
    val changes = edits.fields.mapValues { (field, edit) -> edit.on(fields[field]?.let { bytes.copyOfRange(it.start, it.end) }) }
    val firstMember = members.values.first().start
    val fieldPatches = memberPatches(bytes, ObjectSpans(fields, members), firstMember, changes)
    return splice(bytes, fieldPatches + edits.system?.let { systemPromptPatches(this, it) }.orEmpty())
}
