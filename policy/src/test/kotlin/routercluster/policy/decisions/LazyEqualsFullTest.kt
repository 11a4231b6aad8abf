package routercluster.policy.decisions

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.property.RandomSource
import io.kotest.property.arbitrary.arbitrary
import io.kotest.property.arbitrary.take
import org.junit.jupiter.api.Test
import routercluster.policy.Decision
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.signals.Cost
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import kotlin.random.Random

/** Laws over random policies and readings. A failure prints the seed; run it again with `-Dseed=...`. */
class LazyEqualsFullTest {
    private val seed: Long = java.lang.Long.getLong("seed", Random.nextLong())

    @Test
    fun `lazy, full and plain evaluation pick the same decision`() =
        forAllCases { recipe, signals ->
            val lazy = recipe.engine.decide(someFacts)
            val readLazily = signals.map { it.reads }
            val full = recipe.engine.decideFully(someFacts)
            val expected = naiveWinner(recipe, signals.map { it.reading })
            full.decision?.name shouldBe expected?.first?.name
            full.isBlocked shouldBe (expected?.second?.truth == Truth.BLOCKED)
            if (expected != null) full.confidence shouldBe expected.second.confidence
            lazy.decision?.name shouldBe full.decision?.name
            lazy.isBlocked shouldBe full.isBlocked
            lazy.blockers.isEmpty() shouldBe !lazy.isBlocked
            readLazily.all { it <= 1 } shouldBe true
        }

    @Test
    fun `each signal read is the first needed, and none is needed once the winner is certain`() =
        forAllCases { recipe, signals ->
            val ruling = recipe.engine.decide(someFacts)
            var evidence = Evidence.none(signals.size)
            for ((ref, reading) in ruling.readings) {
                recipe.engine.ruling(evidence) shouldBe null
                val needed = recipe.engine.needed(evidence)
                recipe.signals[needed.first()].ref shouldBe ref
                needed.distinct() shouldBe needed
                needed.map { recipe.signals[it].cost } shouldBe needed.map { recipe.signals[it].cost }.sorted()
                needed.all { evidence[it] == null } shouldBe true
                evidence = evidence.with(needed.first(), reading)
            }
            recipe.engine.needed(evidence) shouldBe emptyList()
            recipe.engine
                .ruling(evidence)
                ?.decision
                ?.name shouldBe ruling.decision?.name
        }

    @Test
    fun `evidence read in any order is never contradicted by more of it`() =
        forAllCases { recipe, signals ->
            var evidence = Evidence.none(signals.size)
            var before: List<Verdict> = explain(recipe, evidence).map { it.verdict }
            for (signal in signals.indices.shuffled(Random(seed))) {
                evidence = evidence.with(signal, signals[signal].reading)
                val now = explain(recipe, evidence).map { it.verdict }
                before.zip(now).forEach { (then, later) -> if (then.truth != Truth.OPEN) later.truth shouldBe then.truth }
                before = now
            }
            before.none { it.truth == Truth.OPEN } shouldBe true
        }

    private fun forAllCases(law: (Recipe, List<ScriptedSignal>) -> Unit) {
        val cases = arbitrary { randomRecipe(it.random) }
        cases.take(CASES, RandomSource.seeded(seed)).forEachIndexed { index, recipe ->
            withClue(
                "seed $seed, case $index: ${recipe.strategy}, ${recipe.decisions.map {
                    "${it.name} p${it.priority} t${it.tier} ${it.rule}"
                }}",
            ) {
                law(recipe, recipe.signals.filterIsInstance<ScriptedSignal>())
            }
        }
    }

    private companion object {
        const val CASES = 6_000
    }
}

/** Few different numbers, so that ties are common. */
private val numbers = listOf(0.0, 0.25, 0.5, 1.0)
private val labels = listOf("hard", "easy")

private fun randomRecipe(random: Random): Recipe = randomRecipe(
    random,
    List(random.nextInt(1, 8)) { ScriptedSignal("s$it", randomReading(random), Cost.entries.random(random)) },
)

/** Decisions at random over [signals]. */
internal fun randomRecipe(random: Random, signals: List<Signal>): Recipe {
    val tierMax = if (random.nextBoolean()) 0 else 2
    val decisions =
        List(random.nextInt(0, 7)) {
            decision("d$it", randomRule(random, signals.size, depth = 3), random.nextInt(3), random.nextInt(tierMax + 1))
        }.shuffled(random)
    return Recipe("default", Strategy.entries.random(random), signals, decisions)
}

internal fun randomReading(random: Random): Reading =
    if (random.nextInt(5) == 0) {
        failed
    } else {
        val parts = labels.filter { random.nextBoolean() }.associateWith { randomSeen(random) }
        randomSeen(random).copy(labels = parts)
    }

private fun randomSeen(random: Random) =
    Reading.Seen(random.nextBoolean(), numbers.random(random), numbers.random(random).takeIf { random.nextBoolean() })

private fun randomRule(random: Random, signalCount: Int, depth: Int): Rule {
    fun children() = List(random.nextInt(0, 4)) { randomRule(random, signalCount, depth - 1) }
    return when (if (depth == 0) 0 else random.nextInt(5)) {
        0, 1 -> {
            val label = labels.random(random).takeIf { random.nextInt(3) == 0 }
            Rule.Leaf(random.nextInt(signalCount), randomPredicate(random), OnError.entries.random(random), label)
        }

        2 -> {
            Rule.And(children())
        }

        3 -> {
            Rule.Or(children())
        }

        else -> {
            Rule.Not(randomRule(random, signalCount, depth - 1))
        }
    }
}

private fun randomPredicate(random: Random): Predicate? =
    when (random.nextInt(4)) {
        0 -> Predicate(gte = numbers.random(random))
        1 -> Predicate(gt = 0.1, lt = numbers.random(random))
        else -> null
    }

internal class Judged(val truth: Truth, val confidence: Double) {
    val ranks get() = truth == Truth.TRUE || truth == Truth.BLOCKED
}

/** The seed's definition, written down once more and as plainly as possible: evaluate all, sort, take the first. */
internal fun naiveWinner(recipe: Recipe, readings: List<Reading>): Pair<Decision, Judged>? {
    val ranked = recipe.decisions.map { it to judge(it.rule, readings) }.filter { it.second.ranks }
    val confidence = compareByDescending<Pair<Decision, Judged>> { it.second.confidence }
    val priority = compareByDescending<Pair<Decision, Judged>> { it.first.priority }
    val name = compareBy<Pair<Decision, Judged>> { it.first.name }
    val order =
        when {
            ranked.any { it.first.tier > 0 } -> compareBy<Pair<Decision, Judged>> { it.first.tier }
                .then(
                    confidence,
                ).then(priority)
                .then(name)

            recipe.strategy == Strategy.PRIORITY -> priority.then(confidence).then(name)

            else -> confidence.then(priority).then(name)
        }
    return ranked.minWithOrNull(order)
}

private val no = Judged(Truth.FALSE, 0.0)
private val blocked = Judged(Truth.BLOCKED, 1.0)

private fun judge(rule: Rule, readings: List<Reading>): Judged =
    when (rule) {
        is Rule.Leaf -> {
            judgeLeaf(rule, readings[rule.signal])
        }

        is Rule.And -> {
            val children = rule.children.map { judge(it, readings) }
            when {
                children.any { it.truth == Truth.FALSE } -> no
                children.any { it.truth == Truth.BLOCKED } -> blocked
                else -> Judged(Truth.TRUE, if (children.isEmpty()) 0.0 else children.sumOf { it.confidence } / children.size)
            }
        }

        is Rule.Or -> {
            val children = rule.children.map { judge(it, readings) }
            when {
                children.any { it.truth == Truth.TRUE } -> Judged(
                    Truth.TRUE,
                    children.filter { it.truth == Truth.TRUE }.maxOf { it.confidence },
                )

                children.any { it.truth == Truth.BLOCKED } -> blocked

                else -> no
            }
        }

        is Rule.Not -> {
            val child = judge(rule.child, readings)
            if (child.truth == Truth.BLOCKED) {
                blocked
            } else if (child.truth == Truth.TRUE) {
                no
            } else {
                Judged(Truth.TRUE, 1.0)
            }
        }
    }

private fun judgeLeaf(leaf: Rule.Leaf, reading: Reading): Judged =
    when (reading) {
        is Reading.Failed -> {
            when (leaf.onError) {
                OnError.MATCH -> Judged(Truth.TRUE, 1.0)
                OnError.NO_MATCH -> no
                OnError.BLOCK -> blocked
            }
        }

        is Reading.Seen -> {
            val predicate = leaf.predicate
            val seen = if (leaf.label == null) reading else reading.labels[leaf.label] ?: missed
            val holds = predicate?.holds(seen.value ?: seen.confidence) ?: seen.matched
            if (holds) Judged(Truth.TRUE, if (predicate == null) seen.confidence else 1.0) else no
        }
    }
