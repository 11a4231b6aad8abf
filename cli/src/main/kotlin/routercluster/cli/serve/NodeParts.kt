package routercluster.cli.serve

import routercluster.grains.conversation.ConversationSettings
import routercluster.grains.conversation.GrainConversations
import routercluster.grains.conversation.conversationKind
import routercluster.grains.limits.GrainAuthority
import routercluster.grains.limits.limitKind
import routercluster.policy.conversations.Conversations
import routercluster.policy.limits.LimitAuthority
import routercluster.policy.record.DecisionRing
import routercluster.silo.OpeningSilo
import routercluster.silo.learning.Learning
import java.time.Clock

/**
 * What a node's gateway has its grains for.
 *
 * @property shared null for a node that is alone
 * @property conversations null where they would be lost with a node of a cluster
 * @property learning null where nothing that is learnt outlives the process
 */
internal class NodeParts(
    private val states: KeptStates,
    val ring: DecisionRing,
    val shared: Shared?,
    val limits: LimitAuthority?,
    val conversations: Conversations?,
    val learning: Learning?,
) : AutoCloseable {
    override fun close() {
        learning?.close()
        states.store.close()
    }
}

/** Makes them. A node of a cluster is open by now; one that is alone opens later. */
internal fun nodeParts(settings: ServeSettings, opening: OpeningSilo): NodeParts {
    val clock = Clock.systemUTC()
    val states = keptStates(settings)
    val ring = DecisionRing(settings.policy.gateway.decisionsKept)
    val alone = settings.cluster == null
    val keeps = alone || states.isDurable
    val conversations = ConversationSettings(states.store, clock, settings.policy.responses.keepFor)
    return NodeParts(
        states,
        ring,
        settings.cluster?.let { shared(opening.await(), it, settings.fileComesFirst, states.store) },
        if (alone && !states.isDurable) null else GrainAuthority(opening.host(limitKind(states.store))),
        if (keeps) GrainConversations(opening.host(conversationKind(conversations))) else null,
        if (states.isDurable) Learning(opening, states.store, clock, ring) else null,
    )
}
