package routercluster.languageserver

import routercluster.policy.Policy
import routercluster.policy.config.format.Step
import routercluster.policy.dsl.signalLists

/** The names that a document gives to its parts, and where they can be used. */
internal class YamlNames(private val outline: YamlOutline) {
    /** @property routing number of the line that opened the routing section that it is in */
    private class Given(val path: List<String>, val routing: Int?, val name: String)

    private class Opened(val number: Int, val line: Line)

    private val given: List<Given> by lazy(::read)

    private fun read(): List<Given> {
        val found = mutableListOf<Given>()
        val open = ArrayDeque<Opened>()
        outline.lines.forEachIndexed { number, line ->
            if (line?.key == null && line?.isFlow != true) return@forEachIndexed
            while (open.isNotEmpty() && open.last().line.indent >= line.indent) open.removeLast()
            val name =
                when (line.key) {
                    NAME -> unquoted(line.value).ifEmpty { null }
                    null -> YamlFlow(line.value).outermost?.words?.get(NAME)
                    else -> null
                }
            if (name != null) {
                val routing = open.lastOrNull { it.line.key == ROUTING }?.number
                found += Given(open.mapNotNull { it.line.key }, routing, name)
            }
            if (line.opens) open += Opened(number, line)
        }
        return found
    }

    private fun at(vararg path: String, routing: Int? = null): List<String> =
        given.filter { it.path.takeLast(path.size) == path.toList() && (routing == null || it.routing == routing) }.map { it.name }

    private fun signals(type: String, routing: Int?) = signalLists[type]?.let { at(ROUTING, "signals", it, routing = routing) }.orEmpty()

    /** What [key] at line [number] may name; empty where it names nothing. */
    fun namedBy(key: String, way: List<Step>, words: Map<String, String>, number: Int): List<String> {
        val parent = way.lastOrNull()?.key
        val routing = (number downTo 0).firstOrNull { outline.lines[it]?.key == ROUTING }
        return when {
            key == "default_model" || (key == "model" && ROUTING in way.map { it.key } && parent != "classifiers") -> models()
            key == "recipe" -> at("recipes") + Policy.DEFAULT_RECIPE
            key == "kb" -> at("model_catalog", "kbs")
            parent in conditions && key == TYPE -> signalLists.keys + PROJECTION
            parent in conditions && key == NAME -> inRule(words[TYPE].orEmpty(), parent, routing)
            parent == "partitions" && key in setOf("members", "default") -> signals("domain", routing) + signals("embedding", routing)
            parent == "mappings" && key == "source" -> at(ROUTING, "projections", "scores", routing = routing)
            else -> emptyList()
        }.distinct()
    }

    private fun models() = at("providers", "models") + at(ROUTING, "modelCards")

    private fun inRule(type: String, parent: String?, routing: Int?): List<String> {
        if (type != PROJECTION) return signals(type, routing)
        val outputs = at(ROUTING, "projections", "mappings", "outputs", routing = routing)
        return if (parent == INPUTS) outputs + at(ROUTING, "projections", "scores", routing = routing) else outputs
    }

    private companion object {
        const val NAME = "name"
        const val ROUTING = "routing"
        const val PROJECTION = "projection"
        const val INPUTS = "inputs"
        val conditions = setOf("rules", "conditions", "composer", INPUTS)
    }
}
