package routercluster.policy.versions

import java.util.concurrent.CompletionStage

/**
 * The policy of a whole cluster, in versions: what its newest says, every node runs. Safe for use by many threads; no call blocks.
 */
interface PolicyLog {
    /**
     * Makes [proposal] the newest version, if that has the number [expected] still; 0 where there is none yet. What is the newest already
     * is accepted as that, so a proposal whose answer was lost can be made again.
     *
     * Fails with [PolicyLogUnavailable] where it is not known what came of it.
     */
    fun propose(proposal: PolicyProposal, expected: Long): CompletionStage<ProposalOutcome>

    /** Null where no version was accepted yet. Fails with [PolicyLogUnavailable]. */
    fun newest(): CompletionStage<LoggedPolicy?>

    /**
     * Tells [watcher] the newest version soon after each change, and what it is now where there is one. After a time without connection it
     * hears of the newest only. It may hear of one twice, and is called by one thread at a time, which it must not hold.
     */
    fun watch(watcher: (LoggedPolicy) -> Unit): AutoCloseable
}

/** The log cannot be reached, or cannot keep what it was told. */
class PolicyLogUnavailable(message: String, cause: Throwable? = null) : Exception(message, cause)

/**
 * A text that was proven on the node [by] and shall be the policy of all.
 *
 * @property version what it is; its text's hash is that of [text]
 * @property by the node's name, for operators
 */
data class PolicyProposal(val version: PolicyVersion, val text: String, val by: String)

/** A version of the cluster's policy. [number] counts from 1; a higher one is newer. */
data class LoggedPolicy(val number: Long, val version: PolicyVersion, val text: String, val by: String) {
    override fun toString(): String = "policy ${version.revision.take(REVISION_SHOWN)}, version $number of the cluster"

    private companion object {
        const val REVISION_SHOWN = 12
    }
}

/** What came of a [PolicyProposal]. */
sealed interface ProposalOutcome {
    class Accepted(val policy: LoggedPolicy) : ProposalOutcome

    /** Somebody else was first: [newest] is not what was expected; null where there is none. */
    class Conflict(val newest: LoggedPolicy?) : ProposalOutcome

    /** [reason] is safe to show to an operator. */
    class Refused(val reason: String) : ProposalOutcome
}
