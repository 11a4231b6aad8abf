package routercluster.bench

import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.BenchmarkMode
import org.openjdk.jmh.annotations.Fork
import org.openjdk.jmh.annotations.Measurement
import org.openjdk.jmh.annotations.Mode
import org.openjdk.jmh.annotations.OutputTimeUnit
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Scope
import org.openjdk.jmh.annotations.Setup
import org.openjdk.jmh.annotations.State
import org.openjdk.jmh.annotations.Warmup
import routercluster.policy.Decision
import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.decisions.Rule
import routercluster.policy.decisions.Ruling
import routercluster.policy.models.Model
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.routing.ModelName
import routercluster.policy.routing.Plan
import routercluster.policy.routing.plan
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.Selector
import routercluster.policy.signals.Cost
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalRef
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/**
 * Ten decisions of three conditions each, all signals different and their readings ready made: the cost of deciding alone.
 * Aims: under 5 µs and under 4 KB of garbage a request.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
open class DecisionBench {
    /** `first`: the likeliest winner matches at once. `last`: every other one fails on its last condition. */
    @Param("first", "last")
    var match: String = ""

    /** `priority`: all priorities differ. `equal`: all are equal, so confidence counts. `tiers`: two decisions a tier. */
    @Param("priority", "equal", "tiers")
    var ranks: String = ""

    private var recipe = Recipe("", Strategy.PRIORITY, emptyList(), emptyList())
    private var policy = policyOf(recipe)
    private val facts = Facts(listOf(Message(Role.USER, "hello")))
    private val name = ModelName("auto", "auto")
    private val random = Random(1)

    @Setup
    fun prepare() {
        val signals = List(DECISIONS * CONDITIONS) { ReadyMade("s$it", readingOf(it)) }
        recipe = Recipe(Policy.DEFAULT_RECIPE, Strategy.PRIORITY, signals, List(DECISIONS, ::decisionOf))
        policy = policyOf(recipe)
    }

    @Benchmark
    fun decide(): Ruling = recipe.engine.decide(facts)

    @Benchmark
    fun decideFully(): Ruling = recipe.engine.decideFully(facts)

    /** Deciding, choosing the candidate, and the lists a plan keeps. */
    @Benchmark
    fun plan(): Plan = policy.plan(name, facts, random)

    private fun readingOf(signal: Int): Reading {
        val matches = match == "first" || signal / CONDITIONS == DECISIONS - 1 || signal % CONDITIONS < CONDITIONS - 1
        return Reading.Seen(matches, if (matches) 0.5 + signal / 100.0 else 0.0)
    }

    private fun decisionOf(index: Int): Decision {
        val rule = Rule.And(List(CONDITIONS) { Rule.Leaf(index * CONDITIONS + it, null, OnError.NO_MATCH) })
        val priority = if (ranks == "priority") DECISIONS - index else 0
        val tier = if (ranks == "tiers") 1 + index / 2 else 0
        return Decision("decision-$index", null, priority, tier, rule, emptyList(), "static", inOrder, emptyList())
    }

    private class ReadyMade(name: String, private val reading: Reading) : Signal {
        override val ref = SignalRef("keyword", name)
        override val cost = Cost.SCAN

        override fun read(facts: Facts): Reading = reading
    }

    private companion object {
        const val DECISIONS = 10
        const val CONDITIONS = 3

        val inOrder = Selector { candidates, _ -> candidates.map { Ranked(it, 1.0, "as written") } }

        fun policyOf(recipe: Recipe): Policy {
            val model = Model("small", emptyList())
            return Policy(
                revision = "bench",
                listeners = emptyList(),
                models = mapOf(model.name to model),
                defaultModel = model,
                defaultEffort = "medium",
                autoNames = setOf("auto"),
                recipes = mapOf(Policy.DEFAULT_RECIPE to recipe),
                entrypoints = emptyMap(),
                listModels = true,
                clearRouteCache = true,
                identity = IdentityHeaders(),
                gateway = GatewaySettings(),
            )
        }
    }
}
