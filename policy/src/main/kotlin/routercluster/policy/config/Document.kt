package routercluster.policy.config

import org.snakeyaml.engine.v2.api.LoadSettings
import org.snakeyaml.engine.v2.api.lowlevel.Compose
import org.snakeyaml.engine.v2.api.lowlevel.Parse
import org.snakeyaml.engine.v2.events.CollectionEndEvent
import org.snakeyaml.engine.v2.events.CollectionStartEvent
import org.snakeyaml.engine.v2.exceptions.Mark
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException
import org.snakeyaml.engine.v2.exceptions.YamlEngineException
import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode
import org.snakeyaml.engine.v2.nodes.Tag
import org.snakeyaml.engine.v2.schema.CoreSchema
import java.util.IdentityHashMap
import java.util.Optional

/** Bounds on a policy file, so that no text can exhaust the reader. */
internal object DocumentBounds {
    const val CHARS_MAX = 4 * 1024 * 1024
    const val DEPTH_MAX = 64
    const val ALIASES_MAX = 1_000

    /** Counted as if every alias were written out. */
    const val NODES_MAX = 500_000L
}

/**
 * The root of the one YAML document in [text], or null after reporting why there is none. Keys are single words, none twice in
 * one mapping; anchors, aliases and merge keys are understood, recursion and tags are not.
 */
internal fun readDocument(text: String, file: String, environment: ((String) -> String?)?, problems: Problems): Section? =
    composeDocument(text, file, problems)?.let { Section(it, file, "", problems, environment) }

/** As [readDocument], the nodes themselves. */
internal fun composeDocument(text: String, file: String, problems: Problems): MappingNode? {
    val root = DocumentReader(file, problems).compose(text) ?: return null
    if (root is MappingNode) return root
    problems.add(Location(file, "", 1, 1), "is not a policy", accepted = "a mapping with version, providers and routing")
    return null
}

private class DocumentReader(private val file: String, private val problems: Problems) {
    private val settings =
        LoadSettings
            .builder()
            .setLabel(file)
            .setSchema(CoreSchema())
            .setCodePointLimit(DocumentBounds.CHARS_MAX)
            .setMaxAliasesForCollections(DocumentBounds.ALIASES_MAX)
            .build()

    /** Written-out size of every node that was checked; null while it is being checked. */
    private val sizes = IdentityHashMap<Node, Long?>()

    fun compose(text: String): Node? =
        try {
            when {
                text.length > DocumentBounds.CHARS_MAX -> {
                    bad("is larger than ${DocumentBounds.CHARS_MAX} characters")
                }

                !depthIsBounded(text) -> {
                    null
                }

                else -> {
                    val root = Compose(settings).composeString(text).orElse(null)
                    if (root == null || root.tag == Tag.NULL) bad("is empty") else root.takeIf(::isUsable)
                }
            }
        } catch (e: MarkedYamlEngineException) {
            bad("is not valid YAML: ${e.problem ?: e.context ?: "cannot be read"}", e.problemMark)
        } catch (e: YamlEngineException) {
            bad("is not valid YAML: ${e.message?.lineSequence()?.firstOrNull() ?: "cannot be read"}")
        }

    /** Before nodes are composed, which recurses; events come one after another. */
    private fun depthIsBounded(text: String): Boolean {
        var depth = 0
        for (event in Parse(settings).parseString(text)) {
            if (event is CollectionStartEvent) depth++
            if (event is CollectionEndEvent) depth--
            if (depth > DocumentBounds.DEPTH_MAX) {
                bad("is nested more than ${DocumentBounds.DEPTH_MAX} levels deep", event.startMark)
                return false
            }
        }
        return true
    }

    private fun isUsable(root: Node): Boolean {
        val size = check(root)
        if (size > DocumentBounds.NODES_MAX) bad("has more than ${DocumentBounds.NODES_MAX} values with its aliases written out")
        return problems.none
    }

    private fun check(node: Node): Long {
        if (node in sizes) return sizes[node] ?: recursive(node)
        sizes[node] = null
        if (node.tag !in acceptedTags) bad("has a tag that is not accepted: ${node.tag.value}", node.startMark)
        val size =
            1L +
                when (node) {
                    is SequenceNode -> node.value.sumOf(::check)
                    is MappingNode -> checkKeys(node) + node.value.sumOf { check(it.valueNode) }
                    else -> 0L
                }
        return minOf(size, DocumentBounds.NODES_MAX + 1).also { sizes[node] = it }
    }

    private fun recursive(node: Node): Long {
        bad("contains itself through an alias", node.startMark)
        return 0
    }

    private fun checkKeys(node: MappingNode): Long {
        val seen = mutableSetOf<String>()
        for (pair in node.value) {
            val key = pair.keyNode
            if (key !is ScalarNode) {
                bad("a key must be a single word", key.startMark)
            } else if (!seen.add(key.value)) {
                bad("duplicate key ${key.value}", key.startMark)
            }
        }
        return node.value.size.toLong()
    }

    private fun bad(message: String, mark: Optional<Mark> = Optional.empty()): Nothing? {
        problems.add(Location(file, "", mark.map { it.line + 1 }.orElse(1), mark.map { it.column + 1 }.orElse(1)), message)
        return null
    }

    private companion object {
        /** The last is what the parser gives to a plain `${NAME}`. */
        val acceptedTags = setOf(Tag.MAP, Tag.SEQ, Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.ENV_TAG)
    }
}
