package routercluster.grains.state.redis

import io.lettuce.core.RedisCommandExecutionException
import io.lettuce.core.RedisCommandTimeoutException
import io.lettuce.core.SetArgs
import routercluster.grains.rootOf
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.SharedAnswers
import routercluster.policy.cache.SharedAnswersFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * Answers in Redis, each for its time. States are kept there too, so answers leave room for them: while more than [ROOM_PERCENT] of what the server
 * may use is used, none is kept. After a call that failed none is begun for [PAUSE_MILLIS], so that a server that is away slows nobody.
 *
 * @param settings its timeout bounds connecting and writing; its `callsMax` all calls
 * @param lookupMax bounds a lookup
 */
class RedisAnswers(
    private val settings: RedisSettings,
    private val lookupMax: Duration,
    private val nanoTime: () -> Long = System::nanoTime,
) : SharedAnswers {
    private val connection = RedisConnection(settings, nanoTime)
    private val onTheirWay = AtomicInteger()
    private val awayUntil = AtomicLong(nanoTime())
    private val roomAskedAt = AtomicLong(nanoTime() - ROOM_ASKED_NANOS)
    private val hasRoom = AtomicBoolean(true)

    init {
        // Else the first to ask would wait for it.
        connection.get()
    }

    override fun find(key: String): CompletionStage<SharedAnswers.Found?> {
        val name = nameOf(key)
        val asked = call { redis ->
            val bytes = redis.async().get(name).toCompletableFuture()
            redis
                .async()
                .pttl(name)
                .toCompletableFuture()
                .thenCombine(bytes) { left, value -> found(value, left) }
        }
        // A copy, so that the call itself counts until Redis has answered it.
        return asked.copy().orTimeout(lookupMax.toMillis(), TimeUnit.MILLISECONDS).told()
    }

    /** What has just ended, is damaged or has no end, so that no router wrote it, is none. */
    private fun found(value: ByteArray?, leftMillis: Long): SharedAnswers.Found? {
        if (value == null || leftMillis <= 0) return null
        return KeptAnswer.fromBytes(value)?.let { SharedAnswers.Found(it, Duration.ofMillis(leftMillis)) }
    }

    override fun keep(key: String, kept: KeptAnswer, ttl: Duration): CompletionStage<Unit> {
        val bytes = kept.toBytes()
        if (bytes.size > VALUE_BYTES_MAX) return failed(SharedAnswersFailure.TooLong("the answer takes ${bytes.size} bytes"))
        val millis = ttl.toMillis()
        if (millis <= 0) return CompletableFuture.completedFuture(Unit)
        val asked = call { redis ->
            askForRoom(redis)
            if (!hasRoom.get()) throw SharedAnswersFailure.Full("Redis at ${settings.host}:${settings.port} is needed for states")
            redis
                .async()
                .set(nameOf(key), bytes, SetArgs.Builder.px(millis))
                .toCompletableFuture()
                .thenApply { }
        }
        return asked.told()
    }

    override fun remove(key: String): CompletionStage<Unit> {
        val asked = call { redis ->
            redis
                .async()
                .unlink(nameOf(key))
                .toCompletableFuture()
                .thenApply { }
        }
        return asked.told()
    }

    /** A user that may not ask leaves it at what is known. */
    private fun askForRoom(redis: Connection) {
        val now = nanoTime()
        val last = roomAskedAt.get()
        if (now - last < ROOM_ASKED_NANOS || !roomAskedAt.compareAndSet(last, now)) return
        redis.async().info("memory").thenAccept { told ->
            val used = number(told, "used_memory:") ?: return@thenAccept
            val most = number(told, "maxmemory:")?.takeIf { it > 0 } ?: Long.MAX_VALUE
            hasRoom.set(used < most / PERCENT * ROOM_PERCENT)
        }
    }

    private fun number(told: String, name: String): Long? =
        told
            .lineSequence()
            .firstOrNull { it.startsWith(name) }
            ?.removePrefix(name)
            ?.trim()
            ?.toLongOrNull()

    override fun close() = connection.close()

    private fun <R> call(action: (Connection) -> CompletableFuture<R>): CompletableFuture<R> {
        if (nanoTime() - awayUntil.get() < 0) return failed(SharedAnswersFailure.Away("Redis did not answer a moment ago"))
        if (onTheirWay.incrementAndGet() > settings.callsMax) {
            onTheirWay.decrementAndGet()
            return failed(SharedAnswersFailure.Busy("more than ${settings.callsMax} calls to Redis are on their way"))
        }
        return connection
            .get()
            .thenCompose { redis -> action(redis).whenComplete { _, failure -> dropSilent(redis, failure) } }
            .whenComplete { _, _ -> onTheirWay.decrementAndGet() }
    }

    /** The server may be another behind the same name by now, or the way to it lost. */
    private fun dropSilent(redis: Connection, failure: Throwable?) {
        if (failure != null && rootOf(failure) is RedisCommandTimeoutException) connection.drop(redis)
    }

    /** The same, failing with what it is in our words. */
    private fun <R> CompletableFuture<R>.told(): CompletableFuture<R> = exceptionallyCompose { failed(told(rootOf(it))) }

    private fun told(failure: Throwable): SharedAnswersFailure {
        if (failure is SharedAnswersFailure) return failure
        if (failure is RedisCommandExecutionException && failure.message.orEmpty().contains("OOM")) {
            hasRoom.set(false)
            return SharedAnswersFailure.Full("Redis at ${settings.host}:${settings.port} has no memory left")
        }
        awayUntil.set(nanoTime() + TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS))
        return SharedAnswersFailure.Away("Redis at ${settings.host}:${settings.port}: ${failure.message}", failure)
    }

    private fun <R> failed(failure: SharedAnswersFailure): CompletableFuture<R> = CompletableFuture.failedFuture(failure)

    private fun nameOf(key: String) = "${settings.keyPrefix}$KIND:$key".toByteArray()

    private companion object {
        /** No kind of grain has the name. */
        const val KIND = "answer"
        const val VALUE_BYTES_MAX = 1024 * 1024
        const val PAUSE_MILLIS = 1_000L
        const val ROOM_PERCENT = 75
        const val PERCENT = 100
        val ROOM_ASKED_NANOS = TimeUnit.SECONDS.toNanos(5)
    }
}
