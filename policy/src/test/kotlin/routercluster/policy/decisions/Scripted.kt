package routercluster.policy.decisions

import routercluster.policy.Candidate
import routercluster.policy.Decision
import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.models.Model
import routercluster.policy.plugins.Plugin
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.Selector
import routercluster.policy.signals.Cost
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalRef

/** A signal that reads what it was told to and counts how often it was asked. */
class ScriptedSignal(name: String, val reading: Reading, override val cost: Cost = Cost.SCAN, type: String = "keyword") : Signal {
    override val ref = SignalRef(type, name)
    var reads = 0
        private set

    override fun read(facts: Facts): Reading {
        reads++
        return reading
    }
}

val matched = Reading.Seen(true)
val missed = Reading.Seen(false, 0.0)
val failed = Reading.Failed("the encoder is away")

fun matched(confidence: Double, value: Double? = null) = Reading.Seen(true, confidence, value)

fun leaf(signal: Int, onError: OnError = OnError.NO_MATCH, predicate: Predicate? = null, label: String? = null): Rule =
    Rule.Leaf(signal, predicate, onError, label)

fun and(vararg children: Rule): Rule = Rule.And(children.toList())

fun or(vararg children: Rule): Rule = Rule.Or(children.toList())

fun not(child: Rule): Rule = Rule.Not(child)

/** Keeps the candidates' order. */
val inOrder =
    Selector { candidates, _ ->
        candidates.mapIndexed { index, it -> Ranked(it, 0.0 - index, "place ${index + 1} in the file") }
    }

fun decision(
    name: String,
    rule: Rule,
    priority: Int = 0,
    tier: Int = 0,
    candidates: List<Candidate> = emptyList(),
    selector: Selector = inOrder,
    plugins: List<Plugin> = emptyList(),
) = Decision(name, null, priority, tier, rule, candidates, "static", selector, plugins)

fun recipe(
    signals: List<Signal>,
    vararg decisions: Decision,
    strategy: Strategy = Strategy.PRIORITY,
    name: String = Policy.DEFAULT_RECIPE,
) = Recipe(name, strategy, signals, decisions.toList())

fun model(name: String) = Model(name, emptyList())

fun policy(vararg recipes: Recipe, revision: String = "r1", entrypoints: Map<String, String> = emptyMap()) =
    Policy(
        revision = revision,
        listeners = emptyList(),
        models = listOf("small", "large", "llama3:8b").associateWith(::model),
        defaultModel = model("small"),
        defaultEffort = "medium",
        autoNames = setOf("auto"),
        recipes = recipes.associateBy { it.name },
        entrypoints = entrypoints,
        listModels = true,
        clearRouteCache = true,
        identity = IdentityHeaders(),
        gateway = GatewaySettings(),
    )

val someFacts = Facts(listOf(Message(Role.SYSTEM, "be kind"), Message(Role.USER, "a secret prompt")))
