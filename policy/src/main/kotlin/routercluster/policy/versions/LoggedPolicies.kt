package routercluster.policy.versions

/** The versions that a [PolicyLog] keeps, in their order: the newest few, of which the oldest leave. Never changes. */
data class LoggedPolicies(val versions: List<LoggedPolicy> = emptyList()) {
    val newest: LoggedPolicy? get() = versions.lastOrNull()

    /** What comes of [proposal], and the versions after it. */
    fun propose(proposal: PolicyProposal, expected: Long): Pair<LoggedPolicies, ProposalOutcome> {
        val last = newest
        val refusal = refusalOf(proposal)
        return when {
            last != null && last.version.revision == proposal.version.revision -> this to ProposalOutcome.Accepted(last)
            refusal != null -> this to ProposalOutcome.Refused(refusal)
            (last?.number ?: 0) != expected -> this to ProposalOutcome.Conflict(last)
            else -> accept(LoggedPolicy(expected + 1, proposal.version, proposal.text, proposal.by))
        }
    }

    /** With [policy], which was accepted before, at the end; the same where that or a newer one is there. */
    fun restore(policy: LoggedPolicy): LoggedPolicies = if (policy.number > (newest?.number ?: 0)) plus(policy) else this

    private fun accept(policy: LoggedPolicy) = plus(policy) to ProposalOutcome.Accepted(policy)

    private fun plus(policy: LoggedPolicy): LoggedPolicies {
        var bytes = 0L
        val kept =
            (versions + policy).reversed().take(VERSIONS_MAX).takeWhile {
                bytes += it.version.bytes
                it === policy || bytes <= TEXT_BYTES_MAX
            }
        return LoggedPolicies(kept.reversed())
    }

    private fun refusalOf(proposal: PolicyProposal): String? {
        val version = proposal.version
        return when {
            version.notKept != null -> "it ${version.notKept}"
            version.bytes > POLICY_BYTES_MAX -> "it has ${version.bytes} bytes, a cluster's policy at most $POLICY_BYTES_MAX"
            sha256(proposal.text) != version.text -> "its text is not what its hash says"
            else -> null
        }
    }

    companion object {
        const val VERSIONS_MAX = 50

        /** Of one text. */
        const val POLICY_BYTES_MAX = 1024 * 1024

        /** Of all texts together. */
        const val TEXT_BYTES_MAX = 8L * 1024 * 1024
    }
}
