package routercluster.policy.outcomes

import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.time.Duration
import java.time.Instant

class HintTest {
    private val now = Instant.parse("2026-11-30T12:00:00Z")
    private val last = LastTurn(SelectionKey("default", "code"), "m1", "digest", now)

    private fun read(type: String, name: String, matched: Boolean) =
        SignalRef(type, name) to Reading.Seen(matched, if (matched) 0.9 else 0.0, null)

    private fun hints(asked: String, vararg readings: Pair<SignalRef, Reading>, after: Duration = Duration.ofSeconds(30)) =
        last.hints(asked, readings.toList(), now + after).map { it.kind to it.isGood }

    @Test
    fun `the same messages soon after are a retry, whatever signals say`() {
        hints("digest", read("reask", "again", true)) shouldBe listOf(HintKind.RETRIES to false)
        hints("digest", after = Duration.ofMinutes(3)) shouldBe emptyList()
        hints("other") shouldBe listOf(HintKind.RETRIES to true)
    }

    @Test
    fun `signals let on what they read, and those that were not read nothing`() {
        hints("other", read("reask", "again", true), read("reask", "thrice", false)) shouldBe
            listOf(HintKind.RETRIES to true, HintKind.REASKS to false)
        hints("other", read("reask", "again", false)) shouldBe listOf(HintKind.RETRIES to true, HintKind.REASKS to true)
        hints("other", SignalRef("reask", "again") to Reading.Failed("away")) shouldBe listOf(HintKind.RETRIES to true)
        hints("other", read("user_feedback", "satisfied", true), read("user_feedback", "wrong_answer", false)) shouldBe
            listOf(HintKind.RETRIES to true, HintKind.USER_FEEDBACK to true)
        hints("other", read("user_feedback", "wrong_answer", true)) shouldBe
            listOf(HintKind.RETRIES to true, HintKind.USER_FEEDBACK to false)
    }

    @Test
    fun `good and bad of a kind weigh the same, and less than a verdict`() {
        HintKind.entries.forEach { kind ->
            Hint(kind, isGood = true).sums shouldBe VerdictSums(goodFit = kind.weight)
            Hint(kind, isGood = false).sums.let { it.bad to it.weight } shouldBe (kind.weight to kind.weight)
            (kind.weight < VerdictSums.WHOLE) shouldBe true
        }
    }

    @Test
    fun `requests are told apart by all their messages`() {
        val asked = { texts: List<String> -> askedDigest(Facts(texts.map { Message(Role.USER, it) })) }
        asked(listOf("a", "b")) shouldBe asked(listOf("a", "b"))
        asked(listOf("a", "b")) shouldNotBe asked(listOf("ab"))
        asked(listOf("a")) shouldNotBe asked(listOf("a", "a"))
    }
}
