package routercluster.policy.selectors

import java.time.Duration

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
