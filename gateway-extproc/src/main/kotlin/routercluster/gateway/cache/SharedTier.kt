package routercluster.gateway.cache

import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.SharedAnswers
import routercluster.policy.cache.SharedAnswersFailure
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException

/** The exact tier behind [equal], which the nodes of a cluster share. Trouble with it is a miss. */
internal class SharedTier(private val answers: SharedAnswers, private val equal: EqualAnswers, private val events: Events) : AutoCloseable {
    /**
     * @property kept by key
     * @property isAway whether some could not be looked for
     */
    class Found(val kept: Map<String, KeptAnswer>, val isAway: Boolean)

    /** What there is of [keys]; it is in this process from now on. Never fails. */
    fun find(keys: Collection<String>): CompletableFuture<Found> {
        val asked = keys.associateWith { answers.find(it).toCompletableFuture() }
        return CompletableFuture.allOf(*asked.values.toTypedArray()).handle { _, failure ->
            val found = asked.filterValues { !it.isCompletedExceptionally }.mapValues { it.value.join() }
            found.forEach { (key, there) -> if (there != null) equal.keep(key, there.kept, there.left) }
            Found(found.mapNotNull { (key, there) -> there?.let { key to it.kept } }.toMap(), isAway = failure != null)
        }
    }

    /** Nobody waits for it. */
    fun keep(key: String, kept: KeptAnswer, ttl: Duration) {
        answers.keep(key, kept, ttl).whenComplete { _, failure ->
            if (failure != null) events.publish(RouterEvent.AnswerKept(kept.decision, "shared_${labelOf(failure)}"))
        }
    }

    /** The answer of that time, where it is there still. Nobody waits for it. */
    fun remove(key: String, keptAt: Instant, decision: String) {
        val removed = answers.find(key).thenCompose { found ->
            if (found?.kept?.keptAt?.toEpochMilli() ==
                keptAt.toEpochMilli()
            ) {
                answers.remove(key)
            } else {
                CompletableFuture.completedFuture(Unit)
            }
        }
        removed.whenComplete { _, failure ->
            if (failure != null) events.publish(RouterEvent.AnswerJudged(decision, "not_taken_back"))
        }
    }

    private fun labelOf(failure: Throwable): String {
        val cause = if (failure is CompletionException) failure.cause else failure
        return (cause as? SharedAnswersFailure)?.label ?: "failed"
    }

    override fun close() = answers.close()
}
