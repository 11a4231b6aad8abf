package routercluster.policy.config

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode
import org.snakeyaml.engine.v2.nodes.Tag
import routercluster.policy.models.Secret
import java.time.Duration

/** A string of a policy file and where it stands. */
data class Text(val value: String, val at: Location)

/**
 * One YAML mapping while it is being read. Every getter reports what is wrong to [problems] and goes on with `null` or the
 * default, so that one pass finds everything. Call [close] at the end: keys that nobody asked for are refused by name, here
 * and in every section below.
 *
 * References to environment variables are replaced as values are read, so those in parts that nobody reads do no harm. Without
 * an [environment] texts are taken as they stand.
 */
class Section(
    node: MappingNode,
    private val file: String,
    val path: String,
    val problems: Problems,
    private val environment: ((String) -> String?)? = null,
) {
    private class Entry(val key: ScalarNode, val value: Node)

    private val entries: Map<String, Entry> =
        node.value.mapNotNull { pair -> (pair.keyNode as? ScalarNode)?.let { it.value to Entry(it, pair.valueNode) } }.toMap()
    private val asked = mutableSetOf<String>()
    private val refused = mutableSetOf<String>()
    private val faulty = mutableSetOf<String>()
    private val below = mutableMapOf<String, List<Section>>()
    private var closed = false

    /** The keys in the order of the file. */
    val keys: List<String> get() = entries.keys.toList()

    /** Where this mapping begins. */
    val here: Location = location(node, path)

    /** Where the value of [key] stands, or the mapping itself where it is missing. */
    fun at(key: String): Location = entries[key]?.let { location(if (isNull(it.value)) it.key else it.value, child(key)) } ?: missing(key)

    /** Where [key] itself stands, or the mapping where it is missing. */
    fun atKey(key: String): Location = entries[key]?.let { location(it.key, child(key)) } ?: missing(key)

    fun has(key: String): Boolean = entries[key].let { it != null && !isNull(it.value) }

    fun string(key: String): String? = scalar(key) { it }

    fun requiredString(key: String): String {
        val value = string(key)
        if (value.isNullOrBlank() && key !in faulty) problems.add(at(key), "is required", accepted = "a non-empty string")
        return value.orEmpty()
    }

    /** A string with its place; an empty one is refused. */
    fun text(key: String): Text? =
        scalar(key) { value ->
            if (value.isBlank()) wrong(key, "is empty", accepted = "a non-empty string") else Text(value, at(key))
        }

    /** As [text]; one that is missing is reported, and null. */
    fun requiredText(key: String): Text? =
        text(key).also { if (it == null && key !in faulty) problems.add(at(key), "is required", accepted = "a non-empty string") }

    /** A value that no problem may show; an empty one counts as absent. */
    fun secret(key: String): Secret? = scalar(key, shown = false) { it }?.takeIf { it.isNotBlank() }?.let(::Secret)

    fun boolean(key: String): Boolean? =
        scalar(key) { value ->
            when (value.lowercase()) {
                "true" -> true
                "false" -> false
                else -> wrongValue(key, value, "true or false")
            }
        }

    fun int(key: String, range: IntRange): Int? =
        scalar(key) { value ->
            value.toIntOrNull()?.takeIf { it in range } ?: wrongValue(key, value, "a whole number from ${range.first} to ${range.last}")
        }

    fun double(key: String, range: ClosedFloatingPointRange<Double>): Double? =
        scalar(key) { value ->
            parseNumber(value)?.takeIf { it in range } ?: wrongValue(key, value, "a number from ${range.start} to ${range.endInclusive}")
        }

    /** A duration such as `250ms`, `30s`, `1m30s`, `1h`. */
    fun duration(key: String, range: ClosedRange<Duration>? = null): Duration? =
        scalar(key) { value ->
            val bounds = range?.let { " from ${durationText(it.start)} to ${durationText(it.endInclusive)}" }.orEmpty()
            parseDuration(value)?.takeIf { range == null || it in range }
                ?: wrongValue(key, value, "a duration such as 250ms, 30s, 5m or 1h$bounds")
        }

    /** A byte count such as `4096`, `64KiB`, `32MiB`. */
    fun bytes(key: String, range: LongRange? = null): Long? =
        scalar(key) { value ->
            val bounds = range?.let { " from ${it.first} to ${it.last} bytes" }.orEmpty()
            parseBytes(value)?.takeIf { range == null || it in range }
                ?: wrongValue(key, value, "a size such as 4096, 64KiB or 32MiB$bounds")
        }

    /** One of the names of [table]. Names in [later] belong to the format but are not built yet. */
    fun <E> oneOf(key: String, table: Map<String, E>, later: Collection<String> = emptyList()): E? =
        scalar(key) { value -> choose(Text(value, at(key)), table, later, problems).also { if (it == null) faulty += key } }

    /** A list of strings; absent is empty. */
    fun strings(key: String): List<String> = texts(key).map { it.value }

    /** A list of strings with their places; absent is empty. */
    fun texts(key: String): List<Text> =
        items(key).mapIndexedNotNull { index, item ->
            val itemPath = "${child(key)}[$index]"
            if (item is ScalarNode && !isNull(item)) {
                substituted(key, item, itemPath, shown = true)?.let { Text(it, location(item, itemPath)) }
            } else {
                problems.add(location(item, itemPath), "wrong type", kind(item), "a string")
                null
            }
        }

    /** A list of lists of strings; absent is empty. */
    fun stringLists(key: String): List<List<String>> =
        items(key).mapIndexed { index, item ->
            val itemPath = "${child(key)}[$index]"
            val parts = (item as? SequenceNode)?.value.orEmpty().map { (it as? ScalarNode)?.takeUnless(::isNull) }
            if (item !is SequenceNode || null in parts) {
                problems.add(location(item, itemPath), "wrong type", kind(item), "a list of strings")
            }
            parts.filterNotNull().mapIndexedNotNull { place, part -> substituted(key, part, "$itemPath[$place]", shown = true) }
        }

    fun section(key: String): Section? {
        val value = take(key) ?: return null
        if (value is MappingNode) return below.getOrPut(key) { listOf(sectionOf(value, child(key))) }.first()
        return wrong(key, "wrong type", kind(value), "a mapping")
    }

    /** A list of mappings; absent is empty. */
    fun sections(key: String): List<Section> {
        val items = items(key)
        return below.getOrPut(key) {
            items.mapIndexedNotNull { index, item ->
                val itemPath = "${child(key)}[$index]"
                if (item !is MappingNode) problems.add(location(item, itemPath), "wrong type", kind(item), "a mapping")
                (item as? MappingNode)?.let { sectionOf(it, itemPath) }
            }
        }
    }

    /** The value as JSON, whatever it is; for what is handed on rather than read. */
    fun json(key: String): JsonNode? = take(key)?.let(::json)

    private fun json(value: Node): JsonNode {
        val nodes = JsonNodeFactory.instance
        return when (value) {
            is SequenceNode -> {
                nodes.arrayNode().addAll(value.value.map(::json))
            }

            is MappingNode -> {
                nodes.objectNode().apply {
                    value.value.forEach { pair -> (pair.keyNode as? ScalarNode)?.let { set<JsonNode>(it.value, json(pair.valueNode)) } }
                }
            }

            is ScalarNode -> {
                when (value.tag) {
                    Tag.NULL -> nodes.nullNode()
                    Tag.BOOL -> nodes.booleanNode(value.value.toBoolean())
                    Tag.INT -> nodes.numberNode(value.value.toBigIntegerOrNull() ?: return nodes.textNode(value.value))
                    Tag.FLOAT -> nodes.numberNode(value.value.toBigDecimalOrNull() ?: return nodes.textNode(value.value))
                    else -> nodes.textNode(value.value)
                }
            }

            else -> {
                nodes.nullNode()
            }
        }
    }

    /** A mapping from names to strings; absent is empty. */
    fun stringMap(key: String): Map<String, String> {
        val section = section(key) ?: return emptyMap()
        return section.keys.associateWith { section.string(it).orEmpty() }
    }

    /** Whether [key] has a value, of whatever kind. */
    fun anything(key: String): Boolean = take(key) != null

    /** Refuses [key] where present, for the reason that [message] gives. */
    fun refuse(key: String, message: String, accepted: String? = null) {
        refused += key
        if (take(key) != null) problems.add(atKey(key), message, accepted = accepted)
    }

    /** Passes over everything in this section that was not asked for; for what is refused as a whole. */
    fun passOver() {
        asked += entries.keys
    }

    /** Reports every key that no getter asked for, here and in the sections below. [known] adds names worth suggesting. */
    fun close(known: Collection<String> = emptyList()) {
        if (closed) return
        closed = true
        val names = asked + known
        keys.filter { it !in asked }.forEach { key ->
            val accepted = (names - refused).sorted().joinToString(", ").ifEmpty { "no key" }
            problems.add(atKey(key), "unknown key", key, accepted, nearestName(key, names))
        }
        below.values.flatten().forEach { it.close() }
    }

    private fun child(key: String): String = if (path.isEmpty()) key else "$path.$key"

    private fun missing(key: String): Location = here.copy(path = child(key))

    private fun sectionOf(node: MappingNode, path: String) = Section(node, file, path, problems, environment)

    private fun take(key: String): Node? {
        asked += key
        return entries[key]?.value?.takeUnless(::isNull)
    }

    private fun items(key: String): List<Node> {
        val value = take(key) ?: return emptyList()
        if (value is SequenceNode) return value.value
        wrong(key, "wrong type", kind(value), "a list")
        return emptyList()
    }

    private fun <T> scalar(key: String, shown: Boolean = true, read: (String) -> T?): T? {
        val value = take(key) ?: return null
        if (value is ScalarNode) return substituted(key, value, child(key), shown)?.let(read)
        return wrong(key, "wrong type", kind(value), "a single value")
    }

    private fun substituted(key: String, node: ScalarNode, path: String, shown: Boolean): String? {
        val lookup = environment
        if (lookup == null || '$' !in node.value) return node.value
        return when (val outcome = substitute(node.value, lookup)) {
            is Substitution.Done -> {
                outcome.text.also { if (it != node.value) problems.hide(path, it, node.value) }
            }

            is Substitution.Failed -> {
                faulty += key
                problems.add(location(node, path), outcome.reason, node.value.takeIf { shown }, outcome.accepted)
                null
            }
        }
    }

    private fun wrongValue(key: String, value: String, accepted: String): Nothing? = wrong(key, "wrong value", value, accepted)

    private fun wrong(key: String, message: String, value: String? = null, accepted: String? = null): Nothing? {
        faulty += key
        problems.add(at(key), message, value, accepted)
        return null
    }

    private fun isNull(value: Node): Boolean = value.tag == Tag.NULL

    private fun location(target: Node, targetPath: String): Location =
        target.startMark.map { Location(file, targetPath, it.line + 1, it.column + 1) }.orElse(Location(file, targetPath, 1, 1))

    private fun kind(value: Node): String =
        when (value) {
            is MappingNode -> "a mapping"
            is SequenceNode -> "a list"
            else -> "a single value"
        }

    companion object {
        const val NOT_SUPPORTED_YET = "not supported yet by this version of RouterCluster"
    }
}

/** The entry of [table] that [name] names, or null after reporting why there is none. */
internal fun <E> choose(
    name: Text,
    table: Map<String, E>,
    later: Collection<String>,
    problems: Problems,
    what: String = "unknown value",
): E? {
    if (name.value in table) return table.getValue(name.value)
    val accepted = table.keys.joinToString(", ")
    if (name.value in later) {
        problems.add(name.at, Section.NOT_SUPPORTED_YET, name.value, accepted)
    } else {
        problems.add(name.at, what, name.value, accepted, nearestName(name.value, table.keys + later))
    }
    return null
}
