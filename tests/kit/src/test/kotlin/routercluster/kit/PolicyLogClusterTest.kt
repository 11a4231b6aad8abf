package routercluster.kit

import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.contracts.PolicyLogContract
import routercluster.grains.policylog.GrainPolicyLog
import routercluster.grains.policylog.policyLogKind
import routercluster.grains.state.MemoryStateStore
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyLog
import routercluster.policy.versions.PolicyLogUnavailable
import routercluster.policy.versions.PolicyProposal
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.ProposalOutcome
import routercluster.policy.versions.VersionSource
import routercluster.silo.RunningSilo
import routercluster.silo.config.Role
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

/** The policy log of a real cluster, as a node sees it that hosts no grains. */
class PolicyLogClusterTest : PolicyLogContract {
    private val store = MemoryStateStore(InstantSource.system())
    private val logs = ConcurrentHashMap<RunningSilo, PolicyLog>()
    private val cluster = ClusterOf(2, setOf(Role.SILO)) { node ->
        logs[node] =
            GrainPolicyLog(node.system, node.grains.host(policyLogKind(store)))
    }
    private val gateway = cluster.start(setOf(Role.GATEWAY))

    override val log: PolicyLog get() = logs.getValue(gateway)

    @AfterEach
    fun close() = cluster.close()

    @Test
    fun `every node hears of a version at once, and one that joins later too`() {
        val heard = cluster.alive.map { node -> node to newestOf(node) }
        val first = accepted("one", 0)
        heard.forEach { (_, newest) -> cluster.await("a node hears of the first version") { newest() == first } }
        val late = newestOf(cluster.start(setOf(Role.GATEWAY)))
        cluster.await("the late node hears of it") { late() == first }
    }

    @Test
    fun `the log survives each of its nodes`() {
        val newest = newestOf(gateway)
        (0..1).forEach { index ->
            val policy = accepted("policy $index", index.toLong())
            cluster.kill(index)
            cluster.start(setOf(Role.SILO))
            val next = persistently { log.newest() }
            next shouldBe policy
        }
        cluster.await("the gateway hears of the last") { newest()?.number == 2L }
    }

    /** The newest version that a node has heard of. */
    private fun newestOf(node: RunningSilo): () -> LoggedPolicy? {
        val heard = ConcurrentHashMap<String, LoggedPolicy>()
        logs.getValue(node).watch { heard["newest"] = it }
        return { heard["newest"] }
    }

    private fun accepted(text: String, expected: Long): LoggedPolicy {
        val version = PolicyVersion.of(text, VersionSource.RELOAD, "p.yaml", Instant.EPOCH)
        val outcome = persistently { log.propose(PolicyProposal(version, text, "node"), expected) }
        return outcome.shouldBeInstanceOf<ProposalOutcome.Accepted>().policy
    }

    /** Asks again while nobody is there, as a node does. */
    private fun <T> persistently(ask: () -> CompletionStage<T>): T {
        val end = System.nanoTime() + WAIT.toNanos()
        while (true) {
            try {
                return ask().toCompletableFuture().get(WAIT.toSeconds(), TimeUnit.SECONDS)
            } catch (failed: ExecutionException) {
                if (failed.cause !is PolicyLogUnavailable || System.nanoTime() > end) throw failed
            }
        }
    }

    private companion object {
        val WAIT: Duration = Duration.ofSeconds(60)
    }
}
