package routercluster.policy.cache

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class VetoTest {
    private fun veto(asked: String, kept: String, askedLanguage: String? = null, keptLanguage: String? = null) =
        Veto.between(Wording.of(asked), Wording.of(kept), askedLanguage, keptLanguage)

    @Test
    fun `other numbers and dates speak against a hit`() {
        veto("What is 15 % of 80?", "What is 15 % of 90?") shouldBe Veto.NUMBERS
        veto("Who won in 2019?", "Who won in 2020?") shouldBe Veto.NUMBERS
        veto("What happened on 2024-01-02?", "What happened on 2024-01-03?") shouldBe Veto.NUMBERS
        veto("Ways to save 100 euros", "Ways to save euros") shouldBe Veto.NUMBERS
    }

    @Test
    fun `a negation on one side does`() {
        veto("Why should I exercise?", "Why should I not exercise?") shouldBe Veto.NEGATION
        veto("Why is it not unable to fly?", "Why can it fly?") shouldBe null
    }

    @Test
    fun `names of others do, a name with more beside it does not`() {
        veto("What is the capital of France?", "What is the capital of Peru?") shouldBe Veto.NAMES
        veto("What is the capital of France?", "what is france's capital?") shouldBe null
        veto("Who is Ada Lovelace?", "Who was Ada?") shouldBe null
    }

    @Test
    fun `identifiers of code do`() {
        veto("What does os.path do?", "What does os.environ do?") shouldBe Veto.IDENTIFIERS
        veto("explain my_list here", "explain my_dict here") shouldBe Veto.IDENTIFIERS
    }

    @Test
    fun `another language does where both are told`() {
        veto("hola", "hola", "es", "pt") shouldBe Veto.LANGUAGE
        veto("hola", "hola", "es", null) shouldBe null
    }

    @Test
    fun `a paraphrase has none`() {
        veto("How do I learn Kotlin quickly?", "What is a quick way of learning Kotlin?") shouldBe null
    }
}
