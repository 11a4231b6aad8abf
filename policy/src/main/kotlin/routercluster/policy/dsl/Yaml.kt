package routercluster.policy.dsl

import org.snakeyaml.engine.v2.api.DumpSettings
import org.snakeyaml.engine.v2.api.lowlevel.Present
import org.snakeyaml.engine.v2.api.lowlevel.Serialize
import org.snakeyaml.engine.v2.common.FlowStyle
import org.snakeyaml.engine.v2.common.ScalarStyle
import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.NodeTuple
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode
import org.snakeyaml.engine.v2.nodes.Tag
import org.snakeyaml.engine.v2.schema.CoreSchema
import routercluster.policy.config.Location
import routercluster.policy.config.Problem
import routercluster.policy.config.Problems
import routercluster.policy.config.composeDocument

/** A policy document as a tree. Every node knows the file and the place that it comes from. */
sealed interface Yaml {
    val at: Location

    /** @property text as written, numbers too */
    class Scalar(val text: String, val kind: Kind, override val at: Location) : Yaml {
        enum class Kind { TEXT, NUMBER, TRUTH, NULL }
    }

    class Sequence(val items: List<Yaml>, override val at: Location) : Yaml

    /**
     * @property entries in the order of the document
     * @property keys where the keys themselves stand, as far as they stand anywhere
     */
    class Mapping(
        val entries: Map<String, Yaml>,
        override val at: Location,
        val keys: Map<String, Location> = emptyMap(),
    ) : Yaml {
        operator fun get(key: String): Yaml? = entries[key]
    }

    companion object {
        fun text(text: String, at: Location) = Scalar(text, Scalar.Kind.TEXT, at)
    }
}

/** A document, or every reason why its text is none. */
sealed interface ReadYaml {
    class Document(val root: Yaml.Mapping) : ReadYaml

    class Refused(val problems: List<Problem>) : ReadYaml
}

/** Reads [text] within the bounds of policy files, with aliases written out. */
fun readYaml(text: String, file: String): ReadYaml {
    val problems = Problems()
    val root = composeDocument(text, file, problems)
    return if (root == null || !problems.none) ReadYaml.Refused(problems.all) else ReadYaml.Document(mapping(root, file))
}

private fun tree(node: Node, file: String): Yaml =
    when (node) {
        is MappingNode -> mapping(node, file)
        is SequenceNode -> Yaml.Sequence(node.value.map { tree(it, file) }, place(node, file))
        is ScalarNode -> Yaml.Scalar(node.value, kind(node.tag), place(node, file))
        else -> error("a composed document has no ${node.nodeType}")
    }

private fun mapping(node: MappingNode, file: String): Yaml.Mapping {
    val named = node.value.associateBy { (it.keyNode as ScalarNode).value }
    return Yaml.Mapping(
        named.mapValues { tree(it.value.valueNode, file) },
        place(node, file),
        named.mapValues { place(it.value.keyNode, file) },
    )
}

private fun kind(tag: Tag): Yaml.Scalar.Kind =
    when (tag) {
        Tag.INT, Tag.FLOAT -> Yaml.Scalar.Kind.NUMBER
        Tag.BOOL -> Yaml.Scalar.Kind.TRUTH
        Tag.NULL -> Yaml.Scalar.Kind.NULL
        else -> Yaml.Scalar.Kind.TEXT
    }

private fun place(node: Node, file: String): Location =
    node.startMark.map { Location(file, "", it.line + 1, it.column + 1) }.orElse(Location(file, "", 1, 1))

private const val LINE_CHARS_MAX = 140
private val schema = CoreSchema()

/** [root] as YAML text in block style. */
fun writeYaml(root: Yaml.Mapping): String {
    val settings =
        DumpSettings
            .builder()
            .setSchema(schema)
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setWidth(LINE_CHARS_MAX)
            .setIndicatorIndent(2)
            .setIndentWithIndicator(true)
            .build()
    return Present(settings).emitToString(Serialize(settings).serializeOne(node(root)).iterator())
}

private fun node(tree: Yaml): Node =
    when (tree) {
        is Yaml.Scalar -> ScalarNode(tag(tree), tree.text, ScalarStyle.PLAIN)
        is Yaml.Sequence -> SequenceNode(Tag.SEQ, tree.items.map(::node), FlowStyle.BLOCK)
        is Yaml.Mapping -> MappingNode(Tag.MAP, tree.entries.map { (key, value) -> NodeTuple(keyNode(key), node(value)) }, FlowStyle.BLOCK)
    }

private fun keyNode(key: String) = ScalarNode(Tag.STR, key, ScalarStyle.PLAIN)

/** A number's is what a reader will take it for, so that it needs no tag in the text. */
private fun tag(scalar: Yaml.Scalar): Tag =
    when (scalar.kind) {
        Yaml.Scalar.Kind.TEXT -> Tag.STR
        Yaml.Scalar.Kind.NUMBER -> schema.scalarResolver.resolve(scalar.text, true)
        Yaml.Scalar.Kind.TRUTH -> Tag.BOOL
        Yaml.Scalar.Kind.NULL -> Tag.NULL
    }
