package routercluster.policy.request

/** Replaces the bytes from [start] until [end]; equal offsets insert. */
internal class Patch(val start: Int, val end: Int, val replacement: ByteArray)

/**
 * [bytes] with all [patches] made, which must not overlap; insertions at one place keep their order. The same array where there
 * are none.
 */
internal fun splice(bytes: ByteArray, patches: List<Patch>): ByteArray {
    if (patches.isEmpty()) return bytes
    val sorted = patches.sortedWith(compareBy(Patch::start, Patch::end))
    val result = ByteArray(bytes.size + sorted.sumOf { it.replacement.size - (it.end - it.start) })
    var read = 0
    var written = 0
    for (patch in sorted) {
        check(patch.start >= read) { "patches overlap at byte ${patch.start}" }
        bytes.copyInto(result, written, read, patch.start)
        written += patch.start - read
        patch.replacement.copyInto(result, written)
        written += patch.replacement.size
        read = patch.end
    }
    bytes.copyInto(result, written, read, bytes.size)
    return result
}

/**
 * Patches that change members of one object: a value replaces or appends, null removes.
 *
 * @param emptyAt offset after the `{`, where a first member goes
 */
internal fun memberPatches(bytes: ByteArray, spans: ObjectSpans, emptyAt: Int, changes: Map<String, ByteArray?>): List<Patch> {
    val patches = ArrayList<Patch>()
    val members = spans.members.entries.toList()
    var anyKept = false
    members.forEachIndexed { index, (name, member) ->
        val change = changes[name]
        if (name !in changes || change != null) {
            anyKept = true
            val value = spans.values.getValue(name)
            if (change != null && !isAt(bytes, value, change)) patches += Patch(value.start, value.end, change)
        } else if (anyKept) {
            patches += Patch(members[index - 1].value.end, member.end, NOTHING)
        } else {
            patches += Patch(member.start, members.getOrNull(index + 1)?.value?.start ?: member.end, NOTHING)
        }
    }
    val insertAt = members.lastOrNull()?.value?.end ?: emptyAt
    changes.filterKeys { it !in spans.members }.forEach { (name, value) ->
        if (value != null) {
            patches += Patch(insertAt, insertAt, (if (anyKept) COMMA else NOTHING) + quotedJson(name) + COLON + value)
            anyKept = true
        }
    }
    return patches
}

private fun isAt(bytes: ByteArray, span: Span, value: ByteArray): Boolean =
    span.end - span.start == value.size && value.indices.all { bytes[span.start + it] == value[it] }

/** [value] with [json] at [path] inside it; what is not an object on the way becomes one. */
internal fun withMember(value: ByteArray?, path: List<String>, json: ByteArray): ByteArray {
    if (path.isEmpty()) return json
    val spans = value?.let(::objectSpans)
    val inner = spans?.values?.get(path[0])?.let { value.copyOfRange(it.start, it.end) }
    val changed = withMember(inner, path.drop(1), json)
    if (spans == null) return byteArrayOf(OPEN) + quotedJson(path[0]) + COLON + changed + CLOSE
    return splice(value, memberPatches(value, spans, emptyAt = 1, mapOf(path[0] to changed)))
}

/** [value] without what is at [path] inside it; null where that leaves an empty object. */
internal fun withoutMember(value: ByteArray, path: List<String>): ByteArray? {
    if (path.isEmpty()) return null
    val spans = objectSpans(value) ?: return value
    val span = spans.values[path[0]] ?: return value
    val left = withoutMember(value.copyOfRange(span.start, span.end), path.drop(1))
    if (left == null && spans.values.size == 1) return null
    return splice(value, memberPatches(value, spans, emptyAt = 1, mapOf(path[0] to left)))
}

private fun objectSpans(value: ByteArray): ObjectSpans? {
    if (value[0] != OPEN) return null
    return JsonCursor(value).use { json ->
        json.next()
        json.members { }
    }
}

private const val OPEN = '{'.code.toByte()
private const val CLOSE = '}'.code.toByte()
private val NOTHING = ByteArray(0)
private val COMMA = ",".toByteArray()
private val COLON = ":".toByteArray()
