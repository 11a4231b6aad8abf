package routercluster.grains.policylog

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.Props
import routercluster.grains.directory.GrainDirectory
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyLog
import routercluster.policy.versions.PolicyLogUnavailable
import routercluster.policy.versions.PolicyProposal
import routercluster.policy.versions.ProposalOutcome
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeoutException

/**
 * The cluster's policy log, as a node reaches it. Once for an actor system.
 *
 * @param directory of the grains of [policyLogKind]
 * @param lookEvery how often the grain is asked for what this node did not hear of
 * @param timeout longest wait for the grain's answer
 */
class GrainPolicyLog(
    system: ActorSystem<*>,
    private val directory: GrainDirectory<PolicyLogCommand>,
    lookEvery: Duration = Duration.ofSeconds(5),
    private val timeout: Duration = Duration.ofSeconds(5),
) : PolicyLog {
    private val client: ActorRef<ClientCommand> =
        system.systemActorOf(
            policyLogClient({ directory.tell(POLICY_LOG_ID, it) }, lookEvery, timeout),
            "policy-log",
            Props.empty(),
        )

    override fun propose(proposal: PolicyProposal, expected: Long): CompletionStage<ProposalOutcome> {
        val refusal = proposal.version.notKept
        // Such a text does not leave its node.
        if (refusal != null) return CompletableFuture.completedFuture(ProposalOutcome.Refused("it $refusal"))
        val record = recordOf(0, proposal.version, proposal.text, proposal.by)
        return directory
            .ask<ProposalReply>(POLICY_LOG_ID, timeout) { PolicyLogCommand.Propose(record, expected, it) }
            .exceptionally { throw unavailable(it) }
            .thenCompose { outcome(it, proposal) }
    }

    override fun newest(): CompletionStage<LoggedPolicy?> = client.ask()

    override fun watch(watcher: (LoggedPolicy) -> Unit): AutoCloseable {
        client.tell(ClientCommand.Watch(watcher))
        return AutoCloseable { client.tell(ClientCommand.Unwatch(watcher)) }
    }

    private fun outcome(reply: ProposalReply, proposal: PolicyProposal): CompletionStage<ProposalOutcome> =
        when (reply) {
            is ProposalReply.Accepted -> {
                CompletableFuture.completedFuture(ProposalOutcome.Accepted(reply.policy.toPolicy().copy(text = proposal.text)))
            }

            is ProposalReply.Conflict -> {
                newest().thenApply { ProposalOutcome.Conflict(it) }
            }

            is ProposalReply.Refused -> {
                CompletableFuture.completedFuture(ProposalOutcome.Refused(reply.reason))
            }

            is ProposalReply.Unavailable -> {
                CompletableFuture.failedFuture(PolicyLogUnavailable(reply.reason))
            }
        }

    private fun unavailable(failure: Throwable): PolicyLogUnavailable {
        val cause = (failure as? CompletionException)?.cause ?: failure
        val late = "no answer within ${timeout.toSeconds()} s"
        val reason = if (cause is TimeoutException) late else "the log failed: ${cause.javaClass.simpleName}"
        return PolicyLogUnavailable(reason, cause)
    }
}
