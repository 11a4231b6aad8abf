package routercluster.policy.encode

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.decisions.ScriptedSignal
import routercluster.policy.decisions.matched
import routercluster.policy.decisions.policy
import routercluster.policy.decisions.recipe
import routercluster.policy.request.Facts
import routercluster.policy.signals.Cost
import routercluster.policy.signals.Exemplars
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.time.Duration

class PreparationTest {
    private val small = HeadRef("small", "embedding")
    private val large = HeadRef("large", "embedding")

    /** Remembers what it was prepared with. */
    private class Taught(name: String, override val exemplars: Exemplars, val vectors: List<FloatArray>? = null) : LearnedSignal {
        override val ref = SignalRef("embedding", name)
        override val cost = Cost.ENCODE
        override val timeout: Duration = Duration.ofSeconds(1)

        override fun prepared(vectors: List<FloatArray>) = Taught(ref.name, exemplars, vectors)

        override fun passages(facts: Facts): List<Passage> = emptyList()

        override fun read(facts: Facts, results: List<PassageResult>): Reading = Reading.Seen(false)
    }

    private fun reply(request: EncodeRequest, of: (Passage) -> HeadResult) =
        EncodeReply(
            request.passages.map { PassageResult(mapOf(it.heads.single() to of(it)), Coverage(1, 1, 1, 1)) },
            1,
            Duration.ZERO,
            Duration.ZERO,
        )

    private fun vectorOf(passage: Passage) = HeadResult.Vector(
        floatArrayOf(
            passage.text.length.toFloat(),
            passage.vector.dimensions?.toFloat() ?: 0f,
        ),
    )

    private fun Policy.vectors(recipe: String, signal: Int) = (
        recipes
            .getValue(
                recipe,
            ).signals[signal] as Taught
    ).vectors?.map { it.toList() }

    @Test
    fun `each exemplar is read once, whichever signals and recipes have it`() {
        val first = policy(
            recipe(
                listOf(
                    ScriptedSignal("plain", matched),
                    Taught("a", Exemplars(small, listOf("hi", "hello"))),
                    Taught("b", Exemplars(small, listOf("hello", "x"))),
                ),
            ),
            recipe(
                listOf(
                    Taught("a", Exemplars(large, listOf("hello"))),
                    Taught("c", Exemplars(small, listOf("hi"), VectorShape(dimensions = 2))),
                ),
                name = "other",
            ),
        )
        val preparation = Preparation.of(first).shouldNotBeNull()
        val request = preparation.requests.single()
        request.passages.map { "${it.text} ${it.heads.single()} ${it.vector.dimensions}" } shouldBe
            listOf("hi $small null", "hello $small null", "x $small null", "hello $large null", "hi $small 2")
        val ready = preparation.complete(listOf(reply(request, ::vectorOf))).shouldBeInstanceOf<Prepared.Ready>().policy
        ready.vectors("default", 1) shouldBe listOf(listOf(2f, 0f), listOf(5f, 0f))
        ready.vectors("default", 2) shouldBe listOf(listOf(5f, 0f), listOf(1f, 0f))
        ready.vectors("other", 0) shouldBe listOf(listOf(5f, 0f))
        ready.vectors("other", 1) shouldBe listOf(listOf(2f, 2f))
        first.vectors("default", 1).shouldBeNull()
        ready.revision shouldBe first.revision
        ready.recipes
            .getValue("other")
            .decisions
            .shouldBeEmpty()
    }

    @Test
    fun `many exemplars come in requests of bounded size`() {
        val texts = List(300) { "text $it" }
        val preparation = Preparation.of(policy(recipe(listOf(Taught("a", Exemplars(small, texts)))))).shouldNotBeNull()
        preparation.requests.map { it.passages.size } shouldBe listOf(128, 128, 44)
        preparation.complete(preparation.requests.map { reply(it, ::vectorOf) }).shouldBeInstanceOf<Prepared.Ready>()
    }

    @Test
    fun `a policy without exemplars needs nothing`() {
        Preparation.of(policy(recipe(listOf(ScriptedSignal("plain", matched))))).shouldBeNull()
    }

    @Test
    fun `what cannot be embedded says why`() {
        val preparation = Preparation.of(policy(recipe(listOf(Taught("a", Exemplars(small, listOf("hi"))))))).shouldNotBeNull()
        val request = preparation.requests.single()
        val rows =
            listOf(
                listOf(reply(request) { HeadResult.Failed("no such layer") }) to "small/embedding: no such layer",
                listOf(reply(request) { HeadResult.Score(1f) }) to "small/embedding gave no vector",
                emptyList<EncodeReply>() to "the encoder answered 0 of 1 exemplars",
            )
        for ((replies, reason) in rows) preparation.complete(replies).shouldBeInstanceOf<Prepared.Failed>().reason shouldBe reason
    }
}
