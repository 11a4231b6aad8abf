package routercluster.policy.config.migrate

import org.snakeyaml.engine.v2.api.DumpSettings
import org.snakeyaml.engine.v2.api.LoadSettings
import org.snakeyaml.engine.v2.api.lowlevel.Compose
import org.snakeyaml.engine.v2.api.lowlevel.Present
import org.snakeyaml.engine.v2.api.lowlevel.Serialize
import org.snakeyaml.engine.v2.comments.CommentLine
import org.snakeyaml.engine.v2.comments.CommentType
import org.snakeyaml.engine.v2.common.FlowStyle
import org.snakeyaml.engine.v2.common.ScalarStyle
import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.NodeTuple
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode
import org.snakeyaml.engine.v2.nodes.Tag
import org.snakeyaml.engine.v2.schema.CoreSchema

// A YAML document whose parts are moved about; comments stay with the keys that they stand beside.

/** The mapping in [text] with its comments, or null where it is none. The text was read once before, so its bounds hold. */
internal fun treeOf(text: String): MappingNode? {
    val settings = LoadSettings
        .builder()
        .setParseComments(true)
        .setSchema(CoreSchema())
        .build()
    return (Compose(settings).composeString(text).orElse(null) as? MappingNode)?.also(::dropBlankLines)
}

/** They count as comments, and would stand at odd places. */
private fun dropBlankLines(node: Node) {
    node.blockComments = words(node.blockComments)
    node.endComments = words(node.endComments)
    when (node) {
        is MappingNode -> node.value.forEach { listOf(it.keyNode, it.valueNode).forEach(::dropBlankLines) }
        is SequenceNode -> node.value.forEach(::dropBlankLines)
        else -> return
    }
}

private fun words(comments: List<CommentLine>?): List<CommentLine> = comments.orEmpty().filter { it.commentType != CommentType.BLANK_LINE }

internal fun textOf(tree: Node): String {
    val settings = DumpSettings
        .builder()
        .setDumpComments(true)
        .setSchema(CoreSchema())
        .setDefaultFlowStyle(FlowStyle.BLOCK)
        .setIndicatorIndent(2)
        .setIndentWithIndicator(true)
        .setIndent(2)
        .setWidth(WIDTH)
        .build()
    return Present(settings).emitToString(Serialize(settings).serializeOne(tree).iterator())
}

/** Wide enough that nothing is wrapped that was on one line. */
private const val WIDTH = 4_096

internal val NodeTuple.key: String get() = (keyNode as? ScalarNode)?.value.orEmpty()

internal operator fun MappingNode.get(key: String): Node? = value.firstOrNull { it.key == key }?.valueNode

internal fun MappingNode.word(key: String): String? = (this[key] as? ScalarNode)?.value

internal fun MappingNode.mappings(key: String): List<MappingNode> = (this[key] as? SequenceNode)
    ?.value
    .orEmpty()
    .filterIsInstance<MappingNode>()

/** Removes [key] and returns what it was. */
internal fun MappingNode.take(key: String): NodeTuple? {
    val tuple = value.firstOrNull { it.key == key } ?: return null
    value = value - tuple
    return tuple
}

/** In the place of what has the same key, else at the end. */
internal fun MappingNode.put(tuple: NodeTuple) {
    value = if (this[tuple.key] == null) value + tuple else value.map { if (it.key == tuple.key) tuple else it }
}

/** Adds the comments before [from] to those before [key]. */
internal fun MappingNode.comment(key: String, from: Node?) {
    val name = value.firstOrNull { it.key == key }?.keyNode ?: return
    name.blockComments = name.blockComments.orEmpty() + from?.blockComments.orEmpty()
}

internal fun MappingNode.put(key: String, node: Node) = put(NodeTuple(scalar(key), node))

internal fun MappingNode.put(key: String, text: String) = put(key, scalar(text))

/** Calls [old] [new]; the comments beside it stay. */
internal fun MappingNode.rename(old: String, new: String) {
    if (this[old] == null || this[new] != null) return
    value = value.map { if (it.key == old) renamed(it, new) else it }
}

internal fun renamed(tuple: NodeTuple, key: String): NodeTuple {
    val name = scalar(key)
    name.blockComments = tuple.keyNode.blockComments
    name.inLineComments = tuple.keyNode.inLineComments
    return NodeTuple(name, tuple.valueNode)
}

/** The mapping at [path], made where it is not there. */
internal fun MappingNode.at(path: List<String>): MappingNode =
    path.fold(this) { here, key -> here[key] as? MappingNode ?: mapping().also { here.put(key, it) } }

internal fun mapping(vararg entries: Pair<String, Node?>): MappingNode {
    val tuples = entries.mapNotNull { (key, node) -> node?.let { NodeTuple(scalar(key), it) } }
    return MappingNode(Tag.MAP, tuples, FlowStyle.BLOCK)
}

internal fun sequence(nodes: List<Node>) = SequenceNode(Tag.SEQ, nodes, FlowStyle.BLOCK)

/** A text that is quoted where it would else be read as something else. */
internal fun scalar(text: String): ScalarNode {
    val tag = CoreSchema().scalarResolver.resolve(text, true)
    return ScalarNode(Tag.STR, text, if (tag == Tag.STR) ScalarStyle.PLAIN else ScalarStyle.DOUBLE_QUOTED)
}

internal fun number(value: Int) = ScalarNode(Tag.INT, "$value", ScalarStyle.PLAIN)
