package routercluster.policy.signals

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import routercluster.policy.request.Facts
import routercluster.policy.request.Identity
import routercluster.policy.request.LinguaLanguageDetector
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import kotlin.random.Random

/** What holds for every signal, whatever it is given. */
class SignalContractTest {
    private val detector = LinguaLanguageDetector(setOf("en", "zh", "es", "de", "ja"))

    @TestFactory
    fun `a signal never throws and reads the same facts the same way`() =
        signalFamilies.flatMap { SignalTableFile.read(it.type).signals.values }.map { signal ->
            dynamicTest("${signal.ref}") {
                for ((name, text) in texts) {
                    withClue(name) {
                        val reading = signal.read(facts(text))
                        signal.read(facts(text)) shouldBe reading
                        if (reading is Reading.Seen) reading.confidence.shouldBeBetween(0.0, 1.0, 0.0)
                    }
                }
            }
        }

    @TestFactory
    fun `a signal reads the same whether it shares an index or not`(): List<DynamicTest> {
        val alone = signalFamilies.flatMap { SignalTableFile.read(it.type).signals.values }
        val together = sharingSearches(alone).filterNotNull()
        return texts.map { (name, text) ->
            dynamicTest(name) {
                val shared = facts(text)
                alone.indices.forEach { withClue(alone[it].ref) { together[it].read(shared) shouldBe alone[it].read(facts(text)) } }
            }
        }
    }

    private fun facts(text: String) =
        Facts(
            listOf(Message(Role.SYSTEM, text), Message(Role.USER, text, imageCount = 1), Message(Role.OTHER, "")),
            metadata = mapOf(text.take(9) to text),
            identity = Identity(text, listOf(text)),
            languages = detector,
        )

    private companion object {
        const val MEGA = 1 shl 20
        val random = Random(7)
        val texts =
            mapOf(
                "empty" to "",
                "one blank" to " ",
                "NUL" to "\u0000a\u0000",
                "emoji" to "👩‍👩‍👧‍👦🏳️‍🌈😀 urgent 😀",
                "lone high surrogate" to "\uD83D",
                "lone low surrogate" to "\uDE00urgent",
                "turned surrogates" to "a\uDE00\uD83Db\uD83D",
                "rare ideographs" to "𠀀𠀁urgent𠀂",
                "marks alone" to "\u0301\u0301\u200D",
                "a long word" to "a".repeat(MEGA),
                "blanks" to " ".repeat(MEGA),
                "one letter words" to "a ".repeat(MEGA / 2),
                "Chinese" to "社会保障至少".repeat(MEGA / 24),
                "keywords only" to "urgent credit card ".repeat(MEGA / 76),
                "any units" to String(CharArray(MEGA / 8) { random.nextInt(0x10000).toChar() }),
                "line breaks" to "1.\r\n".repeat(MEGA / 16),
            )
    }
}
