package routercluster.gateway.pipeline

import routercluster.policy.conversations.Conversations
import routercluster.policy.request.Facts
import routercluster.policy.routing.Target
import routercluster.policy.routing.wantsSession
import routercluster.policy.selectors.SessionFacts
import routercluster.policy.selectors.sessionOf
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * Finds what came before in the conversation of a request, for selectors that go by it. Chat conversations are known by their names: of one
 * without a name nothing is kept. A request for a response brings its turns with it.
 *
 * @param conversations null where none are kept
 */
class Sessions(private val conversations: Conversations?, private val clock: Clock) {
    /** Null where no selector asks. Never fails: where the conversation is not found within [TIMEOUT], only the request itself speaks. */
    internal fun of(journey: Journey, target: Target, facts: Facts, translated: Translated?): CompletableFuture<SessionFacts?> {
        if (!target.wantsSession()) return CompletableFuture.completedFuture(null)
        if (translated != null && translated.turns.isNotEmpty()) {
            return CompletableFuture.completedFuture(sessionOf(facts, translated.turns, clock.instant()))
        }
        val name = journey.conversation?.takeIf { it.isNamed }
        if (name == null || conversations == null) return CompletableFuture.completedFuture(sessionOf(facts, emptyList(), clock.instant()))
        val id = ConversationNotes.idOf(journey.snapshot.edge.tenant(journey.headers, journey.peer), name.id)
        return conversations
            .load(id, TIMEOUT)
            .handle { found, _ -> sessionOf(facts, found?.turns.orEmpty(), clock.instant()) }
            .toCompletableFuture()
    }

    private companion object {
        /** As long as the seed waits for its store. */
        val TIMEOUT: Duration = Duration.ofMillis(50)
    }
}
