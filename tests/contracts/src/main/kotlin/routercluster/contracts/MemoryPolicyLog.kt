package routercluster.contracts

import routercluster.policy.versions.LoggedPolicies
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyLog
import routercluster.policy.versions.PolicyLogUnavailable
import routercluster.policy.versions.PolicyProposal
import routercluster.policy.versions.ProposalOutcome
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** A log for several keepers in one process. While it [isSilent], nobody hears of anything and every question fails. */
class MemoryPolicyLog(private var policies: LoggedPolicies = LoggedPolicies()) : PolicyLog {
    private val watchers = mutableListOf<(LoggedPolicy) -> Unit>()

    var isSilent = false
        @Synchronized get

        @Synchronized set(value) {
            field = value
            if (!value) tell()
        }

    @Synchronized
    override fun propose(proposal: PolicyProposal, expected: Long): CompletionStage<ProposalOutcome> {
        if (isSilent) return silence()
        val (after, outcome) = policies.propose(proposal, expected)
        policies = after
        if (outcome is ProposalOutcome.Accepted) tell()
        return CompletableFuture.completedFuture(outcome)
    }

    @Synchronized
    override fun newest(): CompletionStage<LoggedPolicy?> = if (isSilent) silence() else CompletableFuture.completedFuture(policies.newest)

    @Synchronized
    override fun watch(watcher: (LoggedPolicy) -> Unit): AutoCloseable {
        watchers += watcher
        tell()
        return AutoCloseable { forget(watcher) }
    }

    @Synchronized
    private fun forget(watcher: (LoggedPolicy) -> Unit) {
        watchers -= watcher
    }

    private fun tell() {
        val newest = policies.newest ?: return
        if (!isSilent) watchers.toList().forEach { it(newest) }
    }

    private fun <T> silence(): CompletionStage<T> = CompletableFuture.failedFuture(PolicyLogUnavailable("nobody is there"))
}
