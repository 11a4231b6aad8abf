package routercluster.policy.dsl

/** What a model in a route's list is called in a document, where it differs. */
internal val modelOptions = mapOf("reasoning" to "use_reasoning", "effort" to "reasoning_effort", "lora" to "lora_name")

/** Says what the model's card says; read for people, and written nowhere. */
internal const val PARAM_SIZE = "param_size"

/** Makes decisions of routes and of the branches of decision trees. */
internal class RouteCompiler(private val source: SourceText, private val templates: Map<String, Item.Plugin>) {
    private fun growing(span: Span) = Growing(source, span)

    fun route(route: Item.Route): Yaml = decision(route.name, route.options, route.statements, null, route.span)

    /** One decision a branch. Each says that no branch above it holds, so that whichever order they are tried in picks the same. */
    fun tree(tree: Item.Tree): List<Yaml> {
        val above = mutableListOf<Condition>()
        return tree.branches.mapIndexed { index, branch ->
            val parts = above.toList() + listOfNotNull(branch.condition)
            val guard = parts.singleOrNull() ?: Condition.All(parts, branch.span).takeIf { parts.isNotEmpty() }
            branch.condition?.let { above += Condition.Not(it, it.span) }
            decision(branchName(tree, index), tree.options, branch.statements, guard, branch.span)
        }
    }

    private fun decision(
        name: Name,
        options: List<Field>,
        statements: List<Statement>,
        guard: Condition?,
        span: Span,
    ): Yaml {
        val made = growing(span)
        made.text("name", name.text, name.span)
        made.putAll(options)
        guard?.let { made.put("rules", rule(it)) }
        statements.forEach { made.put(it) }
        return made.done()
    }

    private fun Growing.put(statement: Statement) {
        when (statement) {
            is Statement.Priority -> put("priority", yaml(statement.value, source))
            is Statement.Tier -> put("tier", yaml(statement.value, source))
            is Statement.When -> put("rules", rule(statement.condition))
            is Statement.Models -> statement.models.forEach { add("modelRefs", modelRef(it)) }
            is Statement.Algorithm -> put("algorithm", algorithm(statement))
            is Statement.Plugin -> add("plugins", plugin(statement))
            is Statement.Description -> put("description", yaml(statement.text, source))
            is Statement.For -> add("candidateIterations", iteration(statement))
            is Statement.Emit -> add("emits", emit(statement))
            is Statement.Named -> Unit
            is Statement.Other -> putAll(listOf(statement.written))
        }
    }

    private fun rule(condition: Condition): Yaml {
        val made = growing(condition.span)
        when (condition) {
            is Condition.Signal -> {
                made.text("type", condition.type.text, condition.type.span)
                made.text("name", condition.name.text, condition.name.span)
                made.putAll(condition.fields)
            }

            is Condition.All -> {
                made.group("AND", condition.parts, condition.span)
            }

            is Condition.AnyOf -> {
                made.group("OR", condition.parts, condition.span)
            }

            is Condition.Not -> {
                made.group("NOT", listOf(condition.part), condition.span)
            }
        }
        return made.done()
    }

    private fun Growing.group(operator: String, parts: List<Condition>, span: Span) {
        text("operator", operator, span)
        parts.forEach { add("conditions", rule(it)) }
    }

    private fun modelRef(model: ModelUse): Yaml {
        val made = growing(model.span)
        made.text("model", model.name.text, model.name.span)
        made.putAll(model.options.filter { it.key.text != PARAM_SIZE }) { modelOptions[it] ?: it }
        return made.done()
    }

    private fun algorithm(statement: Statement.Algorithm): Yaml {
        val made = growing(statement.span)
        made.text("type", statement.type.text, statement.type.span)
        made.putAll(statement.options)
        statement.block?.let { made.put(statement.type.text, yaml(it, source)) }
        return made.done()
    }

    /** A template's fields, and over them those of its use. */
    private fun plugin(use: Statement.Plugin): Yaml {
        val template = templates[use.name.text]
        val made = growing(use.span)
        made.text("type", template?.type?.text ?: use.name.text, use.name.span)
        val fields = template?.block?.fields.orEmpty() + use.block?.fields.orEmpty()
        if (fields.isNotEmpty() || use.block != null) {
            made.put("configuration", growing(use.block?.span ?: use.span).apply { putAll(fields) }.done())
        }
        return made.done()
    }

    private fun iteration(statement: Statement.For): Yaml {
        val made = growing(statement.span)
        made.text("variable", statement.variable.text, statement.variable.span)
        when (val from = statement.source) {
            is Source.Reference -> {
                made.text("source", from.name.text, from.name.span)
            }

            is Source.Listed -> {
                made.text("source", LISTED, from.span)
                from.models.forEach { made.add("models", modelRef(it)) }
            }
        }
        statement.outputs.flatMap { it.models }.forEach { output ->
            val item = growing(output.span)
            item.text("type", "model", output.span)
            item.text("value", output.name.text, output.name.span)
            made.add("outputs", item.done())
        }
        return made.done()
    }

    private fun emit(statement: Statement.Emit): Yaml {
        val made = growing(statement.span)
        made.text("kind", statement.kind.text, statement.kind.span)
        made.put(statement.kind.text, yaml(statement.block, source))
        return made.done()
    }

    companion object {
        /** The source of an iteration over models that it lists itself. */
        const val LISTED = "models"
    }
}

/** A branch's own name, or the tree's with the branch's number. */
fun branchName(tree: Item.Tree, index: Int): Name {
    val branch = tree.branches[index]
    val own = branch.statements.firstNotNullOfOrNull { (it as? Statement.Named)?.name }
    val suffix = if (branch.condition == null) "else" else "${index + 1}"
    return own ?: Name("${tree.name.text}_$suffix", branch.span)
}
