package routercluster.policy.dsl

import routercluster.policy.config.Location
import routercluster.policy.config.Problem
import routercluster.policy.config.formatSignals

/** @property problems parts that have no place in a program, and are missing in it */
class Decompiled(val program: Program, val problems: List<Problem>)

/** The program that stands for the `routing`, `entrypoints` and `recipes` of [document]; the rest of it is not looked at. */
fun decompile(document: Yaml.Mapping): Decompiled {
    val decompiler = Decompiler()
    val program = decompiler.program(document)
    return Decompiled(program, decompiler.problems)
}

internal fun valueOf(tree: Yaml): Value =
    when (tree) {
        is Yaml.Scalar -> scalar(tree)
        is Yaml.Sequence -> Value.Items(tree.items.map(::valueOf))
        is Yaml.Mapping -> blockOf(tree)
    }

private fun scalar(tree: Yaml.Scalar): Value =
    when (tree.kind) {
        Yaml.Scalar.Kind.TEXT -> Value.Text(tree.text)
        Yaml.Scalar.Kind.NUMBER -> if (isNumber(tree.text)) Value.Number(tree.text) else Value.Text(tree.text)
        Yaml.Scalar.Kind.TRUTH -> Value.Truth(tree.text.lowercase() == "true")
        Yaml.Scalar.Kind.NULL -> Value.Nothing()
    }

internal fun blockOf(tree: Yaml.Mapping, without: Set<String> = emptySet()) = Value.Fields(fieldsOf(tree, without))

internal fun fieldsOf(tree: Yaml.Mapping, without: Set<String> = emptySet()): List<Field> =
    tree.entries.filterKeys { it !in without }.map { (key, value) -> Field(Name(key), valueOf(value)) }

/** The text of a scalar that can be a name. */
internal fun nameIn(tree: Yaml?): Name? =
    (tree as? Yaml.Scalar)?.takeIf { it.kind != Yaml.Scalar.Kind.NULL && it.text.isNotBlank() }?.let { Name(it.text) }

private class Decompiler {
    val problems = mutableListOf<Problem>()
    private val routes = RouteDecompiler()

    fun program(document: Yaml.Mapping): Program {
        val top = mapping(document["routing"], "routing")?.let { routing(it, "routing", cardsBelong = true) }.orEmpty()
        val entrypoints =
            items(document["entrypoints"], "entrypoints").mapNotNull { (path, item) ->
                mapping(item, path)?.let { Item.Entrypoint(blockOf(it)) }
            }
        val recipes = items(document["recipes"], "recipes").mapNotNull { (path, item) -> named(item, path)?.let { recipe(it, path) } }
        return Program(top + entrypoints + recipes)
    }

    private fun recipe(recipe: Pair<Name, Yaml.Mapping>, path: String): Item {
        val (name, tree) = recipe
        val routing = mapping(tree["routing"], "$path.routing")
        val items = routing?.let { routing(it, "$path.routing", cardsBelong = false) }.orEmpty()
        return Item.Recipe(name, fieldsOf(tree, setOf("name", "routing")), items)
    }

    private fun routing(tree: Yaml.Mapping, path: String, cardsBelong: Boolean): List<Item> {
        val rest = tree.entries.toMutableMap()
        val signals = families(rest, "signals", path, formatSignals) { type, name, block -> Item.Signal(Name(type), name, block) }
        val lists = projectionLists.entries.associate { (kind, list) -> list to kind }
        val projections = families(rest, "projections", path, lists) { kind, name, block -> Item.Projection(Name(kind), name, block) }
        val cards = if (cardsBelong) list(rest, "modelCards", path) else emptyList()
        val decisions = list(rest, "decisions", path).map { (name, decision) -> routes.route(name, decision) }
        val settings = if (rest.isEmpty()) emptyList() else listOf(Item.Routing(blockOf(Yaml.Mapping(rest, tree.at))))
        return settings + signals + projections + cards.map { (name, card) -> Item.Model(name, declared(card)) } + decisions
    }

    private fun declared(tree: Yaml.Mapping) = blockOf(tree, setOf("name"))

    /** What stands in the lists of the mapping [key]. Lists that no keyword is for stay in [rest]. */
    private fun families(
        rest: MutableMap<String, Yaml>,
        key: String,
        path: String,
        types: Map<String, String>,
        make: (type: String, name: Name, block: Value.Fields) -> Item,
    ): List<Item> {
        val found = rest[key] as? Yaml.Mapping ?: return emptyList()
        val lists = found.entries.toMutableMap()
        val made =
            found.entries.keys.flatMap { list ->
                val type = types[list]
                if (type == null) emptyList() else list(lists, list, "$path.$key").map { (name, tree) -> make(type, name, declared(tree)) }
            }
        if (lists.isEmpty()) rest.remove(key) else rest[key] = Yaml.Mapping(lists, found.at)
        return made
    }

    /** Takes the list [key] out of [rest]. */
    private fun list(rest: MutableMap<String, Yaml>, key: String, path: String): List<Pair<Name, Yaml.Mapping>> =
        items(rest.remove(key), "$path.$key").mapNotNull { (itemPath, item) -> named(item, itemPath) }

    private fun items(tree: Yaml?, path: String): List<Pair<String, Yaml>> =
        when {
            tree == null || isNull(tree) -> {
                emptyList()
            }

            tree is Yaml.Sequence -> {
                tree.items.mapIndexed { index, item -> "$path[$index]" to item }
            }

            else -> {
                problem(tree.at, path, "wrong type", "a list")
                emptyList()
            }
        }

    private fun mapping(tree: Yaml?, path: String): Yaml.Mapping? {
        if (tree != null && tree !is Yaml.Mapping && !isNull(tree)) problem(tree.at, path, "wrong type", "a mapping")
        return tree as? Yaml.Mapping
    }

    private fun named(tree: Yaml, path: String): Pair<Name, Yaml.Mapping>? {
        val mapping = mapping(tree, path) ?: return null
        val name = nameIn(mapping["name"])
        if (name == null) problem(tree.at, "$path.name", "is required", "a non-empty string")
        return name?.let { it to mapping }
    }

    private fun isNull(tree: Yaml) = tree is Yaml.Scalar && tree.kind == Yaml.Scalar.Kind.NULL

    private fun problem(at: Location, path: String, message: String, accepted: String) {
        problems += Problem(at.copy(path = path), message, accepted = accepted)
    }
}
