package routercluster.policy.config.migrate

import org.snakeyaml.engine.v2.nodes.MappingNode
import org.snakeyaml.engine.v2.nodes.Node
import org.snakeyaml.engine.v2.nodes.NodeTuple
import org.snakeyaml.engine.v2.nodes.ScalarNode
import org.snakeyaml.engine.v2.nodes.SequenceNode
import org.snakeyaml.engine.v2.nodes.Tag
import routercluster.policy.config.format.Cases
import routercluster.policy.config.format.Fields
import routercluster.policy.config.format.Kind
import routercluster.policy.config.format.rootFormat

private const val CATEGORY_PRIORITY = 100
private const val GUARD_PRIORITY = 1_000

/** Makes a domain signal and a decision of each of `categories`, unless the file has decisions already. */
internal fun moveCategories(root: MappingNode, notes: Notes) {
    val categories = root.mappings("categories")
    val tuple = root.take("categories") ?: return
    val routing = root.at(listOf("routing"))
    val signals = routing.at(listOf("signals"))
    if (signals["domains"] == null) signals.put("domains", sequence(categories.map(::domain)))
    if (routing["decisions"] != null || root["decisions"] != null) return
    val decisions = categories.map { decision(it, notes) }
    categories.zip(decisions).forEach { (category, decision) -> decision.blockComments = category.blockComments }
    routing.put("decisions", sequence(decisions))
    routing.comment("decisions", tuple.keyNode)
}

private fun domain(category: MappingNode) =
    mapping("name" to category["name"], "description" to category["description"], "mmlu_categories" to category["mmlu_categories"])

private fun decision(category: MappingNode, notes: Notes): MappingNode {
    val name = category.word("name").orEmpty()
    val rule = mapping("type" to scalar("domain"), "name" to scalar(name))
    val scores = category.mappings("model_scores").sortedByDescending { it.word("score")?.toDoubleOrNull() ?: 0.0 }
    val prompt = category["system_prompt"]?.let { mapping("system_prompt" to it) }
    val plugin = prompt?.let { mapping("type" to scalar("system_prompt"), "configuration" to it) }
    val known = setOf("name", "description", "mmlu_categories", "model_scores", "system_prompt")
    category.value.filterNot { it.key in known }.forEach { notes.add(it.keyNode, "categories.$name.${it.key}", LEFT_OUT) }
    return mapping(
        "name" to scalar("${name.replace(' ', '_')}_route"),
        "description" to category["description"],
        "priority" to number(CATEGORY_PRIORITY),
        "rules" to rule,
        "modelRefs" to sequence(scores.map(::modelRef)),
        "plugins" to plugin?.let { sequence(listOf(it)) },
    )
}

private fun modelRef(score: MappingNode) =
    mapping(
        "model" to score["model"],
        "lora_name" to score["lora_name"],
        "use_reasoning" to score["use_reasoning"],
        "reasoning_description" to score["reasoning_description"],
        "reasoning_effort" to score["reasoning_effort"],
    )

/** Names that changed inside of parts that moved as they were. */
internal fun renameBelow(root: MappingNode) {
    val signals = root.at(listOf("routing", "signals"))
    signals.mappings("embeddings").forEach {
        it.rename("similarity_threshold", "threshold")
        it.rename("keywords", "candidates")
    }
    listOf("category_kb", "taxonomy").forEach { signals.rename(it, "kb") }
    if (signals.value.isEmpty()) root.at(listOf("routing")).take("signals")
    (root["global"] as? MappingNode)?.let { global -> (global["stores"] as? MappingNode)?.rename("semantic_cache", "response_cache") }
    decisionsOf(root).flatMap { it.mappings("plugins") }.filter { it.word("type") in formerCaches }.forEach { plugin ->
        plugin.put("type", "response_cache")
        val threshold = (plugin["configuration"] as? MappingNode)?.take("similarity_threshold") ?: return@forEach
        (plugin["configuration"] as? MappingNode)?.at(listOf("semantic"))?.put(threshold)
    }
}

private val formerCaches = setOf("semantic-cache", "semantic_cache")

private fun decisionsOf(root: MappingNode): List<MappingNode> = (root["routing"] as? MappingNode)?.mappings("decisions").orEmpty()

/**
 * Before v0.3 a guard that was on refused every attack; now a decision does. Plugins of that kind have gone as well, and what they
 * protected is said loudly.
 */
internal fun guardByPolicy(root: MappingNode, notes: Notes, isNew: Boolean) {
    decisionsOf(root).forEach { decision ->
        val plugins = decision["plugins"] as? SequenceNode ?: return@forEach
        val gone = plugins.value.filterIsInstance<MappingNode>().filter { it.word("type") in setOf("jailbreak", "pii") }
        gone.forEach {
            val type = it.word("type")
            notes.add(
                it,
                "decisions.${decision.word("name")}.plugins",
                "PROTECTS and is left out: $type is a signal now, to be named by rules",
            )
        }
        decision.put("plugins", sequence(plugins.value - gone.toSet()))
        if (plugins.value.size == gone.size) decision.take("plugins")
    }
    val modules = ((root["global"] as? MappingNode)?.get("model_catalog") as? MappingNode)?.get("modules") as? MappingNode
    val guard = modules?.get("prompt_guard") as? MappingNode
    val routing = root.at(listOf("routing"))
    val signals = routing["signals"] as? MappingNode
    if (!isNew || guard?.word("enabled") != "true" || signals?.get("jailbreak") != null) return
    routing.at(listOf("signals")).put("jailbreak", sequence(listOf(mapping("name" to scalar(GUARD)))))
    val decisions = (routing["decisions"] as? SequenceNode)?.value.orEmpty()
    routing.put("decisions", sequence(listOf(refusal()) + decisions))
    notes.add(guard, "prompt_guard", "now refuses attacks by the decision $GUARD, which stands first: look at its answer")
}

private const val GUARD = "prompt_guard"

private fun refusal(): Node {
    val answer = mapping("message" to scalar("This request was refused because it looks like an attack."))
    return mapping(
        "name" to scalar(GUARD),
        "priority" to number(GUARD_PRIORITY),
        "rules" to mapping("type" to scalar("jailbreak"), "name" to scalar(GUARD)),
        "plugins" to sequence(listOf(mapping("type" to scalar("fast_response"), "configuration" to answer))),
    )
}

private const val LEFT_OUT = "is left out: v0.3 has no such field"

/** Takes out what the description of v0.3 does not know. */
internal fun prune(root: MappingNode, notes: Notes) = Pruning(notes).mapping(root, rootFormat, "")

private class Pruning(private val notes: Notes) {
    fun mapping(node: MappingNode, fields: Fields, path: String) {
        val cases = fields.cases?.let { chosen(node, it) }
        val known = fields.all.associate { it.key to it.kind } + listOfNotNull(cases)
        val (kept, gone) = node.value.partition { it.key in known }
        gone.forEach { notes.add(it.keyNode, child(path, it.key), LEFT_OUT) }
        node.value = kept.filterNot(::isNothing)
        node.value.forEach { below(it.valueNode, known.getValue(it.key), child(path, it.key)) }
    }

    /** An empty value meant the default and is a wrong type now. */
    private fun isNothing(tuple: NodeTuple): Boolean = (tuple.valueNode as? ScalarNode)?.tag == Tag.NULL

    private fun chosen(node: MappingNode, cases: Cases): Pair<String, Kind>? {
        val value = node.word(cases.by) ?: return null
        val case = cases.byValue[value] ?: return null
        return (cases.slot ?: value) to Kind.Part(case.fields)
    }

    private fun below(node: Node, kind: Kind, path: String) {
        when {
            kind is Kind.Part && node is MappingNode -> mapping(node, kind.fields, path)
            kind is Kind.Parts && node is SequenceNode -> each(node, path) { entry, at -> mapping(entry, kind.fields, at) }
            kind is Kind.Named && node is MappingNode -> node.value.forEach { below(it.valueNode, kind.value, child(path, it.key)) }
        }
    }

    private fun each(node: SequenceNode, path: String, prune: (MappingNode, String) -> Unit) =
        node.value.forEachIndexed { index, entry -> if (entry is MappingNode) prune(entry, "$path[$index]") }

    private fun child(path: String, key: String) = if (path.isEmpty()) key else "$path.$key"
}
