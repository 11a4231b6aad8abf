package routercluster.policy.signals

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class PatternTextTest {
    @Test
    fun `parts that every match holds are found where there are some for certain`() {
        val table =
            mapOf(
                "\\b[A-Z.]+@[A-Z.]+\\.[A-Z]{2,}\\b" to listOf("@"),
                "\\d{3}-\\d{2}" to listOf("-"),
                "begin system prompt" to listOf("begin system prompt"),
                "(?i)Ignore (all|any) rules" to listOf("ignore "),
                "colou?r" to listOf("colo"),
                "abc*" to listOf("ab"),
                "x+yz" to listOf("yz"),
                "a|b" to listOf("a", "b"),
                "(define|translate).{0,48}(term|x)" to listOf("define", "translate"),
                "(ab|c*)d" to listOf("d"),
                "[a]" to emptyList(),
                "(?m)^\\s*\\d+\\.\\s+" to listOf("."),
                "É" to listOf("é"),
                "İ" to listOf("i"),
                "(\\n|a)\\x41" to emptyList(),
            )
        table.mapValues { (pattern, _) -> PatternReader(pattern, caseSensitive = false).read()?.let(::requiredParts) } shouldBe table
    }

    @Test
    fun `what is unusual is left to RE2`() {
        listOf("\\141bc", "\\Qa.b\\E", "\\C").forEach { PatternReader(it, caseSensitive = false).read() shouldBe null }
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
