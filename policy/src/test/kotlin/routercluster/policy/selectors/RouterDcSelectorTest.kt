package routercluster.policy.selectors

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.signals.ToyEncoder
import kotlin.math.exp
import kotlin.random.Random

/** Of the models of the contract only three have a description. */
private val described =
    listOf("a proof of math", "a poem of love", "a program in code").mapIndexed { index, text -> candidate("m$index", description = text) }

internal fun Selector.ready(candidates: List<Candidate>): Selector {
    val bound = bound(candidates, ToyEncoder.catalog)
    return bound.prepared(
        bound.exemplars
            .shouldNotBeNull()
            .texts
            .map(ToyEncoder::vector),
    )
}

internal fun asking(text: String) = Traits(embedding = ToyEncoder.vector(text))

class RouterDcSelectorTest : SelectorContract {
    override val selector = RouterDcSelector(RouterDcSettings()).ready(described)

    override fun traits() = asking("a program of math")

    private fun rank(settings: RouterDcSettings, candidates: List<Candidate>, text: String) =
        RouterDcSelector(settings).ready(candidates).rank(candidates, SelectionContext(Random(1), traits = asking(text)))

    @Test
    fun `the most similar description is first, its score the softmax`() {
        val ranked = rank(RouterDcSettings(similarityMin = 0.3), described, "a proof in math")
        ranked.map { it.candidate.model.name } shouldBe listOf("m0", "m2", "m1")
        ranked.map { it.parts.getValue("similarity") }.zip(listOf(0.75, 0.5, 0.25)).forEach { (is_, should) ->
            is_ shouldBe
                (should plusOrMinus 1e-6)
        }
        ranked[1].score shouldBe (exp(-0.25 / 0.07) / (1 + exp(-0.25 / 0.07)) plusOrMinus 1e-9)
        ranked[2].score shouldBe 0.0
        ranked[2].reason shouldContain "similarity 0.25, below 0.3"
    }

    @Test
    fun `without an embedding the order of the policy stands`() {
        val ranked = selector.rank(
            described,
            SelectionContext(Random(1), traits = Traits(lacks = mapOf(Need.EMBEDDING to "the queue is full"))),
        )
        ranked.map { it.candidate } shouldBe described
        ranked.first().reason shouldContain "the queue is full"
    }

    @Test
    fun `capabilities are part of the text where the policy wants them`() {
        val candidates = listOf(candidate("plain", description = "helpful"), candidate("able", capabilities = listOf("vision", "math")))
        rank(RouterDcSettings(), candidates, "math")
            .first()
            .candidate.model.name shouldBe "able"
        rank(RouterDcSettings(usesCapabilities = false), candidates, "math").first().reason shouldContain
            "neither a description nor capabilities"
        RouterDcSelector(RouterDcSettings()).bound(candidates, ToyEncoder.catalog).exemplars?.texts shouldBe
            listOf("helpful", "vision, math")
    }

    @Test
    fun `a model without a text is before those that are not similar, or last`() {
        val candidates = listOf(candidate("far", description = "cooking"), candidate("silent"), candidate("near", description = "math"))
        rank(RouterDcSettings(), candidates, "math").map { it.candidate.model.name } shouldContainExactly listOf("near", "silent", "far")
        rank(RouterDcSettings(requiresDescriptions = true), candidates, "math").map { it.candidate.model.name } shouldContainExactly
            listOf("near", "far", "silent")
    }

    @Test
    fun `a model's lead over the others counts where the policy says so`() {
        val ranked = rank(RouterDcSettings(isAgainstRequests = true, similarityMin = 0.2), described, "a proof in math")
        ranked.first().parts.getValue("similarity") shouldBe (0.25 plusOrMinus 1e-6)
        ranked[1].score shouldBe 0.0
    }

    @Test
    fun `what all descriptions have in common counts for nothing where the policy says so`() {
        val candidates = listOf(candidate("m", description = "good model for math"), candidate("l", description = "good model for law"))
        val plain = rank(RouterDcSettings(similarityMin = 0.0), candidates, "good model for cooking")
        val against = rank(RouterDcSettings(similarityMin = 0.0, isAgainstModels = true), candidates, "good model for cooking")
        plain.first().parts.getValue("similarity") shouldBe (0.75 plusOrMinus 1e-6)
        against.first().parts.getValue("similarity") shouldBe (0.0 plusOrMinus 1e-6)
        rank(RouterDcSettings(isAgainstModels = true), candidates, "law")
            .first()
            .candidate.model.name shouldBe "l"
    }

    @Test
    fun `of shorter vectors only the leading dimensions count`() {
        val candidates = listOf(candidate("a", description = "x"), candidate("b", description = "y"))
        val bound = RouterDcSelector(RouterDcSettings(dimensions = 2)).bound(candidates, ToyEncoder.catalog)
        val selector = bound.prepared(listOf(floatArrayOf(0.6f, 0f, 0.8f), floatArrayOf(0f, 0.6f, 0.8f)))
        val ranked = selector.rank(candidates, SelectionContext(Random(1), traits = Traits(embedding = floatArrayOf(0f, 0.1f, 0.99f))))
        ranked
            .first()
            .candidate.model.name shouldBe "b"
        ranked.first().parts.getValue("similarity") shouldBe (1.0 plusOrMinus 1e-6)
    }

    @Test
    fun `there is nothing to embed without an encoder or without texts`() {
        RouterDcSelector(RouterDcSettings()).bound(described, Catalog.NONE).exemplars.shouldBeNull()
        RouterDcSelector(RouterDcSettings()).bound(listOf(candidate("m")), ToyEncoder.catalog).exemplars.shouldBeNull()
    }
}
