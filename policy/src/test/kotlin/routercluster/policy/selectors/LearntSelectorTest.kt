package routercluster.policy.selectors

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.EMBEDDING
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.LearntModel
import routercluster.policy.learnt.trained
import routercluster.policy.learnt.traits
import routercluster.policy.learnt.unit
import routercluster.policy.models.Model
import routercluster.policy.models.Pricing
import kotlin.random.Random

/** The laws, with candidates of which the artifact knows some. */
class LearntSelectorContractTest : SelectorContract {
    private val known = trained(LearntKind.KNN).let { artifact ->
        Artifact(
            artifact.kind,
            artifact.card,
            listOf("m1", "m2", "m0").map { LearntModel(it, 0.5, 1.0) },
            artifact.features,
            artifact.estimator,
        )
    }

    override val selector = LearntSelector(known, costWeight = 0.1)

    override fun traits(): Traits = traits(unit(FloatArray(EMBEDDING) { 1f }), law = 0.4, complexity = 0.5, length = 100)
}

class LearntSelectorTest {
    private val candidates = listOf("cheap", "mathematician", "stranger", "lawyer").map { Candidate(Model(it, emptyList())) }
    private val law = unit(FloatArray(EMBEDDING) { if (it == 0) 2f else 0f })

    private fun ranked(kind: LearntKind, costWeight: Double, traits: Traits = ofLaw(), of: List<Candidate> = candidates) =
        LearntSelector(trained(kind), costWeight).rank(of, SelectionContext(Random(1), traits = traits))

    private fun ofLaw(embedding: FloatArray? = law) = traits(embedding, law = 0.9, complexity = 0.5, length = 200)

    private fun names(ranked: List<Ranked>) = ranked.map { it.candidate.model.name }

    @Test
    fun `each kind picks who is good at it, and puts last of whom it knows nothing`() =
        assertSoftly {
            for (kind in LearntKind.entries) {
                val ranked = ranked(kind, costWeight = 0.0)
                withClue(kind.key) {
                    names(ranked).let { it.first() to it.last() } shouldBe ("lawyer" to "stranger")
                    ranked.first().parts.getValue("quality") shouldBe (0.85 plusOrMinus 0.25)
                    ranked.last().reason shouldContain "knows nothing of it"
                    ranked.map { it.propensity } shouldBe listOf(1.0, 0.0, 0.0, 0.0)
                }
            }
        }

    @Test
    fun `the knob goes from the best to the cheapest`() {
        val picks = (0..20).map { names(ranked(LearntKind.PARETO, it / 20.0)).first() }
        picks.distinct() shouldBe listOf("lawyer", "cheap")
    }

    @Test
    fun `where the request could not be read the order of the file stands, and it is told why`() {
        val unread = ranked(LearntKind.SVM, 0.0, Traits(lacks = mapOf(Need.DOMAIN to "no encoder was asked")))
        names(unread) shouldBe names(candidates.map { Ranked(it, 0.0, "-") })
        unread.first().reason shouldContain "could not choose, no encoder was asked"
        ranked(LearntKind.SVM, 0.0, ofLaw(embedding = null)).first().reason shouldContain "the embedding is not known"
        ranked(LearntKind.SVM, 0.0, ofLaw(FloatArray(3) { 1f })).first().reason shouldContain "made for embeddings of 8 numbers"
        val strangers = listOf(Candidate(Model("stranger", emptyList())))
        ranked(LearntKind.SVM, 0.0, of = strangers).first().reason shouldContain "it knows none of the candidates"
    }

    @Test
    fun `prices of the policy stand in for costs, and without either cost is left out`() {
        val artifact = trained(LearntKind.SVM).let {
            Artifact(it.kind, it.card, it.models.map { model -> model.copy(cost = null) }, it.features, it.estimator)
        }

        fun reasons(lawyer: Double?): List<String> {
            val priced = mapOf("lawyer" to lawyer, "cheap" to 1.0).map { (name, price) ->
                Candidate(Model(name, emptyList(), pricing = price?.let { Pricing("USD", it, it) }))
            }
            return LearntSelector(artifact, 0.9).rank(priced, SelectionContext(Random(1), traits = ofLaw())).map {
                it.candidate.model.name +
                    it.reason
            }
        }
        reasons(10.0).first() shouldContain "0.1 of the highest cost, cost by the policy's prices"
        reasons(null).first() shouldContain "cost left out, since that of lawyer is not known"
    }

    @Test
    fun `it asks of a request what its artifact was trained on`() {
        LearntSelector(trained(LearntKind.MLP), 0.0).needs shouldBe setOf(Need.EMBEDDING, Need.DOMAIN, Need.COMPLEXITY)
    }
}
