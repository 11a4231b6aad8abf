package routercluster.policy.language

import routercluster.policy.Policy
import routercluster.policy.Strategy
import routercluster.policy.dsl.Condition
import routercluster.policy.dsl.Item
import routercluster.policy.dsl.ModelUse
import routercluster.policy.dsl.Name
import routercluster.policy.dsl.Program
import routercluster.policy.dsl.Statement
import routercluster.policy.dsl.Value

/** A part of a request that nothing was made of, and why. */
class NotUnderstood(val text: String, val reason: String)

/** @property addition what is to be merged into the base */
class Templated(val addition: Program, val notUnderstood: List<NotUnderstood>)

/**
 * Makes what [request] asks for from templates, without a model. What is refused stands above what stays
 * local, and that above the rest in the order of the words; see [Placement]. Signals that [base] has by the same name are taken as they are.
 *
 * @param policy what [base] stands for, whose models and encoders words may mean
 */
fun fromTemplates(request: String, base: Program, policy: Policy): Templated = TemplateCompiler(base, policy).compile(request)

private class Planned(val act: Act, val models: List<String>, val subject: Subject, val plugins: List<Statement.Plugin>) {
    val purpose =
        when (act) {
            is Act.Block -> Purpose.REFUSE
            is Act.KeepLocal -> Purpose.PROTECT
            is Act.Send, is Act.Prompt -> Purpose.SERVE
        }

    /** Equal for the same requests. */
    val key = (subject as? Subject.Some)
        ?.let { some ->
            listOf(some.name) + some.signals.map { "${it.type.text} ${it.name.text}" }
        }.orEmpty()
}

private class TemplateCompiler(private val base: Program, private val policy: Policy) {
    private val subjects = Subjects(policy.catalog)
    private val routes = base.items.filterIsInstance<Item.Route>()
    private val taken = base.items.mapNotNull(::routeName).toMutableSet()
    private val placement = Placement(base, policy.recipes[Policy.DEFAULT_RECIPE]?.strategy == Strategy.CONFIDENCE)
    private val notUnderstood = mutableListOf<NotUnderstood>()

    fun compile(request: String): Templated {
        val planned = joined(clausesOf(request).mapNotNull(::planned))
        val (defaults, others) = planned.partition { it.subject is Subject.Everything }
        val ordered = others.sortedBy { it.purpose }
        val made = ordered.zip(placement.of(ordered.map { it.purpose }), ::route)
        val signals = ordered.flatMap { (it.subject as Subject.Some).signals }.distinctBy(::keyOf).filterNot { keyOf(it) in known() }
        return Templated(Program(signals + made + listOfNotNull(defaults.lastOrNull()?.let(::otherwise))), notUnderstood)
    }

    private fun known() = base.items
        .filterIsInstance<Item.Signal>()
        .map(::keyOf)
        .toSet()

    private fun keyOf(signal: Item.Signal) = signal.type.text to signal.name.text

    private fun planned(clause: String): Planned? {
        val wish = wishIn(clause) ?: return refuse(clause, "has none of the forms that templates know; see docs/dsl.md")
        val subject = subjects.subjectOf(wish.what)
        if (subject is Subject.Unclear) return refuse(clause, subject.reason)
        if (subject is Subject.Everything && wish.act !is Act.Send && !rest.containsMatchIn(wish.what)) {
            return refuse(clause, "other routes take requests too, and would go on as they are; say \"everything else\", or which requests")
        }
        return when (val act = wish.act) {
            is Act.Send -> withModels(clause, act, subject, choiceOf(act.model, policy.models.values))
            is Act.KeepLocal -> withModels(clause, act, subject, localModels(policy.models.values))
            is Act.Block -> Planned(act, emptyList(), subject, listOf(plugin("fast_response", "message", act.text ?: REFUSAL)))
            is Act.Prompt -> Planned(act, emptyList(), subject, listOf(plugin("system_prompt", "system_prompt", act.text)))
        }
    }

    private fun withModels(clause: String, act: Act, subject: Subject, choice: Choice): Planned? =
        when (choice) {
            is Choice.Models -> Planned(act, choice.names, subject, emptyList())
            is Choice.Unclear -> refuse(clause, choice.reason)
        }

    private fun refuse(clause: String, reason: String): Planned? {
        notUnderstood += NotUnderstood(clause, reason)
        return null
    }

    /** A model and a system prompt for the same requests make one route, since only one route takes a request. */
    private fun joined(plans: List<Planned>): List<Planned> =
        plans.groupBy { it.key to (it.act is Act.Block) }.values.map { same ->
            val local = same.firstOrNull { it.act is Act.KeepLocal }
            val models = local?.models ?: same.flatMap { it.models }.distinct()
            Planned((local ?: same.first()).act, models, same.first().subject, same.flatMap { it.plugins })
        }

    private fun plugin(type: String, key: String, text: String) =
        Statement.Plugin(Name(type), Value.Fields(listOf(field(key, Value.Text(text)))))

    private fun route(plan: Planned, place: Place): Item.Route {
        val some = plan.subject as Subject.Some
        return Item.Route(unused(some.name), emptyList(), standing(place) + body(plan, some.condition))
    }

    private fun standing(place: Place): List<Statement> =
        listOfNotNull(Statement.Priority(Value.Number("${place.priority}")), place.tier?.let { Statement.Tier(Value.Number("$it")) })

    private fun body(plan: Planned, condition: Condition?): List<Statement> =
        listOfNotNull(condition?.let { Statement.When(it) }, models(plan.models)) + plan.plugins

    private fun models(names: List<String>) = if (names.isEmpty()) null else Statement.Models(names.map { ModelUse(Name(it), emptyList()) })

    /** The route for what no other takes: the base's own with another model, or a new one below all. */
    private fun otherwise(plan: Planned): Item.Route {
        val own = routes.lastOrNull { route -> route.statements.none { it is Statement.When } }
        if (own == null) return Item.Route(unused("otherwise"), emptyList(), standing(placement.last) + body(plan, null))
        val kept = own.statements.filterNot { statement -> statement is Statement.Models || plan.plugins.any { isSame(it, statement) } }
        return Item.Route(own.name, own.options, kept + body(plan, null))
    }

    private fun isSame(plugin: Statement.Plugin, other: Statement) = other is Statement.Plugin && other.name.text == plugin.name.text

    private fun unused(name: String): Name {
        val free = (listOf(name) + generateSequence(2) { it + 1 }.map { "${name}_$it" }.take(taken.size + 1)).first { it !in taken }
        taken += free
        return Name(free)
    }

    private companion object {
        /** Says that only what no other route takes is meant. */
        val rest = Regex("""\b(?:else|rest|others?)\b""", RegexOption.IGNORE_CASE)
        const val REFUSAL = "This request is refused by the policy of this service."
    }
}
