package routercluster.policy.decisions

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.property.RandomSource
import io.kotest.property.arbitrary.arbitrary
import io.kotest.property.arbitrary.take
import org.junit.jupiter.api.Test
import routercluster.policy.Recipe
import routercluster.policy.signals.Reading
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
    fun `what is open of projections in the end failed, and traces agree with rules`() =
        forAllCases { recipe, signals ->
            val trace = recipe.engine.trace(Evidence(signals.map { it.reading }))
            trace.partitions.zip(recipe.projections.partitions).forEach { (note, partition) ->
                val anySeen = partition.members.any { signals[it].reading is Reading.Seen }
                (note.winner != null) shouldBe anySeen
            }
            val anyFailed = signals.any { it.reading is Reading.Failed }
            if (!anyFailed) trace.scores.forEach { score -> score.value shouldBe score.inputs.sumOf { it.contribution ?: 0.0 } }
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
                }}, ${recipe.projections.written()}",
            ) {
                law(recipe, recipe.signals.filterIsInstance<ScriptedSignal>())
            }
        }
    }

    private companion object {
        const val CASES = 6_000
    }
}
