package routercluster.policy.decisions

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Recipe
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Passage
import routercluster.policy.signals.Cost
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import java.time.Duration
import kotlin.random.Random

/** Laws over random policies with plain and learned signals. A failure prints the seed; run it again with `-Dseed=...`. */
class StagedEqualsFullTest {
    private val seed: Long = java.lang.Long.getLong("seed", Random.nextLong())

    @Test
    fun `asking in stages picks the decision that asking for everything picks`() =
        forAllCases { recipe, world ->
            val lazy = world.settle(recipe.engine.begin(someFacts))
            val full = world.settle(recipe.engine.beginFully(someFacts))
            val expected = naiveWinner(recipe, recipe.signals.map(world::readingOf))
            full.decision?.name shouldBe expected?.first?.name
            full.isBlocked shouldBe (expected?.second?.truth == Truth.BLOCKED)
            full.readings.map { it.first }.toSet() shouldBe recipe.signals.map { it.ref }.toSet()
            lazy.decision?.name shouldBe full.decision?.name
            lazy.isBlocked shouldBe full.isBlocked
            lazy.readings.forEach { (ref, reading) -> reading shouldBe world.readingOf(recipe.signals.first { it.ref == ref }) }
        }

    @Test
    fun `no signal is read twice, only needed ones are asked for, and the cheaper stage comes first`() =
        forAllCases { recipe, world ->
            val asked = mutableListOf<List<LearnedSignal>>()
            val ruling =
                world.settle(recipe.engine.begin(someFacts)) { question ->
                    val evidence = question.evidence()
                    val needed = recipe.engine.needed(evidence).map { recipe.signals[it] }
                    val stage = question.signals.map { ref -> recipe.signals.first { it.ref == ref } as LearnedSignal }
                    (needed.toSet().containsAll(stage)) shouldBe true
                    stage.map { it.cost }.distinct().size shouldBe 1
                    needed.none { it.cost <= stage.first().cost && it !in stage } shouldBe true
                    asked += stage
                }
            ruling.readings.map { it.first }.let { it.distinct() shouldBe it }
            asked.flatten().let { it.distinct() shouldBe it }
            ruling.calls.map { it.signals } shouldBe asked.map { stage -> stage.map { it.ref } }
        }

    @Test
    fun `a question answered twice gives the same twice`() =
        forAllCases { recipe, world ->
            world.settle(recipe.engine.begin(someFacts)) { question ->
                val (once, again) = List(2) { world.settle(question) }
                once.decision?.name shouldBe again.decision?.name
                once.readings shouldBe again.readings
            }
        }

    private fun forAllCases(law: (Recipe, World) -> Unit) {
        val random = Random(seed)
        repeat(CASES) { index ->
            val signals = List(random.nextInt(1, 8)) { if (random.nextBoolean()) plainSignal(it, random) else learnedSignal(it, random) }
            val recipe = randomRecipe(random, signals)
            val world = World.random(random)
            withClue(
                "seed $seed, case $index: ${recipe.strategy}, $world, ${recipe.decisions.map {
                    "${it.name} p${it.priority} t${it.tier} ${it.rule}"
                }}, ${recipe.projections.written()}",
            ) {
                law(recipe, world)
            }
        }
    }

    private companion object {
        const val CASES = 6_000
    }
}

private fun plainSignal(place: Int, random: Random) = ScriptedSignal("s$place", randomReading(random), Cost.entries.random(random))

private fun learnedSignal(place: Int, random: Random): ScriptedLearnedSignal {
    val cost = if (random.nextBoolean()) Cost.ENCODE else Cost.ASK
    val passages =
        List(random.nextInt(0, 3)) {
            Passage(
                "text ${random.nextInt(3)}",
                setOf(topicHead, threatHead)
                    .filterTo(LinkedHashSet()) {
                        random.nextBoolean()
                    }.ifEmpty { setOf(topicHead) },
            )
        }
    return ScriptedLearnedSignal("l$place", randomReading(random), cost, Duration.ofMillis(100L * random.nextInt(1, 4)), passages)
}

/** What encoders do in one case: heads that fail, none that answers, or answers that come after [slow] milliseconds. */
private class World(private val broken: Set<HeadRef>, private val isAway: Boolean, private val slow: Long) {
    override fun toString() = "broken $broken, away $isAway, slow $slow"

    /** Carries every question to its answer; [watch] sees each first. */
    fun settle(first: Deciding, watch: (Question) -> Unit = {}): Ruling {
        var next = first
        while (next is Question) {
            watch(next)
            next = answer(next)
        }
        return next as Ruling
    }

    private fun answer(question: Question): Deciding {
        if (isAway) return question.failed(AWAY, Duration.ZERO)
        var waited: Deciding = question
        while (waited is Question && waited.request === question.request &&
            waited.patience.toMillis() <= slow
        ) {
            waited = waited.expired(waited.patience)
        }
        if (waited !is Question || waited.request !== question.request) return waited
        return waited.answered(replyTo(question.request, broken), Duration.ofMillis(slow))
    }

    /** What a signal says in this world if it is read at all. */
    fun readingOf(signal: Signal): Reading =
        when {
            signal is ScriptedSignal -> {
                signal.reading
            }

            signal !is ScriptedLearnedSignal -> {
                error("no such signal here")
            }

            signal.asks.isEmpty() -> {
                signal.reading
            }

            isAway -> {
                Reading.Failed(AWAY)
            }

            signal.timeout.toMillis() <= slow -> {
                Reading.Failed("no answer within ${signal.timeout.toMillis()} ms")
            }

            else -> {
                signal.asks
                    .flatMap { it.heads }
                    .firstOrNull { it in broken }
                    ?.let { Reading.Failed("$it: out of order") }
                    ?: signal.reading
            }
        }

    companion object {
        const val AWAY = "the encoder is away"

        fun random(random: Random) =
            World(
                setOf(topicHead, threatHead).filterTo(mutableSetOf()) { random.nextInt(4) == 0 },
                isAway = random.nextInt(5) == 0,
                slow = if (random.nextBoolean()) 0 else 100L * random.nextInt(1, 4),
            )
    }
}
