package routercluster.policy.config.migrate

import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.NodeTuple
import routercluster.policy.config.Location
import routercluster.policy.config.Problem
import routercluster.policy.config.Problems
import routercluster.policy.config.formerRootKeys
import routercluster.policy.config.readDocument

/**
 * A policy file of an older format in that of v0.3.
 *
 * @property notes what could not be carried over or needs a look, by where it stood, in the order of the old file
 */
class Migration(val text: String, val notes: List<Problem>)

/**
 * Carries a document of v0.1 or v0.2 over. Comments go with the keys that they stand beside. What v0.3 has no field for is left out,
 * and said so.
 *
 * @param text the old file
 * @param file what notes call it
 * @return null after reporting to [problems] why the text is no document
 */
fun migrate(text: String, file: String, problems: Problems): Migration? {
    readDocument(text, file, { null }, problems) ?: return null
    val tree = treeOf(text) ?: return null
    val notes = Notes(file)
    Mover(tree, notes).move()
    return Migration(textOf(tree), notes.all)
}

/** Collects what a reader of the new file must know. */
internal class Notes(private val file: String) {
    private val found = mutableListOf<Problem>()

    val all: List<Problem> get() = found.sortedWith(compareBy({ it.at.line }, { it.at.column }))

    fun add(node: Node, path: String, message: String) {
        val mark = node.startMark.orElse(null)
        found += Problem(Location(file, path, (mark?.line ?: 0) + 1, (mark?.column ?: 0) + 1), message)
    }
}

/** Moves the parts of a document, one after another; what is in its place already stays. */
private class Mover(private val root: MappingNode, private val notes: Notes) {
    fun move() {
        val wasCurrent = root.word("version") == VERSION
        setVersion()
        moveSignals()
        moveProviders(root, notes)
        moveModels(root, notes)
        moveClassifier()
        moveBert()
        moveCategories(root, notes)
        places.forEach { (key, path) -> moveTo(key, path) }
        renameBelow(root)
        guardByPolicy(root, notes, isNew = !wasCurrent)
        listOf("providers", "routing").forEach { root.at(listOf(it)) }
        prune(root, notes)
        inOrder()
    }

    private fun setVersion() {
        val head = root.value.firstOrNull()?.keyNode
        val key = root.take("version")?.keyNode ?: scalar("version")
        root.value = listOf(NodeTuple(key, scalar(VERSION))) + root.value
        if (head == null || head === key) return
        root.comment("version", head)
        head.blockComments = emptyList()
    }

    private fun moveTo(key: String, path: List<String>) {
        val tuple = root.take(key) ?: return
        val place = root.at(path.dropLast(1))
        if (place[path.last()] == null) {
            place.put(renamed(tuple, path.last()))
        } else {
            notes.add(tuple.keyNode, key, "is left out: the file has ${path.joinToString(".")} too")
        }
    }

    /** The command line of v0.1 had the signals of v0.3 at the root. */
    private fun moveSignals() {
        val signals = root.take("signals")?.valueNode as? MappingNode ?: return
        val place = root.at(listOf("routing", "signals"))
        signals.value.forEach { if (place[it.key] == null) place.put(it) }
    }

    private fun moveClassifier() {
        val old = root.take("classifier")?.valueNode as? MappingNode ?: return
        val place = root.at(listOf("global", "model_catalog", "modules", "classifier"))
        classifierParts.forEach { (was, now) -> old.take(was)?.let { place.put(renamed(it, now)) } }
        old.value.forEach { if (place[it.key] == null) place.put(it) }
    }

    private fun moveBert() {
        val old = root.take("bert_model") ?: return
        val model = (old.valueNode as? MappingNode)?.word("model_id")
        notes.add(
            old.keyNode,
            "bert_model",
            "is left out${model?.let { " ($it)" }.orEmpty()}: embeddings have thresholds of their own rules",
        )
    }

    private fun inOrder() {
        val order = listOf("version", "listeners", "providers", "routing", "entrypoints", "recipes", "global", "gateway")
        root.value = root.value.sortedBy { order.indexOf(it.key) }
    }

    private companion object {
        const val VERSION = "v0.3"

        val classifierParts =
            mapOf(
                "category_model" to "domain",
                "pii_model" to "pii",
                "mcp_category_model" to "mcp",
                "preference_model" to "preference",
            )

        /** Where the content of a root key belongs, for those that move as they are. */
        val places: Map<String, List<String>> =
            formerRootKeys
                .filterValues { path -> path.none { it == '[' || it == ' ' } }
                .mapValues { it.value.split('.') }
                .filterKeys { it !in setOf("classifier", "signals", "bert_model", "embedding_models", "auto_model_name") } +
                mapOf(
                    "embedding_models" to listOf("global", "model_catalog", "embeddings", "semantic"),
                    "auto_model_name" to listOf("global", "router", "auto_model_name"),
                )
    }
}
