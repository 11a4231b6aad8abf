package routercluster.policy.dsl

import routercluster.policy.config.nearestName

/** The names that a routing section has, the top-level one or a recipe's. */
internal class Scope(items: List<Item>, val shared: Shared) {
    val signals: Map<String, List<Item.Signal>> = items.filterIsInstance<Item.Signal>().groupBy { it.type.text }
    private val projections = items.filterIsInstance<Item.Projection>().groupBy { it.kind.text }
    val partitions: List<Item.Projection> = projections["partition"].orEmpty()
    val scores: List<String> = projections["score"].orEmpty().map { it.name.text }
    val outputs: List<String> = projections["mapping"].orEmpty().flatMap { outputs(it) }
    val templates: List<Item.Plugin> = shared.templates + items.filterIsInstance<Item.Plugin>()
    val routes: List<Name> =
        items.flatMap { item ->
            when (item) {
                is Item.Route -> listOf(item.name)
                is Item.Tree -> item.branches.indices.map { branchName(item, it) }
                is Item.Routing, is Item.Entrypoint, is Item.Recipe, is Item.Signal, is Item.Projection -> emptyList()
                is Item.Model, is Item.Plugin, is Item.Test -> emptyList()
            }
        }

    fun signalNames(type: String): List<String> = signals[type].orEmpty().map { it.name.text }

    private fun outputs(mapping: Item.Projection) =
        (mapping.block["outputs"] as? Value.Items)?.items.orEmpty().mapNotNull { ((it as? Value.Fields)?.get("name") as? Value.Text)?.text }
}

/** Looks up what the parts of a [scope] name. */
internal class ReferenceCheck(private val scope: Scope, private val hints: Hints) {
    fun item(item: Item) {
        when (item) {
            is Item.Signal -> signal(item)
            is Item.Projection -> projection(item)
            is Item.Route -> statements(item.statements)
            is Item.Tree -> tree(item)
            is Item.Test -> item.cases.forEach { route(it.route) }
            is Item.Routing, is Item.Entrypoint, is Item.Recipe, is Item.Model, is Item.Plugin -> Unit
        }
    }

    private fun route(name: Name) {
        val names = scope.routes.map { it.text }
        if (name.text !in names) hints.unknown("route", name, names)
    }

    private fun tree(tree: Item.Tree) =
        tree.branches.forEach { branch ->
            branch.condition?.let(::condition)
            statements(branch.statements)
        }

    private fun signal(signal: Item.Signal) {
        if (signal.type.text !in signalLists) hints.unknown("type of signal", signal.type, signalLists.keys)
        if (signal.type.text == DOMAIN) categories(signal)
        (signal.block["composer"] as? Value.Fields)?.let(::composer)
    }

    /** A condition as a document writes it. */
    private fun composer(node: Value.Fields) {
        input(node)
        blocks(node["conditions"]).forEach(::composer)
    }

    private fun categories(signal: Item.Signal) {
        val earlier = scope.signals[DOMAIN].orEmpty().takeWhile { it.name.span != signal.name.span }
        texts(signal.block["mmlu_categories"]).forEach { category ->
            val other = earlier.firstOrNull { domain -> texts(domain.block["mmlu_categories"]).any { it.text == category.text } }
            val message = "the category ${category.text} belongs to the domain signal ${other?.name?.text} too: both match at once"
            if (other != null) hints.add(Level.WARNING, category.span, message)
        }
    }

    private fun texts(value: Value?) = (value as? Value.Items)?.items.orEmpty().filterIsInstance<Value.Text>()

    private fun blocks(value: Value?) = (value as? Value.Items)?.items.orEmpty().filterIsInstance<Value.Fields>()

    private fun score(source: Value?) {
        if (source is Value.Text && source.text !in scope.scores) hints.unknown("score", source, scope.scores)
    }

    private fun projection(item: Item.Projection) {
        when (item.kind.text) {
            "partition" -> partition(item)
            "score" -> blocks(item.block["inputs"]).forEach(::input)
            "mapping" -> score(item.block["source"])
            else -> hints.unknown("kind of projection", item.kind, projectionLists.keys)
        }
    }

    private fun input(input: Value.Fields) {
        val type = (input["type"] as? Value.Text)?.takeIf { it.text != KNOWLEDGE_METRIC } ?: return
        val name = input["name"] as? Value.Text ?: return
        known(Name(type.text, type.span, type.quoted), Name(name.text, name.span, name.quoted), scope.outputs + scope.scores)
    }

    private fun partition(item: Item.Projection) {
        val members = texts(item.block["members"])
        val families = listOf(DOMAIN, "embedding").associateWith { scope.signalNames(it).toSet() }
        val names = families.values.flatten()
        members.filter { it.text !in names }.forEach { hints.unknown("domain or embedding signal", it, names) }
        val mixed = families.values.none { family -> members.all { it.text in family } } && members.all { it.text in names }
        if (mixed) {
            val message = "the members of ${item.name.text} are of two families, whose confidences cannot be compared"
            hints.add(Level.CONSTRAINT, item.name.span, message, "all domain or all embedding signals")
        }
        val default = item.block["default"] as? Value.Text
        if (default != null && default.text !in members.map { it.text }) hints.unknown("member", default, members.map { it.text })
    }

    private fun statements(statements: List<Statement>) =
        statements.forEach { statement ->
            when (statement) {
                is Statement.When -> condition(statement.condition)
                is Statement.Models -> statement.models.forEach(::model)
                is Statement.Plugin -> plugin(statement.name)
                is Statement.For -> iteration(statement)
                is Statement.Priority, is Statement.Tier, is Statement.Algorithm, is Statement.Description -> Unit
                is Statement.Emit, is Statement.Named, is Statement.Other -> Unit
            }
        }

    /** Models are declared elsewhere, so only a likely slip is worth a word. */
    private fun model(use: ModelUse) {
        val card = scope.shared.cards[use.name.text]
        val names = scope.shared.cards.keys
        if (card == null && nearestName(use.name.text, names) != null) hints.unknown("model", use.name, names)
        val size = use.options.firstOrNull { it.key.text == PARAM_SIZE } ?: return
        val known = card?.block?.get(PARAM_SIZE) as? Value.Text
        if ((size.value as? Value.Text)?.text != known?.text) {
            val message = "$PARAM_SIZE is not what the card of ${use.name.text} says; it is not used"
            hints.add(Level.WARNING, size.span, message, known?.text?.let(::quote) ?: "$PARAM_SIZE in MODEL ${use.name.text}")
        }
    }

    /** What names no template is a type, which the loader knows; only a likely slip is worth a word here. */
    private fun plugin(name: Name) {
        val names = scope.templates.map { it.name.text }
        if (name.text in names || scope.templates.any { it.type.text == name.text }) return
        if (nearestName(name.text, names) != null) hints.unknown("template", name, names)
    }

    private fun iteration(statement: Statement.For) {
        when (val source = statement.source) {
            is Source.Listed -> source.models.forEach(::model)
            is Source.Reference -> if (source.name.text != CANDIDATES) hints.unknown("source", source.name, listOf(CANDIDATES))
        }
        val variable = statement.variable.text
        statement.outputs.flatMap { it.models }.filter { it.name.text != variable }.forEach {
            hints.unknown(
                "variable",
                it.name,
                listOf(variable),
            )
        }
    }

    private fun condition(condition: Condition) {
        when (condition) {
            is Condition.Signal -> {
                known(condition.type, condition.name, scope.outputs)
            }

            is Condition.Not -> {
                condition(condition.part)
            }

            is Condition.AnyOf -> {
                condition.parts.forEach(::condition)
            }

            is Condition.All -> {
                condition.parts.forEach(::condition)
                exclusive(condition)
            }
        }
    }

    /** A complexity signal's levels stand behind its name. */
    private fun known(type: Name, name: Name, projections: List<String>) {
        val level = if (type.text == "complexity" && ':' in name.text) ":" + name.text.substringAfter(':') else ""
        val names = if (type.text == "projection") projections else scope.signalNames(type.text).map { it + level }
        when {
            type.text != "projection" && type.text !in signalLists -> hints.unknown(
                "type of condition",
                type,
                signalLists.keys + "projection",
            )

            name.text in names -> Unit

            type.text == "projection" -> hints.unknown("output of a projection", name, names)

            else -> hints.unknown("${type.text} signal", name, names)
        }
    }

    private fun exclusive(all: Condition.All) {
        val signals = all.parts.filterIsInstance<Condition.Signal>()
        scope.partitions.forEach { partition ->
            val members = texts(partition.block["members"]).map { it.text }
            val both = signals.filter { it.type.text in setOf(DOMAIN, "embedding") && it.name.text in members }.distinctBy { it.name.text }
            if (both.size > 1) {
                val message = "never holds: the partition ${partition.name.text} keeps one of ${both.joinToString(
                    " and ",
                ) { it.name.text }} at most"
                hints.add(Level.CONSTRAINT, both[1].span, message, "OR between them")
            }
        }
    }

    private companion object {
        const val DOMAIN = "domain"
        const val KNOWLEDGE_METRIC = "kb_metric"
        const val CANDIDATES = "decision.candidates"
    }
}
