package routercluster.grains.policylog

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.pubsub.Topic
import routercluster.grains.directory.GrainKind
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateCodec
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.kept
import routercluster.policy.versions.LoggedPolicies
import routercluster.policy.versions.PolicyProposal
import routercluster.policy.versions.ProposalOutcome

/** The kind of the policy log's grain, of which there is one in a cluster: its id is [POLICY_LOG_ID]. */
internal const val POLICY_LOG_KIND = "policy-log"

internal const val POLICY_LOG_ID = "policy"

internal const val POLICY_TOPIC = "policy-versions"

/** The kept form of [LoggedPolicies]. */
data class PolicyLogState(val policies: List<PolicyRecord>)

internal val policyLogCodec = StateCodec(PolicyLogState::class.java, format = 1)

/** How the policy log, which is kept in [store], is hosted. */
fun policyLogKind(store: StateStore): GrainKind<PolicyLogCommand> =
    GrainKind(POLICY_LOG_KIND, PolicyLogCommand::class.java, PolicyLogCommand.Sleep) { policyLogGrain(store) }

/** The grain that keeps the cluster's policy in versions in [store], and tells every node of a new one when it is durable. */
fun policyLogGrain(store: StateStore): Behavior<PolicyLogCommand> =
    kept(StateKey(POLICY_LOG_KIND, POLICY_LOG_ID), store, policyLogCodec) { context ->
        PolicyLogGrain(context.spawn(Topic.create(PolicyAnnounced::class.java, POLICY_TOPIC), "announcements"))
    }

private class PolicyLogGrain(private val topic: ActorRef<Topic.Command<PolicyAnnounced>>) : KeptGrain<PolicyLogCommand, PolicyLogState> {
    override fun decide(state: PolicyLogState?, command: PolicyLogCommand): Step<PolicyLogState> =
        when (command) {
            is PolicyLogCommand.Propose -> propose(state, command)
            is PolicyLogCommand.Read -> Step.Stay { command.replyTo.tell(newest(state, command)) }
            is PolicyLogCommand.Restore -> restore(state, command.policy)
            is PolicyLogCommand.Sleep -> Step.Stay {}
        }

    override fun onlyReads(command: PolicyLogCommand): Boolean = command is PolicyLogCommand.Read

    override fun refuse(command: PolicyLogCommand, failure: StateFailure) {
        val reason = failure.message.orEmpty()
        when (command) {
            is PolicyLogCommand.Propose -> command.replyTo.tell(ProposalReply.Unavailable(reason))
            is PolicyLogCommand.Read -> command.replyTo.tell(ReadReply.Unavailable(command.id, reason))
            is PolicyLogCommand.Restore, is PolicyLogCommand.Sleep -> Unit
        }
    }

    /** Also after a load, in case this grain's predecessor did not come to it. */
    override fun durable(state: PolicyLogState?) {
        state?.policies?.lastOrNull()?.let { topic.tell(Topic.publish(PolicyAnnounced(it.number))) }
    }

    private fun propose(state: PolicyLogState?, command: PolicyLogCommand.Propose): Step<PolicyLogState> {
        val proposal = PolicyProposal(command.policy.toVersion(), command.policy.text, command.policy.by)
        val before = policiesOf(state)
        val (after, outcome) = before.propose(proposal, command.expected)
        val reply = { command.replyTo.tell(replyOf(outcome)) }
        return if (after == before) Step.Stay(reply) else save(after, reply)
    }

    private fun restore(state: PolicyLogState?, policy: PolicyRecord): Step<PolicyLogState> {
        val before = policiesOf(state)
        val after = before.restore(policy.toPolicy())
        return if (after == before) Step.Stay {} else save(after) {}
    }

    private fun policiesOf(state: PolicyLogState?) = LoggedPolicies(state?.policies.orEmpty().map { it.toPolicy() })

    private fun save(policies: LoggedPolicies, reply: () -> Unit) =
        Step.Save(PolicyLogState(policies.versions.map { recordOf(it.number, it.version, it.text, it.by) }), expiresAfter = null, reply)

    private fun replyOf(outcome: ProposalOutcome): ProposalReply =
        when (outcome) {
            is ProposalOutcome.Accepted -> ProposalReply.Accepted(outcome.policy.run { recordOf(number, version, text = "", by) })
            is ProposalOutcome.Conflict -> ProposalReply.Conflict
            is ProposalOutcome.Refused -> ProposalReply.Refused(outcome.reason)
        }

    private fun newest(state: PolicyLogState?, command: PolicyLogCommand.Read): ReadReply {
        val newest = state?.policies?.lastOrNull()
        return ReadReply.Newest(command.id, newest?.number ?: 0, newest?.takeIf { it.number > command.known })
    }
}
