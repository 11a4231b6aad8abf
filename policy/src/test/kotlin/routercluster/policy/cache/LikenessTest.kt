package routercluster.policy.cache

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.cache.Likeness.Trait

class LikenessTest {
    @Test
    fun `what is worded the same is alike in every trait`() {
        val wording = Wording.of("How do I sort a list in Kotlin?")
        val likeness = Likeness.of(wording, wording, similarity = 1.0, lead = 0.4)
        likeness[Trait.SIMILARITY] shouldBe 1.0
        likeness[Trait.LEAD] shouldBe 0.4
        for (trait in listOf(Trait.CONTENT, Trait.SPELLING, Trait.ORDER, Trait.CONTAINED)) likeness[trait] shouldBe 1.0
        for (trait in listOf(Trait.ADDED, Trait.MISSING, Trait.LENGTH, Trait.NAMES, Trait.OPENER)) likeness[trait] shouldBe 0.0
        likeness[Trait.RECORD] shouldBe 0.5
    }

    @Test
    fun `fillers and endings do not count as content, order and names do`() {
        val asked = Wording.of("Is Samsung better than Apple?")
        val kept = Wording.of("Is Apple better than Nokia?")
        val likeness = Likeness.of(asked, kept, 0.9, 0.0)
        likeness[Trait.CONTENT] shouldBe 0.5
        likeness[Trait.ADDED] shouldBe 1.0
        likeness[Trait.MISSING] shouldBe 1.0
        likeness[Trait.NAMES] shouldBe 2.0
        Likeness.of(Wording.of("the books"), Wording.of("a book"), 0.9, 0.0)[Trait.CONTENT] shouldBe 1.0
    }

    @Test
    fun `a record counts each verdict and one of each kind taken for granted`() {
        val wording = Wording.of("x")
        Likeness.of(wording, wording, 1.0, 0.0, right = 3, wrong = 0)[Trait.RECORD] shouldBe (0.8 plusOrMinus 1e-9)
        Likeness.of(wording, wording, 1.0, 0.0, right = 0, wrong = 3)[Trait.RECORD] shouldBe (0.2 plusOrMinus 1e-9)
    }

    @Test
    fun `texts without words give numbers, too`() {
        for (text in listOf("", "   ", "!?", "\u0000", "🙂🙂", "日本語のテキスト", "a".repeat(100_000))) {
            val likeness = Likeness.of(Wording.of(text), Wording.of("something else"), 0.0, 0.0)
            likeness.values.all(Double::isFinite) shouldBe true
        }
    }
}
