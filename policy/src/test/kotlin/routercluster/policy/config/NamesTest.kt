package routercluster.policy.config

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class NamesTest {
    @Test
    fun `distance counts single edits`() {
        listOf(
            Triple("", "", 0),
            Triple("", "abc", 3),
            Triple("weight", "weight", 0),
            Triple("weight", "wieght", 1),
            Triple("weight", "weigh", 1),
            Triple("kitten", "sitting", 3),
            Triple("ca", "abc", 3),
        ).forEach { (a, b, distance) ->
            withClue("$a $b") {
                editDistance(a, b) shouldBe distance
                editDistance(b, a) shouldBe distance
            }
        }
    }

    @Test
    fun `only a likely slip is suggested`() {
        val known = listOf("keyword", "language", "pii", "AND")
        listOf("keywrod" to "keyword", "KEYWORD" to "keyword", "pi" to "pii", "and" to "AND", "domain" to null, "x" to null)
            .forEach { (written, name) -> withClue(written) { nearestName(written, known) shouldBe name } }
    }

    @Test
    fun `a name as long as a file is no burden`() {
        nearestName("x".repeat(1_000_000), listOf("keyword")) shouldBe null
    }
}
