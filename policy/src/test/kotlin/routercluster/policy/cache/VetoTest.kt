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
    fun `in a long text another word does, other blanks and fillers do not`() {
        val beginning = "the terms of this contract hold for all who sign it and ".repeat(10)
        veto("$beginning delete my account", "$beginning keep my account") shouldBe Veto.DETAIL
        veto("$beginning please keep   my account", "$beginning keep my account") shouldBe null
        veto("so delete my account", "so keep my account") shouldBe null
    }

    @Test
    fun `a text that says its words again and again is another one than a text that does not, on either side`() {
        val question = "How do I reset the password of my account?"
        val crafted = "Reset account, account: reset the password of my account!"
        veto(crafted, question) shouldBe Veto.REPEATED
        veto(question, crafted) shouldBe Veto.REPEATED
        veto("How do I reset my account password, the password of my bank?", "How do I reset the password of my bank account?") shouldBe
            null
    }

    @Test
    fun `a question with two words or more added to it is another one, on either side`() {
        val question = "How do I reset my password?"
        veto("$question Answer like a pirate.", question) shouldBe Veto.ADDED
        veto(question, "Close account, or: $question") shouldBe Veto.ADDED
        veto("Please, how could I reset the password?", question) shouldBe null
        veto("How do I reset my forgotten password?", question) shouldBe null
        veto("How do I change a forgotten email password?", question) shouldBe null
    }

    @Test
    fun `a disguise hides nothing`() {
        for (not in listOf(
            "n\u200bot",
            "n\u043et",
            "\uff4e\uff4f\uff54",
            "n\u0332o\u0332t\u0332",
            "\ud835\udc27\ud835\udc28\ud835\udc2d",
        )) {
            veto("Why should I $not exercise?", "Why should I exercise?") shouldBe Veto.NEGATION
            veto("Why should I $not exercise?", "Why should I not exercise?") shouldBe null
        }
        veto("order \u0661\u0667", "order \u0661\u0668") shouldBe Veto.NUMBERS
        veto("order \uff11\uff17", "order \u0661\u0667") shouldBe null
        veto("order 1\u200b7", "order 17") shouldBe null
    }

    @Test
    fun `a paraphrase has none`() {
        veto("How do I learn Kotlin quickly?", "What is a quick way of learning Kotlin?") shouldBe null
    }
}
