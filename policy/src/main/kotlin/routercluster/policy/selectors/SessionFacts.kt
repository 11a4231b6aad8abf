package routercluster.policy.selectors

import routercluster.policy.conversations.Turn
import routercluster.policy.request.Facts
import routercluster.policy.request.Role
import java.time.Duration
import java.time.Instant

/**
 * What is known of the conversation that a request goes on with.
 *
 * @property turns answers so far
 * @property model that gave the last of them; null where nobody knows
 * @property sinceLast from the start of the last turn to now; null where nobody knows
 * @property toolLoopOpen whether the request brings results of tools that the last answer called
 * @property isBound whether a provider holds state of the conversation that no other model can go on from
 * @property switches how often the model has changed from one turn to the next
 * @property reuse share of the prompt that the last turn had too, 0..1; null where that is not known
 */
data class SessionFacts(
    val turns: Int,
    val model: String? = null,
    val sinceLast: Duration? = null,
    val toolLoopOpen: Boolean = false,
    val isBound: Boolean = false,
    val switches: Int = 0,
    val reuse: Double? = null,
)

/**
 * What [facts] and the [turns] before say, at the time [now]. Of the prompt, all up to the last answer counts as had before.
 *
 * @param turns as they are remembered, the oldest first; none where nobody knows, and for a conversation that begins
 */
fun sessionOf(facts: Facts, turns: List<Turn>, now: Instant): SessionFacts {
    val messages = facts.messages
    val lastAnswer = messages.indexOfLast { it.role == Role.ASSISTANT }
    val length = messages.sumOf { it.text.length.toLong() }
    val had = messages.take(lastAnswer + 1).sumOf { it.text.length.toLong() }
    val models = turns.mapNotNull { it.model }
    return SessionFacts(
        turns = maxOf(messages.count { it.role == Role.ASSISTANT }, turns.size),
        model = models.lastOrNull(),
        sinceLast = turns.lastOrNull()?.let { Duration.between(it.startedAt, now).coerceAtLeast(Duration.ZERO) },
        toolLoopOpen = messages.lastOrNull()?.role == Role.TOOL,
        isBound = facts.hasProviderState,
        switches = models.zipWithNext().count { (before, after) -> before != after },
        reuse = if (length == 0L) null else had.toDouble() / length,
    )
}
