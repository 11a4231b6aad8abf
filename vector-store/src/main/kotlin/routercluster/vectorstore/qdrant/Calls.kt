package routercluster.vectorstore.qdrant

import com.google.common.util.concurrent.FutureCallback
import com.google.common.util.concurrent.Futures
import com.google.common.util.concurrent.ListenableFuture
import io.grpc.Status
import routercluster.policy.vectors.VectorFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.LongAdder
import kotlin.random.Random

/**
 * What became of calls to Qdrant since the store was opened.
 *
 * @property attempts that were made
 * @property retries of these, those that were not the first of their call
 * @property failures attempts that failed because of the server or the way to it
 * @property refused calls that failed at once since others had failed before
 */
data class QdrantCounts(val attempts: Long, val retries: Long, val failures: Long, val refused: Long)

/**
 * Makes calls: with a bound on those under way, on time and on attempts, and none for a while where the server does not answer.
 *
 * @param random only ever used with itself locked
 */
internal class Calls(
    private val settings: QdrantSettings,
    private val scheduler: ScheduledExecutorService,
    private val random: Random,
    nanoTime: () -> Long,
) {
    private val breaker = CircuitBreaker(settings.failuresMax, settings.breakerPause, nanoTime)
    private val room = Semaphore(settings.callsMax)
    private val attempts = LongAdder()
    private val retries = LongAdder()
    private val failures = LongAdder()
    private val refused = LongAdder()

    val counts: QdrantCounts get() = QdrantCounts(attempts.sum(), retries.sum(), failures.sum(), refused.sum())

    /** Of entries. What the server says of a failure may quote them, so it is told by its code only. */
    fun <T> ask(call: (Duration) -> ListenableFuture<T>): CompletionStage<T> = made(settings.timeout, { it.code.name }, call)

    /** Of whole collections. */
    fun <T> describe(call: (Duration) -> ListenableFuture<T>): CompletionStage<T> =
        made(settings.openTimeout, { "${it.code.name}: ${it.description.orEmpty()}" }, call)

    private fun <T> made(timeout: Duration, told: (Status) -> String, call: (Duration) -> ListenableFuture<T>): CompletionStage<T> {
        if (!room.tryAcquire()) throw VectorFailure.Overloaded("${settings.callsMax} calls to Qdrant are under way, no more may be")
        val answer = CompletableFuture<T>()
        answer.whenComplete { _, _ -> room.release() }
        attempt(Call(timeout, told, call, answer), 1)
        return answer
    }

    private class Call<T>(
        val timeout: Duration,
        val told: (Status) -> String,
        val call: (Duration) -> ListenableFuture<T>,
        val answer: CompletableFuture<T>,
    )

    private fun <T> attempt(call: Call<T>, number: Int) {
        if (!breaker.admits()) {
            refused.increment()
            call.answer.completeExceptionally(
                VectorFailure.Unavailable(
                    "Qdrant at ${settings.host} has failed ${settings.failuresMax} times in a row, it is not asked for a while",
                ),
            )
            return
        }
        attempts.increment()
        if (number > 1) retries.increment()
        val callback = object : FutureCallback<T> {
            override fun onSuccess(result: T) {
                breaker.succeeded()
                call.answer.complete(result)
            }

            override fun onFailure(failure: Throwable) = failed(call, number, Status.fromThrowable(failure))
        }
        Futures.addCallback(call.call(call.timeout), callback, DIRECT)
    }

    private fun <T> failed(call: Call<T>, number: Int, status: Status) {
        // Any other answer shows that the server is there.
        if (status.code in BROKEN) {
            failures.increment()
            breaker.failed()
        } else {
            breaker.succeeded()
        }
        if (status.code !in PASSING || number >= settings.attemptsMax) {
            call.answer.completeExceptionally(failure(status, call.told(status)))
            return
        }
        try {
            scheduler.schedule({ attempt(call, number + 1) }, pauseNanos(number), TimeUnit.NANOSECONDS)
        } catch (_: RejectedExecutionException) {
            call.answer.completeExceptionally(VectorFailure.Closed("the vector store is closed"))
        }
    }

    private fun pauseNanos(number: Int): Long {
        val least = settings.retryPause.toNanos() shl (number - 1)
        return least + (least * synchronized(random) { random.nextDouble() }).toLong()
    }

    private fun failure(status: Status, told: String): VectorFailure {
        val text = "Qdrant at ${settings.host}: $told"
        return when (status.code) {
            Status.Code.DEADLINE_EXCEEDED -> VectorFailure.TimedOut(text)
            Status.Code.RESOURCE_EXHAUSTED -> VectorFailure.Overloaded(text)
            Status.Code.NOT_FOUND -> VectorFailure.Closed("$text: the collection is not there")
            else -> VectorFailure.Unavailable(text)
        }
    }

    private companion object {
        val DIRECT = Executor(Runnable::run)

        /** What tells that the server does not work. */
        val BROKEN = setOf(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED, Status.Code.RESOURCE_EXHAUSTED, Status.Code.INTERNAL)

        /** What may be otherwise a moment later. */
        val PASSING = setOf(Status.Code.UNAVAILABLE, Status.Code.ABORTED)
    }
}
