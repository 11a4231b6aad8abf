package routercluster.gateway.versions

import org.slf4j.LoggerFactory
import routercluster.policy.Policy
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyLog
import routercluster.policy.versions.PolicyLogUnavailable
import routercluster.policy.versions.PolicyProposal
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.ProposalOutcome
import routercluster.policy.versions.VersionSource
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/**
 * How a node takes part in the policy of its cluster.
 *
 * @property log where the cluster's versions are
 * @property node this node's name, for operators
 * @property fileComesFirst whether the file that the node is started with shall replace what the cluster runs already
 * @property timeout longest wait for the log
 */
class PolicySharing(
    val log: PolicyLog,
    val node: String,
    val fileComesFirst: Boolean = false,
    val timeout: Duration = Duration.ofSeconds(10),
)

/** Whether the cluster has taken a policy. */
sealed interface Agreement {
    /** It is version [number] now. */
    class Reached(val number: Long) : Agreement

    /** [reason] is safe to show to an operator. */
    class Failed(val reason: String) : Agreement
}

/**
 * A node's knowledge of the cluster's newest policy, and the way to make one of its own the newest. Safe for use by many threads; [agree]
 * and [newest] wait for the log.
 *
 * @param name of the policy's file, without its folder
 * @param heard called when there is a newer version than was known
 */
class ClusterShare(
    private val config: PolicySharing,
    private val name: String,
    private val clock: Clock,
    private val heard: () -> Unit,
) : AutoCloseable {
    /** The newest version that this node has heard of. */
    @Volatile
    var wanted: LoggedPolicy? = null
        private set

    /** Whether the log could not be asked when a policy was last to be agreed upon, so that it is to be tried again. */
    @Volatile
    var isWaiting = false
        private set

    private val watch = config.log.watch(::hear)

    /** Asks the other nodes to take [policy], which is proven here, instead of the newest version that this node knows. */
    fun agree(policy: Policy, source: VersionSource): Agreement {
        val known = wanted
        isWaiting = known == null
        if (known == null) return Agreement.Failed("the cluster's policy is not known yet; this one is proposed when it is")
        return try {
            outcome(propose(policy, source, known.number))
        } catch (silent: PolicyLogUnavailable) {
            isWaiting = true
            Agreement.Failed("the cluster's policy log does not answer, it is proposed again: ${silent.message}")
        }
    }

    /**
     * The newest version of the cluster, which becomes [first] where there is none yet.
     *
     * @return why it is not known, or null
     */
    fun begin(first: Policy): String? =
        try {
            val newest = waitFor(config.log.newest())?.also(::hear)
            val isProposed = newest == null || (config.fileComesFirst && newest.version.revision != first.revision)
            val agreement = if (isProposed) outcome(propose(first, VersionSource.START, newest?.number ?: 0)) else null
            (agreement as? Agreement.Failed)?.reason?.takeIf { wanted == null || config.fileComesFirst }
        } catch (silent: PolicyLogUnavailable) {
            "the cluster's policy log does not answer: ${silent.message}"
        }

    override fun close() = watch.close()

    private fun propose(policy: Policy, source: VersionSource, expected: Long): ProposalOutcome {
        val version = PolicyVersion.of(policy, source, name, clock.instant())
        return waitFor(config.log.propose(PolicyProposal(version, policy.text, config.node), expected))
    }

    private fun outcome(outcome: ProposalOutcome): Agreement =
        when (outcome) {
            is ProposalOutcome.Accepted -> {
                hear(outcome.policy)
                log.info("{} was taken by the cluster", outcome.policy)
                Agreement.Reached(outcome.policy.number)
            }

            is ProposalOutcome.Conflict -> {
                outcome.newest?.let(::hear)
                Agreement.Failed("the cluster's policy was changed meanwhile, by ${outcome.newest?.by}; it runs ${outcome.newest}")
            }

            is ProposalOutcome.Refused -> {
                Agreement.Failed("the cluster does not take this policy: ${outcome.reason}")
            }
        }

    private fun hear(policy: LoggedPolicy) {
        synchronized(this) {
            val known = wanted
            if (known != null && policy.number <= known.number) return
            wanted = policy
        }
        heard()
    }

    private fun <T> waitFor(answer: CompletionStage<T>): T =
        try {
            answer.toCompletableFuture().get(config.timeout.toMillis(), TimeUnit.MILLISECONDS)
        } catch (failed: ExecutionException) {
            throw failed.cause as? PolicyLogUnavailable ?: failed
        } catch (late: TimeoutException) {
            throw PolicyLogUnavailable("no answer within ${config.timeout.toSeconds()} s", late)
        } catch (stopped: InterruptedException) {
            Thread.currentThread().interrupt()
            throw PolicyLogUnavailable("this node is stopping", stopped)
        }

    private companion object {
        val log = LoggerFactory.getLogger(ClusterShare::class.java)
    }
}
