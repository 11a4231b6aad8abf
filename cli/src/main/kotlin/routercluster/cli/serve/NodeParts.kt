package routercluster.cli.serve

import routercluster.cli.Failure
import routercluster.gateway.cache.CacheParts
import routercluster.grains.conversation.ConversationSettings
import routercluster.grains.conversation.GrainConversations
import routercluster.grains.conversation.conversationKind
import routercluster.grains.limits.GrainAuthority
import routercluster.grains.limits.limitKind
import routercluster.outcomes.kafka.InvalidKafka
import routercluster.outcomes.kafka.KafkaTopics
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.NoCacheLedger
import routercluster.policy.conversations.Conversations
import routercluster.policy.limits.LimitAuthority
import routercluster.policy.outcomes.KafkaSettings
import routercluster.policy.record.DecisionRing
import routercluster.silo.OpeningSilo
import routercluster.silo.cache.cacheLedger
import routercluster.silo.learning.Learning
import java.time.Clock
import java.util.concurrent.atomic.AtomicBoolean

/**
 * What a node's gateway has its grains for.
 *
 * @param isOpen whether grains can be reached
 * @property shared null for a node that is alone
 * @property conversations null where they would be lost with a node of a cluster
 * @property cacheParts what answers that are given again need
 * @property learning null where nothing that is learnt outlives the process
 * @property topics null where the policy names none
 * @property cacheLedger null for a router that is alone and keeps nothing
 */
internal class NodeParts(
    private val states: KeptStates,
    private val isOpen: () -> Boolean,
    val ring: DecisionRing,
    val shared: Shared?,
    val limits: LimitAuthority?,
    val conversations: Conversations?,
    val learning: Learning?,
    val topics: KafkaTopics?,
    val cacheParts: CacheParts,
    val cacheLedger: CacheLedger?,
) : AutoCloseable {
    /** What is wrong with what is kept, in words that everybody may read. */
    fun troubles(): List<String> =
        listOfNotNull("being opened".takeUnless { isOpen() }, states.trouble()).map { "kept state: $it" } + topics?.troubles().orEmpty()

    override fun close() {
        topics?.close()
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
    val isOpen = AtomicBoolean()
    opening.whenOpen { isOpen.set(true) }
    val conversations = ConversationSettings(states.store, clock, settings.policy.responses.keepFor)
    return NodeParts(
        states,
        isOpen::get,
        ring,
        settings.cluster?.let { shared(opening.await(), it, settings.fileComesFirst, states.store) },
        if (alone && !states.isDurable) null else GrainAuthority(opening.host(limitKind(states.store))),
        if (keeps) GrainConversations(opening.host(conversationKind(conversations))) else null,
        if (states.isDurable) Learning(opening, states.store, clock, ring) else null,
        settings.policy.gateway.kafka
            ?.let(::openTopics),
        cacheParts(settings, opening, states),
        if (states.isDurable) cacheLedger(opening, states.store, clock) else NoCacheLedger.takeUnless { alone },
    )
}

private fun openTopics(settings: KafkaSettings): KafkaTopics =
    try {
        KafkaTopics(settings)
    } catch (invalid: InvalidKafka) {
        throw Failure(invalid.message)
    }
