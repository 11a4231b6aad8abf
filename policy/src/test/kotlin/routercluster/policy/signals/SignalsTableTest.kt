package routercluster.policy.signals

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.policy.request.Facts
import routercluster.policy.request.Identity
import routercluster.policy.request.LinguaLanguageDetector
import routercluster.policy.request.Message
import routercluster.policy.request.Role

/** Runs every row of `signals/<family>.table`. */
class SignalsTableTest {
    @TestFactory
    fun keyword() = rows("keyword", ::said)

    @TestFactory
    fun structure() = rows("structure", ::said)

    @TestFactory
    fun event() = rows("event", ::said)

    @TestFactory
    fun context() = rows("context") { said(List(it.toInt()) { "to" }.joinToString(" ")) }

    @Test
    fun `a prompt has never fewer tokens than a quarter of its bytes`() {
        val facts = said("internationalization ".repeat(40))
        facts.quarterOfBytes shouldBe 210
        ContextSignal("long", 200..300).read(facts) shouldBe Reading.Seen(true, 1.0, 210.0)
        said("国".repeat(100)).quarterOfBytes shouldBe 75
    }

    @TestFactory
    fun conversation() = rows("conversation", ::conversationOf)

    @TestFactory
    fun metadata() =
        rows("metadata") { written ->
            val entries = written.split(' ').filter { it.isNotEmpty() }.associate { it.substringBefore('=') to it.substringAfter('=') }
            Facts(emptyList(), metadata = entries)
        }

    @TestFactory
    fun authz() =
        rows("authz") { written ->
            val (user, groups) = written.removeSuffix(", fail-open").split(" in ")
            val identity = Identity(user.takeUnless { it == "-" }, groups.split(','), failOpen = written.endsWith("fail-open"))
            Facts(emptyList(), identity = identity)
        }

    @TestFactory
    fun language(): List<DynamicTest> {
        val detector = LinguaLanguageDetector(setOf("en", "zh", "es", "de", "ja"))
        return rows("language") { Facts(listOf(Message(Role.USER, it)), languages = detector) }
    }

    private fun rows(family: String, facts: (String) -> Facts): List<DynamicTest> {
        val table = SignalTableFile.read(family)
        return table.rows.map { row ->
            dynamicTest("${row.rule}: ${row.input}") {
                val reading = table.signals.getValue(row.rule).read(facts(row.input.replace("\\n", "\n")))
                withClue(reading) { written(reading).take(row.expected.split(' ').size) shouldBe row.expected.split(' ') }
            }
        }
    }

    private fun written(reading: Reading): List<String> =
        when (reading) {
            is Reading.Failed -> listOf("failed")
            is Reading.Seen -> listOf(if (reading.matched) "yes" else "no", number(reading.confidence), reading.value?.let(::number) ?: "-")
        }

    private fun number(x: Double): String = x.toString().removeSuffix(".0")

    private fun conversationOf(written: String): Facts {
        val parts = written.split(' ').filter { it.isNotEmpty() }
        val messages =
            parts.filter { !it.startsWith("tools=") }.map { part ->
                val role = Role.valueOf(part.takeWhile { it.isLetter() }.uppercase())
                Message(role, "", part.substringAfter('*', "0").toInt(), part.substringAfter('+', "0").toInt())
            }
        return Facts(messages, toolCount = parts.find { it.startsWith("tools=") }?.substringAfter('=')?.toInt() ?: 0)
    }
}

internal fun said(text: String): Facts = Facts(listOf(Message(Role.USER, text)))
