package routercluster.policy.cache

import java.time.Duration
import java.util.concurrent.CompletionStage

/**
 * Answers by a key that only equal requests have, for all nodes of a cluster. Safe for use by many threads. What follows a stage runs on
 * whichever thread brings it, so it waits for nothing.
 */
interface SharedAnswers : AutoCloseable {
    /** Null where there is none, or none that can be read. Fails with [SharedAnswersFailure]. */
    fun find(key: String): CompletionStage<Found?>

    /** Fails with [SharedAnswersFailure]. */
    fun keep(key: String, kept: KeptAnswer, ttl: Duration): CompletionStage<Unit>

    /** There is none of [key] any more. Fails with [SharedAnswersFailure]. */
    fun remove(key: String): CompletionStage<Unit>

    /** @property left of the time that it is kept for */
    class Found(val kept: KeptAnswer, val left: Duration)
}

/** Why shared answers could not be reached, or one was not kept. [label] is for metrics. */
sealed class SharedAnswersFailure(val label: String, message: String, cause: Throwable? = null) : RuntimeException(message, cause) {
    class Away(message: String, cause: Throwable? = null) : SharedAnswersFailure("away", message, cause)

    /** So many calls are on their way that one more is not begun. */
    class Busy(message: String) : SharedAnswersFailure("busy", message)

    /** There is no room for answers. */
    class Full(message: String) : SharedAnswersFailure("full", message)

    class TooLong(message: String) : SharedAnswersFailure("too_long", message)
}
