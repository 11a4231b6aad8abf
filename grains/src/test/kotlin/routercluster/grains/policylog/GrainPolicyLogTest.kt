package routercluster.grains.policylog

import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.javadsl.AskPattern
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.contracts.PolicyLogContract
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.state.Fate
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.ScriptedStateStore
import routercluster.grains.state.StateKey
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyLog
import routercluster.policy.versions.PolicyLogUnavailable
import routercluster.policy.versions.PolicyProposal
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.ProposalOutcome
import routercluster.policy.versions.VersionSource
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

class GrainPolicyLogTest : PolicyLogContract {
    private val kit = ActorTestKit.create()
    private val store = ScriptedStateStore(MemoryStateStore(InstantSource.system()))
    private val directory = OneGrain(kit, store)

    /** Looks so seldom that what is heard was announced. */
    override val log: PolicyLog = GrainPolicyLog(kit.system(), directory, lookEvery = Duration.ofHours(1), timeout = TIMEOUT)

    @AfterEach
    fun close() = kit.shutdownTestKit()

    @Test
    fun `a grain that starts anew has what was accepted`() {
        val first = accepted("one", 0)
        directory.restart()
        get(log.newest()) shouldBe first
        accepted("two", 1).number shouldBe 2
    }

    @Test
    fun `what a node missed in a time of silence it has after its next look`() {
        val heard = LinkedBlockingQueue<LoggedPolicy>()
        directory.isSilent = true
        val other = kit.spawn(policyLogClient({ directory.tell(POLICY_LOG_ID, it) }, Duration.ofMillis(50), TIMEOUT))
        other.tell(ClientCommand.Watch(heard::add))
        directory.proposeAnyway("one", 0)
        directory.proposeAnyway("two", 1)
        heard.isEmpty() shouldBe true
        directory.isSilent = false
        next(heard).number shouldBe 2
    }

    @Test
    fun `a log whose store was lost is told by a node what it knew`() {
        accepted("one", 0)
        val second = accepted("two", 1)
        get(log.newest()) shouldBe second
        store.delete(StateKey("policy-log", "policy"), expectedRevision = 2)
        directory.restart()
        get(log.newest()) shouldBe second
        accepted("three", 2).number shouldBe 3
    }

    @Test
    fun `a proposal whose answer was lost is unavailable, and accepted when it is made again`() {
        store.fate = { save -> if (save) Fate.ANSWER_LOST else Fate.DONE }
        shouldFail(log.propose(proposal("one"), 0))
        store.fate = { Fate.DONE }
        accepted("one", 0).number shouldBe 1
    }

    @Test
    fun `a log without its store still tells what it knows, and says that it cannot take more`() {
        val first = accepted("one", 0)
        store.fate = { Fate.LOST }
        shouldFail(log.propose(proposal("two"), 1))
        get(log.newest()) shouldBe first
        store.fate = { Fate.DONE }
        accepted("two", 1).number shouldBe 2
    }

    @Test
    fun `a grain that does not answer is unavailable`() {
        directory.isSilent = true
        shouldFail(log.newest())
        shouldFail(log.propose(proposal("one"), 0))
    }

    private fun accepted(text: String, expected: Long): LoggedPolicy =
        get(log.propose(proposal(text), expected)).shouldBeInstanceOf<ProposalOutcome.Accepted>().policy

    private fun shouldFail(stage: CompletionStage<*>) {
        val failure = runCatching { stage.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS) }.exceptionOrNull()
        failure.shouldBeInstanceOf<ExecutionException>().cause.shouldBeInstanceOf<PolicyLogUnavailable>()
    }

    private fun <T> get(stage: CompletionStage<T>): T = stage.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun next(heard: LinkedBlockingQueue<LoggedPolicy>) =
        checkNotNull(heard.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "nothing was heard within $WAIT_SECONDS s" }

    private companion object {
        const val WAIT_SECONDS = 20L
        val TIMEOUT: Duration = Duration.ofMillis(500)
    }
}

private fun proposal(text: String) = PolicyProposal(PolicyVersion.of(text, VersionSource.RELOAD, "p.yaml", Instant.EPOCH), text, "node")

/** The log's grain, which can be started anew, and cut off from those who ask this directory. */
private class OneGrain(private val kit: ActorTestKit, private val store: ScriptedStateStore) : GrainDirectory<PolicyLogCommand> {
    @Volatile
    private var grain = kit.spawn(policyLogGrain(store))

    @Volatile
    var isSilent = false

    fun restart() {
        kit.stop(grain)
        grain = kit.spawn(policyLogGrain(store))
    }

    /** Past the silence. */
    fun proposeAnyway(text: String, expected: Long) {
        val probe = kit.createTestProbe<ProposalReply>()
        val record = proposal(text).let { recordOf(0, it.version, it.text, it.by) }
        grain.tell(PolicyLogCommand.Propose(record, expected, probe.ref))
        probe.expectMessageClass(ProposalReply.Accepted::class.java)
    }

    override fun tell(id: String, message: PolicyLogCommand) {
        if (!isSilent) grain.tell(message)
    }

    override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> PolicyLogCommand): CompletionStage<R> {
        val target = if (isSilent) kit.system().deadLetters<PolicyLogCommand>() else grain
        return AskPattern.ask(target, { make(it) }, timeout, kit.system().scheduler())
    }
}
