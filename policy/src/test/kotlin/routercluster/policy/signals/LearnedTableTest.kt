package routercluster.policy.signals

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import java.util.Locale

/**
 * Runs every row of a learned family's table: rule, then what the user says and `=>` what the head answers, then the reading: yes,
 * no or failed, confidence, value, and any labels. A `-` stands for no value.
 */
class LearnedTableTest {
    @TestFactory
    fun embedding() = rows("embedding", ::said)

    @TestFactory
    fun domain() = rows("domain", ::said)

    @TestFactory
    fun `fact check`() = rows("fact_check", ::said)

    @TestFactory
    fun `user feedback`() =
        rows("user_feedback") { text ->
            if (text.startsWith("first")) said(text) else Facts(listOf(Message(Role.ASSISTANT, "an answer"), Message(Role.USER, text)))
        }

    @TestFactory
    fun reask() = rows("reask") { text -> Facts(text.split(" / ").map { Message(Role.USER, it.removePrefix("-")) }) }

    @TestFactory
    fun preference() = rows("preference", ::said)

    @TestFactory
    fun complexity() = rows("complexity", ::said)

    @TestFactory
    fun modality() = rows("modality", ::said)

    @TestFactory
    fun jailbreak() = rows("jailbreak", ::dialogue)

    @TestFactory
    fun pii() = rows("pii", ::dialogue)

    @TestFactory
    fun kb() = rows("kb", ::said)

    @TestFactory
    fun classifier() = rows("classifier", ::said)

    /** Messages `role: text`, one after another with ` / ` between; one without a role is the user's. */
    private fun dialogue(text: String): Facts =
        Facts(
            text.split(" / ").map { message ->
                val role = Role.entries.firstOrNull { message.startsWith("${it.name.lowercase()}: ") } ?: Role.USER
                Message(role, message.removePrefix("${role.name.lowercase()}: "))
            },
        )

    private fun rows(family: String, facts: (String) -> Facts): List<DynamicTest> {
        val table = SignalTableFile.read(family)
        return table.rows.map { row ->
            dynamicTest("${row.rule}: ${row.input}") {
                val said = row.input.substringBefore("=>").trim()
                val signal = table.signals.getValue(row.rule) as LearnedSignal
                val reading = signal.readAs(facts(said), row.input.substringAfter("=>", "").trim())
                val expected = row.expected.split(' ')
                withClue(reading) { written(reading, expected.drop(3)) shouldBe expected }
            }
        }
    }

    private fun written(reading: Reading, labels: List<String>): List<String> =
        when (reading) {
            is Reading.Failed -> {
                listOf("failed")
            }

            is Reading.Seen -> {
                val parts =
                    labels.map { it.substringBefore('=') }.map { label ->
                        if (label == "found") "found=${reading.found.joinToString(",")}" else "$label=${part(reading.part(label))}"
                    }
                listOf(if (reading.matched) "yes" else "no", number(reading.confidence), reading.value?.let(::number) ?: "-") + parts
            }
        }

    private fun part(seen: Reading.Seen): String = if (seen.matched && seen.value == null) "yes" else seen.value?.let(::number) ?: "no"

    private fun number(x: Double): String = String
        .format(Locale.ROOT, "%.3f", x)
        .trimEnd('0')
        .trimEnd('.')
        .replace(Regex("^-0$"), "0")
}
