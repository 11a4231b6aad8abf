package routercluster.policy.config

import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode
import org.snakeyaml.engine.v2.nodes.Tag
import java.time.Duration

/**
 * One YAML mapping while it is being read. Every getter reports what is wrong to [problems] and goes on with `null` or the
 * default, so that one pass finds everything. Call [close] at the end: keys that nobody asked for are refused by name.
 *
 * Strings have had their `${VAR}` references substituted before a [Section] is made.
 */
class Section(
    private val node: MappingNode,
    private val file: String,
    val path: String,
    val problems: Problems,
) {
    private val children: Map<String, Node> =
        node.value.mapNotNull { pair -> (pair.keyNode as? ScalarNode)?.let { it.value to pair.valueNode } }.toMap()
    private val asked = mutableSetOf<String>()

    /** The keys in the order of the file. */
    val keys: List<String> get() = children.keys.toList()

    /** Where this mapping begins. */
    val here: Location get() = location(node, path)

    /** Where the value of [key] stands, or the mapping itself where it is missing. */
    fun at(key: String): Location = children[key]?.let { location(it, child(key)) } ?: here.copy(path = child(key))

    fun has(key: String): Boolean = children[key].let { it != null && !isNull(it) }

    fun string(key: String): String? = scalar(key) { it.value }

    fun requiredString(key: String): String {
        val value = string(key)
        if (value.isNullOrBlank() && !isProblem(key)) problems.add(at(key), "is required", accepted = "a non-empty string")
        return value.orEmpty()
    }

    fun boolean(key: String): Boolean? =
        scalar(key) { scalar ->
            when (scalar.value.lowercase()) {
                "true" -> true
                "false" -> false
                else -> wrong(key, scalar, "true or false")
            }
        }

    fun int(key: String, range: IntRange): Int? =
        scalar(key) { scalar ->
            scalar.value.toIntOrNull()?.takeIf { it in range } ?: wrong(key, scalar, "a whole number from ${range.first} to ${range.last}")
        }

    fun double(key: String, range: ClosedFloatingPointRange<Double>): Double? =
        scalar(key) { scalar ->
            scalar.value.toDoubleOrNull()?.takeIf { it in range }
                ?: wrong(key, scalar, "a number from ${range.start} to ${range.endInclusive}")
        }

    /** A duration such as `250ms`, `30s`, `5m`, `1h`. */
    fun duration(key: String): Duration? =
        scalar(key) { scalar -> parseDuration(scalar.value) ?: wrong(key, scalar, "a duration such as 250ms, 30s, 5m or 1h") }

    /** A byte count such as `4096`, `64KiB`, `32MiB`. */
    fun bytes(key: String): Long? =
        scalar(key) { scalar -> parseBytes(scalar.value) ?: wrong(key, scalar, "a size such as 4096, 64KiB or 32MiB") }

    fun <E> oneOf(key: String, table: Map<String, E>): E? =
        scalar(key) { scalar ->
            if (scalar.value in table) {
                table.getValue(scalar.value)
            } else {
                problems.add(
                    at(key),
                    "unknown value",
                    scalar.value,
                    table.keys.joinToString(", "),
                    nearestName(scalar.value, table.keys),
                )
                null
            }
        }

    /** A list of strings; absent is empty. */
    fun strings(key: String): List<String> =
        items(key).mapIndexedNotNull { index, item ->
            if (item is ScalarNode && !isNull(item)) {
                item.value
            } else {
                problems.add(location(item, "${child(key)}[$index]"), "wrong type", kind(item), "a string")
                null
            }
        }

    fun section(key: String): Section? {
        val value = take(key) ?: return null
        if (value is MappingNode) return Section(value, file, child(key), problems)
        problems.add(at(key), "wrong type", kind(value), "a mapping")
        return null
    }

    /** A list of mappings; absent is empty. */
    fun sections(key: String): List<Section> =
        items(key).mapIndexedNotNull { index, item ->
            val itemPath = "${child(key)}[$index]"
            if (item is MappingNode) {
                Section(item, file, itemPath, problems)
            } else {
                problems.add(location(item, itemPath), "wrong type", kind(item), "a mapping")
                null
            }
        }

    /** A list of lists of strings; absent is empty. */
    fun stringLists(key: String): List<List<String>> =
        items(key).mapIndexed { index, item ->
            val texts = (item as? SequenceNode)?.value.orEmpty().map { (it as? ScalarNode)?.takeUnless(::isNull)?.value }
            val wellFormed = item is SequenceNode && null !in texts
            if (!wellFormed) problems.add(location(item, "${child(key)}[$index]"), "wrong type", kind(item), "a list of strings")
            texts.filterNotNull()
        }

    /** A mapping from names to strings; absent is empty. */
    fun stringMap(key: String): Map<String, String> {
        val section = section(key) ?: return emptyMap()
        return section.keys.associateWith { section.string(it).orEmpty() }
    }

    /** Refuses [names] where present: they belong to the format but are not built yet. */
    fun notSupportedYet(vararg names: String) =
        names.filter { take(it) != null }.forEach { problems.add(at(it), "not supported yet by this version of RouterCluster") }

    /** Reports every key that no getter asked for. [known] adds names worth suggesting. */
    fun close(known: Collection<String> = emptyList()) {
        val names = asked + known
        children.keys.filter { it !in asked }.forEach { key ->
            problems.add(at(key), "unknown key", key, names.sorted().joinToString(", "), nearestName(key, names))
        }
    }

    private fun child(key: String): String = if (path.isEmpty()) key else "$path.$key"

    private fun take(key: String): Node? {
        asked += key
        return children[key]?.takeUnless(::isNull)
    }

    private fun items(key: String): List<Node> {
        val value = take(key) ?: return emptyList()
        if (value is SequenceNode) return value.value
        problems.add(at(key), "wrong type", kind(value), "a list")
        return emptyList()
    }

    private fun <T> scalar(key: String, read: (ScalarNode) -> T?): T? {
        val value = take(key) ?: return null
        if (value is ScalarNode) return read(value)
        problems.add(at(key), "wrong type", kind(value), "a single value")
        return null
    }

    private fun wrong(key: String, scalar: ScalarNode, accepted: String): Nothing? {
        problems.add(at(key), "wrong value", scalar.value, accepted)
        return null
    }

    private fun isProblem(key: String): Boolean = problems.all.any { it.at.path == child(key) }

    private fun isNull(value: Node): Boolean = value.tag == Tag.NULL

    private fun location(target: Node, targetPath: String): Location =
        target.startMark.map { Location(file, targetPath, it.line + 1, it.column + 1) }.orElse(Location(file, targetPath, 1, 1))

    private fun kind(value: Node): String =
        when (value) {
            is MappingNode -> "a mapping"
            is SequenceNode -> "a list"
            is ScalarNode -> value.value
            else -> "something else"
        }
}

private val durationUnits = mapOf("ms" to 1L, "s" to 1_000L, "m" to 60_000L, "h" to 3_600_000L)
private val byteUnits = mapOf("" to 1L, "KiB" to 1024L, "MiB" to 1024L * 1024, "GiB" to 1024L * 1024 * 1024)

private fun parseDuration(text: String): Duration? {
    val (number, unit) = Regex("""(\d{1,9})(ms|s|m|h)""").matchEntire(text)?.destructured ?: return null
    return Duration.ofMillis(number.toLong() * durationUnits.getValue(unit))
}

private fun parseBytes(text: String): Long? {
    val (number, unit) = Regex("""(\d{1,9}) ?(KiB|MiB|GiB)?""").matchEntire(text)?.destructured ?: return null
    return number.toLong() * byteUnits.getValue(unit)
}
