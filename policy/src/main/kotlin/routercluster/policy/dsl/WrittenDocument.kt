package routercluster.policy.dsl

import routercluster.policy.config.Location
import routercluster.policy.config.Problem

/** A document as text for the loader, whose problems are traced to where [root]'s parts come from. */
class WrittenDocument(root: Yaml.Mapping) {
    val text: String = writeYaml(root)

    private val sources = Places(root)
    private val written by lazy { (readYaml(text, "") as? ReadYaml.Document)?.let { Places(it.root) } }

    /** [problem] of [text] at the key or value that it is about, or else the nearest one around it. */
    fun trace(problem: Problem): Problem {
        val path = problem.at.path
        val aboutKey = written?.keys?.get(path)?.let { it.line == problem.at.line && it.column == problem.at.column } ?: false
        val place = sources.keys[path].takeIf { aboutKey } ?: sources.nearestValue(path)
        return problem.copy(at = place.copy(path = path))
    }
}

/** Where the keys and values of a document stand, by their paths; see [Location.path]. */
private class Places(root: Yaml.Mapping) {
    val keys = mutableMapOf<String, Location>()
    private val values = mutableMapOf<String, Location>()

    init {
        put("", root)
    }

    fun nearestValue(path: String): Location =
        generateSequence(path) { it.take(maxOf(it.lastIndexOf('.'), it.lastIndexOf('['), 0)) }.firstNotNullOf(values::get)

    private fun put(path: String, tree: Yaml) {
        values[path] = tree.at
        when (tree) {
            is Yaml.Scalar -> Unit
            is Yaml.Sequence -> tree.items.forEachIndexed { index, item -> put("$path[$index]", item) }
            is Yaml.Mapping -> tree.entries.forEach { (key, value) -> put(path, key, value, tree.keys[key]) }
        }
    }

    private fun put(path: String, key: String, value: Yaml, keyAt: Location?) {
        val below = if (path.isEmpty()) key else "$path.$key"
        keyAt?.let { keys[below] = it }
        put(below, value)
    }
}
