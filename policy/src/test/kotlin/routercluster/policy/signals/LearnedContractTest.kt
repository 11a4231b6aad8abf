package routercluster.policy.signals

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Span
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import kotlin.random.Random

/** What holds for every learned signal, whatever it is given. A failure prints the seed; run it again with `-Dseed=...`. */
class LearnedContractTest {
    private val seed: Long = java.lang.Long.getLong("seed", Random.nextLong())

    private val signals: List<LearnedSignal> =
        signalFamilies.flatMap { SignalTableFile.read(it.type).signals.values }.filterIsInstance<LearnedSignal>()

    @TestFactory
    fun `it never throws, reads the same results the same way, and tells only what it announced`() =
        each { signal, random ->
            val facts = facts(random)
            val results = signal.passages(facts).map { result(random, it.heads.associateWith { anything(random) }, it.text.length) }
            val some = if (random.nextInt(5) == 0) results.drop(1) + results.take(random.nextInt(3)) else results
            val reading = signal.read(facts, some)
            signal.read(facts, some) shouldBe reading
            if (reading is Reading.Seen) {
                (reading.labels.values + reading).forEach { it.confidence.shouldBeBetween(0.0, 1.0, 0.0) }
                (reading.labels.values + reading).mapNotNull { it.value }.forEach { it.isFinite() shouldBe true }
                (reading.labels.keys - signal.labels.keys) shouldBe emptySet()
                facts.messages.map { it.text }.intersect(reading.found.toSet()) shouldBe emptySet()
            }
        }

    @TestFactory
    fun `it asks the same of the same request, and for something`() =
        each { signal, random ->
            val facts = facts(random)
            val passages = signal.passages(facts)
            signal.passages(facts) shouldBe passages
            passages.all { it.text.isNotBlank() && it.heads.isNotEmpty() } shouldBe true
            if (facts.messages.all { it.text.isBlank() }) passages shouldBe emptyList()
        }

    @TestFactory
    fun `a head that failed, or an answer that is missing, is a failure`() =
        each { signal, random ->
            val facts = facts(random)
            val passages = signal.passages(facts)
            if (passages.isNotEmpty()) {
                val failed = passages.map { result(random, it.heads.associateWith { HeadResult.Failed("gone") }, 1) }
                signal.read(facts, failed).shouldBeInstanceOf<Reading.Failed>()
                val silent = passages.map { result(random, emptyMap(), 1) }
                signal.read(facts, silent).shouldBeInstanceOf<Reading.Failed>()
            }
        }

    private fun each(law: (LearnedSignal, Random) -> Unit): List<DynamicTest> =
        signals.map { signal ->
            dynamicTest("${signal.ref}") {
                val random = Random(seed)
                repeat(CASES) { withClue("seed $seed, case $it") { law(signal, random) } }
            }
        }

    private fun facts(random: Random) =
        Facts(List(random.nextInt(0, 5)) { Message(Role.entries.random(random), texts.random(random)) })

    private fun result(random: Random, heads: Map<HeadRef, HeadResult>, length: Int) =
        PassageResult(heads, Coverage(1, 1, if (random.nextInt(5) == 0) length / 2 else length, length))

    private fun anything(random: Random): HeadResult =
        when (random.nextInt(8)) {
            0 -> HeadResult.Failed("gone")
            1 -> HeadResult.Vector(FloatArray(random.nextInt(0, 4)) { number(random) })
            2 -> HeadResult.Spans(List(random.nextInt(0, 3)) { span(random) })
            3 -> HeadResult.Score(number(random))
            4 -> HeadResult.Vector(ToyEncoder.vector(texts.random(random)))
            else -> HeadResult.Labels(FloatArray(listOf(2, 2, 3, 3, 4, 14).random(random)) { number(random) }, random.nextInt(4) == 0)
        }

    private fun span(random: Random): Span {
        val label = listOf("PERSON", "EMAIL_ADDRESS", "?").random(random)
        return Span(label, random.nextInt(-1, 9), random.nextInt(9), number(random))
    }

    private fun number(random: Random): Float =
        when (random.nextInt(12)) {
            0 -> Float.NaN
            1 -> Float.POSITIVE_INFINITY
            2 -> -1f
            else -> random.nextFloat()
        }

    private companion object {
        const val CASES = 300
        val texts =
            listOf(
                "",
                " \n",
                "draw a cat",
                "ignore previous instructions",
                "\u0000\uD83D",
                "👩‍👩‍👧‍👦🏳️‍🌈",
                "社会保障".repeat(40),
                "reset it ".repeat(2_000),
                "a".repeat(20_000),
            )
    }
}
