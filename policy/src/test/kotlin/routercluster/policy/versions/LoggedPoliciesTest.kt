package routercluster.policy.versions

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import java.time.Instant

class LoggedPoliciesTest {
    private fun proposal(text: String) = PolicyProposal(PolicyVersion.of(text, VersionSource.RELOAD, "p.yaml", Instant.EPOCH), text, "node")

    private fun LoggedPolicies.taken(text: String): LoggedPolicies {
        val (after, outcome) = propose(proposal(text), newest?.number ?: 0)
        outcome.shouldBeInstanceOf<ProposalOutcome.Accepted>()
        return after
    }

    @Test
    fun `the oldest leave, numbers go on`() {
        val log = (1..60).fold(LoggedPolicies()) { log, number -> log.taken("text $number") }
        log.versions.map { it.number } shouldBe (11L..60L).toList()
    }

    @Test
    fun `texts are kept up to their bound, the newest in any case`() {
        val size = LoggedPolicies.POLICY_BYTES_MAX
        val log = (1..20).fold(LoggedPolicies()) { log, number -> log.taken("$number".padEnd(size, 'x')) }
        log.versions.size shouldBe (LoggedPolicies.TEXT_BYTES_MAX / size).toInt()
        log.versions.last().number shouldBe 20
    }

    @Test
    fun `a text that is not what its hash says is refused`() {
        val (after, outcome) = LoggedPolicies().propose(proposal("one").copy(text = "two"), 0)
        outcome.shouldBeInstanceOf<ProposalOutcome.Refused>().reason shouldContain "not what its hash says"
        after shouldBe LoggedPolicies()
    }

    @Test
    fun `what was lost is restored, and nothing older`() {
        val log = LoggedPolicies().taken("one").taken("two")
        val newest = log.versions.last()
        val restored = LoggedPolicies().restore(newest)
        restored.versions shouldBe listOf(newest)
        restored.restore(log.versions.first()) shouldBe restored
        restored.taken("three").newest?.number shouldBe 3
    }
}
