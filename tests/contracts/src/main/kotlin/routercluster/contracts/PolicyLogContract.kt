package routercluster.contracts

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.versions.LoggedPolicies
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyLog
import routercluster.policy.versions.PolicyProposal
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.ProposalOutcome
import routercluster.policy.versions.VersionSource
import java.time.Instant
import java.util.HexFormat
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** What holds for every [PolicyLog]. Each test has a [log] of its own, empty, which whoever implements this opens and closes. */
interface PolicyLogContract {
    val log: PolicyLog

    @Test
    fun `versions are numbered from one`() {
        get(log.newest()) shouldBe null
        accepted(propose("one", 0)).number shouldBe 1
        val second = accepted(propose("two", 1))
        second.number shouldBe 2
        get(log.newest()) shouldBe second
        second.text shouldBe "two"
        second.by shouldBe "node"
    }

    @Test
    fun `of two proposals on the same version one wins, and the other is told what did`() {
        propose("one", 0)
        val outcomes = listOf("two", "three").map { log.propose(proposal(it), 1) }.map(::get)
        val winner = outcomes.filterIsInstance<ProposalOutcome.Accepted>().single().policy
        outcomes.filterIsInstance<ProposalOutcome.Conflict>().single().newest shouldBe winner
        get(log.newest()) shouldBe winner
    }

    @Test
    fun `what is the newest already is accepted as that, whatever was expected`() {
        val first = accepted(propose("one", 0))
        accepted(propose("one", 0)) shouldBe first
        accepted(propose("one", 7)) shouldBe first
    }

    @Test
    fun `an earlier text may come again, as a new version`() {
        propose("one", 0)
        propose("two", 1)
        accepted(propose("one", 2)).number shouldBe 3
    }

    @Test
    fun `a text with a secret is refused, and so is one that is too long`() {
        refused(propose("api_key: sk-hush-hush", 0)) shouldContain "holds a secret in clear text (api_key, line 1)"
        refused(propose("x".repeat(LoggedPolicies.POLICY_BYTES_MAX + 1), 0)) shouldContain "at most ${LoggedPolicies.POLICY_BYTES_MAX}"
        get(log.newest()) shouldBe null
    }

    @Test
    fun `a long text comes back as it was`() {
        // Of many letters, so that it does not shrink to nothing.
        val text = (0 until LoggedPolicies.POLICY_BYTES_MAX / 8).joinToString("") {
            HexFormat.of().toHexDigits((it * 2_654_435_761L).toInt())
        }
        accepted(propose(text, 0)).text shouldBe text
        get(log.newest())?.text shouldBe text
    }

    @Test
    fun `whoever watches hears of the newest version, before and after`() {
        propose("one", 0)
        val heard = LinkedBlockingQueue<LoggedPolicy>()
        log.watch { heard += it }.use {
            await(heard, 1)
            propose("two", 1)
            await(heard, 2)
            propose("three", 2)
            await(heard, 3).text shouldBe "three"
        }
    }

    private fun await(heard: LinkedBlockingQueue<LoggedPolicy>, number: Long): LoggedPolicy {
        while (true) {
            val policy = checkNotNull(heard.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "nothing was heard of version $number" }
            if (policy.number == number) return policy
        }
    }

    private fun propose(text: String, expected: Long): ProposalOutcome = get(log.propose(proposal(text), expected))

    private fun proposal(text: String) = PolicyProposal(PolicyVersion.of(text, VersionSource.RELOAD, "p.yaml", Instant.EPOCH), text, "node")

    private fun accepted(outcome: ProposalOutcome): LoggedPolicy = outcome.shouldBeInstanceOf<ProposalOutcome.Accepted>().policy

    private fun refused(outcome: ProposalOutcome): String = outcome.shouldBeInstanceOf<ProposalOutcome.Refused>().reason

    private fun <T> get(stage: CompletionStage<T>): T = stage.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
