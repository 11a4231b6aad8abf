package routercluster.cli

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.json.JsonMapper
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.ContainerNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode

private val mapper = JsonMapper.builder().build()

fun newObject(): ObjectNode = JsonNodeFactory.instance.objectNode()

fun newArray(): ArrayNode = JsonNodeFactory.instance.arrayNode()

/** Null where [text] is not JSON. */
fun parseJson(text: String): JsonNode? =
    try {
        mapper.readTree(text)?.takeUnless { it.isMissingNode }
    } catch (_: JacksonException) {
        null
    }

/** JSON over several lines, as `--json` prints it. */
fun pretty(node: JsonNode): String = mapper.writerWithDefaultPrettyPrinter().writeValueAsString(node)

/** JSON for people: one `name: value` a line, deeper levels indented, list items with a dash; short lists of values on one line. */
fun plainText(node: JsonNode): String = buildString { plain(node, 0) }.trimEnd()

private fun StringBuilder.plain(node: JsonNode, depth: Int) {
    val indent = "  ".repeat(depth)
    when (node) {
        is ObjectNode -> {
            node.properties().forEach { (name, value) ->
                append(indent).append(name).append(':')
                member(value, depth)
            }
        }

        is ArrayNode -> {
            node.forEach { item ->
                append(indent).append('-')
                member(item, depth)
            }
        }

        else -> {
            append(indent).append(node.asText()).append('\n')
        }
    }
}

private fun StringBuilder.member(value: JsonNode, depth: Int) {
    if (value !is ContainerNode<*>) {
        append(' ').append(value.asText()).append('\n')
    } else if (value is ArrayNode && value.none { it is ContainerNode<*> }) {
        append(' ').append(value.joinToString(", ") { it.asText() }.ifEmpty { "none" }).append('\n')
    } else if (value.isEmpty) {
        append(" none\n")
    } else {
        append('\n')
        plain(value, depth + 1)
    }
}

/** Columns as wide as their widest cell, two blanks apart. */
fun table(header: List<String>, rows: List<List<String>>): String {
    val all = listOf(header) + rows
    val widths = header.indices.map { column -> all.maxOf { it[column].length } }
    return all.joinToString("\n") { row -> row.mapIndexed { column, cell -> cell.padEnd(widths[column]) }.joinToString("  ").trimEnd() }
}
