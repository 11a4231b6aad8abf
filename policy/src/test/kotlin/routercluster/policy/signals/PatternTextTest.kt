package routercluster.policy.signals

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class PatternTextTest {
    @Test
    fun `a required literal is found where there is one for certain`() {
        val table =
            mapOf(
                "\\b[A-Z.]+@[A-Z.]+\\.[A-Z]{2,}\\b" to "@",
                "\\d{3}-\\d{2}" to "-",
                "begin system prompt" to "begin system prompt",
                "(?i)Ignore (all|any) rules" to "ignore ",
                "colou?r" to "colo",
                "abc*" to "ab",
                "x+yz" to "yz",
                "a|b" to null,
                "(a|b)" to null,
                "[a]" to null,
                "\\141bc" to null,
                "(?m)^\\s*\\d+\\.\\s+" to ".",
                "é" to null,
            )
        table.mapValues { requiredLiteral(it.key) } shouldBe table
    }

    @Test
    fun `lists of literals are recognised and nothing else`() {
        val table =
            mapOf(
                "quick answer" to listOf("quick answer"),
                "[?？]" to listOf("?", "？"),
                "\\b(ssn|credit card)\\b" to listOf("ssn", "credit card"),
                "(?:a|b)" to listOf("a", "b"),
                "node\\.js" to listOf("node.js"),
                "身份证|邮箱" to listOf("身份证", "邮箱"),
                "\\bssn|tax\\b" to null,
                "[a-z]" to null,
                "[^a]" to null,
                "a.b" to null,
                "a\\d" to null,
                "(a)(b)" to null,
                "a||b" to null,
                "\\b(é)\\b" to null,
                "^a" to null,
            )
        table.mapValues { (pattern, _) -> literalsOf(pattern, false)?.map { it.text } } shouldBe table
    }

    @Test
    fun `repetitions are multiplied out`() {
        val table = mapOf(
            "abc" to 3L,
            "a{5}" to 5L,
            "(ab){3,7}c" to 15L,
            "[a-z]{2,}" to 2L,
            "((a{10}){10}){10}" to 1000L,
            "\\d{3}-x{0}" to 5L,
        )
        table.mapValues { expandedSize(it.key) } shouldBe table
    }
}
