package routercluster.policy.dsl

/** Makes routes of decisions. What a decision holds beyond the form of a keyword stands as a field, as it was written. */
internal class RouteDecompiler {
    fun route(name: Name, decision: Yaml.Mapping): Item.Route {
        val description = decision["description"] as? Yaml.Scalar
        val options = listOfNotNull(description?.let { Field(Name("description"), valueOf(it)) })
        val others = decision.entries - setOf("name") - if (description == null) emptySet() else setOf("description")
        return Item.Route(name, options, others.flatMap { (key, tree) -> statements(key, tree) })
    }

    private fun statements(key: String, tree: Yaml): List<Statement> {
        val made =
            when (key) {
                "priority" -> number(tree)?.let { listOf(Statement.Priority(it)) }
                "tier" -> number(tree)?.let { listOf(Statement.Tier(it)) }
                "rules" -> rules(tree)
                "modelRefs" -> all(tree, ::model)?.let { models -> if (models.isEmpty()) emptyList() else listOf(Statement.Models(models)) }
                "algorithm" -> algorithm(tree)?.let(::listOf)
                "plugins" -> all(tree, ::plugin)
                "candidateIterations" -> all(tree, ::iteration)
                "emits" -> all(tree, ::emit)
                else -> null
            }
        return made ?: listOf(Statement.Other(Field(Name(key), valueOf(tree))))
    }

    private fun number(tree: Yaml): Value.Number? = valueOf(tree) as? Value.Number

    /** Every item of a list, or null where one has another form. */
    private fun <T> all(tree: Yaml, read: (Yaml.Mapping) -> T?): List<T>? {
        val items = (tree as? Yaml.Sequence)?.items ?: return null
        return items.mapNotNull { item -> (item as? Yaml.Mapping)?.let(read) }.takeIf { it.size == items.size }
    }

    private fun text(tree: Yaml?): String? = (tree as? Yaml.Scalar)?.takeIf { it.kind == Yaml.Scalar.Kind.TEXT }?.text

    /** No condition at all is no statement: both match always. */
    private fun rules(tree: Yaml): List<Statement>? {
        if (tree !is Yaml.Mapping) return null
        val conditions = (tree["conditions"] as? Yaml.Sequence)?.items.orEmpty()
        val empty = conditions.isEmpty() && "type" !in tree.entries && text(tree["operator"]).let { it == null || it == "AND" }
        return if (empty && tree.entries.keys.all(groupKeys::contains)) emptyList() else condition(tree)?.let { listOf(Statement.When(it)) }
    }

    private fun condition(tree: Yaml): Condition? {
        if (tree !is Yaml.Mapping) return null
        if ("type" in tree.entries) return signal(tree)
        val parts = all(tree["conditions"] ?: return null, ::condition)
        if (parts.isNullOrEmpty() || !tree.entries.keys.all(groupKeys::contains)) return null
        return when (text(tree["operator"])) {
            "AND" -> parts.singleOrNull() ?: Condition.All(parts)
            "OR" -> parts.singleOrNull() ?: Condition.AnyOf(parts)
            "NOT" -> parts.singleOrNull()?.let { Condition.Not(it) }
            else -> null
        }
    }

    private fun signal(tree: Yaml.Mapping): Condition? {
        val type = text(tree["type"])?.takeIf(::isWord)
        val name = nameIn(tree["name"])
        if (type == null || name == null || groupKeys.any { it in tree.entries }) return null
        return Condition.Signal(Name(type), name, fieldsOf(tree, setOf("type", "name")))
    }

    private fun model(tree: Yaml.Mapping): ModelUse? {
        val name = nameIn(tree["model"])?.let { Name(it.text, quoted = true) }
        // These words mean something else in a program's list of models.
        if (name == null || (modelOptions.keys + PARAM_SIZE).any { it in tree.entries }) return null
        val options = fieldsOf(tree, setOf("model")).map { field ->
            Field(Name(optionNames[field.key.text] ?: field.key.text), field.value)
        }
        return ModelUse(name, options)
    }

    private fun algorithm(tree: Yaml): Statement? {
        val type = (tree as? Yaml.Mapping)?.let { nameIn(it["type"]) } ?: return null
        val block = tree[type.text]
        if (type.text == "type" || (block != null && block !is Yaml.Mapping)) return null
        return Statement.Algorithm(type, fieldsOf(tree, setOf("type", type.text)), block?.let { blockOf(it) })
    }

    private fun plugin(tree: Yaml.Mapping): Statement? {
        val type = nameIn(tree["type"])
        val configuration = tree["configuration"]
        if (type == null || (configuration != null && configuration !is Yaml.Mapping)) return null
        if (!tree.entries.keys.all { it == "type" || it == "configuration" }) return null
        return Statement.Plugin(type, configuration?.let { blockOf(it) })
    }

    private fun iteration(tree: Yaml.Mapping): Statement? {
        val variable = nameIn(tree["variable"])
        val source = source(tree)
        val outputs = all(tree["outputs"] ?: Yaml.Sequence(emptyList(), tree.at), ::output)
        if (variable == null || source == null || outputs == null || !tree.entries.keys.all(iterationKeys::contains)) return null
        return Statement.For(variable, source, if (outputs.isEmpty()) emptyList() else listOf(Statement.Models(outputs)))
    }

    private fun source(tree: Yaml.Mapping): Source? {
        val source = nameIn(tree["source"]) ?: return null
        val models = tree["models"]
        return when {
            source.text == RouteCompiler.LISTED -> models?.let { all(it, ::model) }?.let { Source.Listed(it) }
            models == null -> Source.Reference(source)
            else -> null
        }
    }

    private fun output(tree: Yaml.Mapping): ModelUse? {
        if (text(tree["type"]) != "model" || tree.entries.size != 2) return null
        return nameIn(tree["value"])?.let { ModelUse(it, emptyList()) }
    }

    private fun emit(tree: Yaml.Mapping): Statement? {
        val kind = nameIn(tree["kind"]) ?: return null
        val block = tree[kind.text] as? Yaml.Mapping
        if (block == null || tree.entries.size != 2) return null
        return Statement.Emit(kind, blockOf(block))
    }

    private companion object {
        val groupKeys = setOf("operator", "conditions")
        val iterationKeys = setOf("variable", "source", "models", "outputs")
        val optionNames = modelOptions.entries.associate { (option, key) -> key to option }
    }
}
