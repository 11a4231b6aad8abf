package routercluster.policy.language

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.policy.models.Model
import routercluster.policy.models.ModelCard
import routercluster.policy.models.Pricing
import routercluster.policy.models.Upstream

class ChoiceTest {
    private fun model(name: String, host: String = "api.example.com", card: ModelCard = ModelCard(), price: Double? = null) =
        Model(name, listOf(Upstream("$name/one", true, host, 443, model = name)), card, price?.let { Pricing("USD", it, it) })

    private val models =
        listOf(
            model("tiny-coder", card = ModelCard(parameterSize = "800M", tags = listOf("code")), price = 1.0),
            model("mid", "10.0.0.7", ModelCard(parameterSize = "8B"), 0.5),
            model("giant", card = ModelCard(parameterSize = "1T", capabilities = listOf("vision")), price = 9.0),
        )

    private fun names(words: String) = choiceOf(words, models).shouldBeInstanceOf<Choice.Models>().names

    @TestFactory
    fun `words for models`(): List<DynamicTest> =
        listOf(
            "Giant" to listOf("giant"),
            "the mid model" to listOf("mid"),
            "our vision model" to listOf("giant"),
            "tiny" to listOf("tiny-coder"),
            "the cheapest one" to listOf("mid"),
            "a small model" to listOf("tiny-coder"),
            "the most capable model" to listOf("giant"),
            "the in-house model" to listOf("mid"),
        ).map { (words, expected) -> dynamicTest(words) { names(words) shouldBe expected } }

    @Test
    fun `an order that the policy does not tell is not guessed`() {
        val unpriced = models + model("new", card = ModelCard(parameterSize = "1B"))
        choiceOf("the cheapest", unpriced).shouldBeInstanceOf<Choice.Unclear>().reason shouldContain "not all have pricing"
    }

    @TestFactory
    fun `a model is local by its address`(): List<DynamicTest> {
        val near = listOf("127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "::1", "fd12::7", "fe80::1", "localhost", "vllm", "gpu.lan")
        val far = listOf("8.8.8.8", "172.15.0.1", "2001:db8::1", "api.example.com", "999.1.1.1", "local.example.com")
        return (near.map { it to true } + far.map { it to false }).map { (host, isLocal) ->
            dynamicTest(host) { (localModels(listOf(model("m", host))) is Choice.Models) shouldBe isLocal }
        }
    }
}
