package routercluster.grains.directory

import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.SupervisorStrategy
import org.apache.pekko.actor.typed.javadsl.Behaviors
import java.time.Duration

/**
 * What a [GrainHost] needs to keep grains of one kind. A grain that fails is made anew after a pause; messages wait for it meanwhile.
 *
 * @property name of the kind, such as `conversation`; the same on every node, for ever
 * @property messages their class
 * @property stop told to a grain that shall go to sleep or move: it ends what it has begun, then stops itself. It stops for nothing
 *   else, since messages that were on their way to it would be lost; what comes after [stop] waits for its successor.
 * @property activeMax grains that are awake on one node before the one that was told nothing for longest goes to sleep
 * @property idleAfter time without a message after which a grain goes to sleep
 * @property isLarge whether messages and replies may take more than 256 KiB; they then travel between nodes on a lane of their own
 * @property isSafeTwice whether two nodes may have a grain of the same id at once, since a store that they share lets only the one save that knows
 *   more. Then a node that the others have gone on without still does what it was asked, with grains of its own.
 * @property behaviour a grain that wakes up
 */
class GrainKind<M : Any>(
    val name: String,
    val messages: Class<M>,
    val stop: M,
    val activeMax: Int = ACTIVE_MAX,
    val idleAfter: Duration = IDLE_AFTER,
    val isLarge: Boolean = false,
    val isSafeTwice: Boolean = false,
    val behaviour: (id: String) -> Behavior<M>,
) {
    init {
        require(name.matches(Regex("[a-z][a-z-]*"))) { "$name is no name of a kind: small letters and dashes" }
        require(activeMax > 0) { "activeMax is $activeMax, at least 1" }
        require(!idleAfter.isNegative && !idleAfter.isZero) { "idleAfter is $idleAfter, more than nothing" }
    }

    /** [behaviour], made anew where it fails, also where it fails to be made. */
    internal fun supervised(id: String): Behavior<M> =
        Behaviors
            .supervise(Behaviors.setup<M> { behaviour(id) })
            .onFailure(SupervisorStrategy.restartWithBackoff(RESTART_MIN, RESTART_MAX, RESTART_JITTER))

    companion object {
        const val ACTIVE_MAX = 50_000
        val IDLE_AFTER: Duration = Duration.ofMinutes(10)
        private val RESTART_MIN: Duration = Duration.ofMillis(100)
        private val RESTART_MAX: Duration = Duration.ofSeconds(10)
        private const val RESTART_JITTER = 0.2
    }
}
