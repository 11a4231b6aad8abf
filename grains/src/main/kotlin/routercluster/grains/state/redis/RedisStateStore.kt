package routercluster.grains.state.redis

import io.lettuce.core.RedisCommandExecutionException
import io.lettuce.core.RedisCommandTimeoutException
import io.lettuce.core.RedisNoScriptException
import io.lettuce.core.ScriptOutputType
import routercluster.grains.rootOf
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.StoredState
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicInteger

/**
 * Keeps states in Redis, which compares revisions itself. What an acknowledged save survives is what the server promises by its `appendfsync`:
 * see `docs/conversations.md`. Nothing is ever sent twice: a call whose answer was lost fails with [StateFailure.Unavailable], and who
 * loads then knows whether it was done. While there is no connection calls fail at once.
 */
class RedisStateStore(private val settings: RedisSettings, nanoTime: () -> Long = System::nanoTime) : StateStore {
    private val connection = RedisConnection(settings, nanoTime)
    private val onTheirWay = AtomicInteger()

    override val isShared: Boolean get() = true

    override fun load(key: StateKey): CompletionStage<StoredState?> =
        call { redis -> redis.async().get(nameOf(key)).toCompletableFuture() }.thenApply { value -> value?.let { storedState(key, it) } }

    override fun revision(key: StateKey): CompletionStage<Long> =
        call { redis -> redis.async().getrange(nameOf(key), 0, REVISION_DIGITS - 1L).toCompletableFuture() }
            .thenApply { value -> if (value.isEmpty()) 0L else revisionOf(key, value) }

    override fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration?): CompletionStage<Long> {
        val expiresMillis = expiresAfter?.toMillis()?.coerceAtLeast(1) ?: 0
        return change(saveScript, key, expectedRevision, bytes, digits(expiresMillis))
    }

    override fun delete(key: StateKey, expectedRevision: Long): CompletionStage<Unit> = change(
        deleteScript,
        key,
        expectedRevision,
    ).thenApply {
    }

    override fun close() = connection.close()

    private fun change(script: Script, key: StateKey, expectedRevision: Long, vararg more: ByteArray): CompletableFuture<Long> {
        val arguments = arrayOf(digits(expectedRevision), *more)
        return call { redis ->
            val told = run(redis, script, nameOf(key), arguments)
            if (settings.replicas == 0) told else told.thenCombine(replicated(redis)) { revision, _ -> revision }
        }.thenApply { if (it == 0L) throw StateFailure.Stale(key, expectedRevision) else it }
    }

    private fun run(redis: Connection, script: Script, key: ByteArray, arguments: Array<ByteArray>): CompletableFuture<Long> =
        redis
            .async()
            .evalsha<Long>(script.digest, ScriptOutputType.INTEGER, arrayOf(key), *arguments)
            .toCompletableFuture()
            .exceptionallyCompose { failure ->
                // A server that has just started knows no scripts; it has then not run this one.
                if (rootOf(failure) !is RedisNoScriptException) throw failure
                redis.async().eval<Long>(script.text, ScriptOutputType.INTEGER, arrayOf(key), *arguments).toCompletableFuture()
            }

    /** Sent right behind the change, on the same connection. */
    private fun replicated(redis: Connection): CompletableFuture<Unit> =
        redis.async().waitForReplication(settings.replicas, settings.timeout.toMillis()).toCompletableFuture().thenApply { reached ->
            if (reached < settings.replicas) {
                throw StateFailure.Unavailable("the change reached $reached of ${settings.replicas} replicas of Redis in time")
            }
        }

    private fun <R> call(action: (Connection) -> CompletableFuture<R>): CompletableFuture<R> {
        if (onTheirWay.incrementAndGet() > settings.callsMax) {
            onTheirWay.decrementAndGet()
            return CompletableFuture.failedFuture(
                StateFailure.Unavailable("more than ${settings.callsMax} calls to Redis are on their way"),
            )
        }
        return connection
            .get()
            .thenCompose { redis -> action(redis).whenComplete { _, failure -> dropSilent(redis, failure) } }
            .whenComplete { _, _ -> onTheirWay.decrementAndGet() }
            .exceptionallyCompose { CompletableFuture.failedFuture(stateFailure(rootOf(it))) }
    }

    private fun dropSilent(redis: Connection, failure: Throwable?) {
        if (failure != null && rootOf(failure) is RedisCommandTimeoutException) connection.drop(redis)
    }

    private fun stateFailure(failure: Throwable): StateFailure =
        when {
            failure is StateFailure -> {
                failure
            }

            failure is RedisCommandExecutionException && failure.message.orEmpty().contains("OOM") -> {
                StateFailure.Full("Redis at ${settings.host}:${settings.port} has no memory left: ${failure.message}")
            }

            else -> {
                StateFailure.Unavailable("Redis at ${settings.host}:${settings.port}: ${failure.message}", failure)
            }
        }

    /** A colon in a kind is written otherwise, or two keys could have one name. */
    private fun nameOf(key: StateKey): ByteArray {
        val kind = key.kind.replace("%", "%25").replace(":", "%3A")
        return "${settings.keyPrefix}$kind:${key.id}".toByteArray()
    }

    private fun storedState(key: StateKey, value: ByteArray) =
        StoredState(revisionOf(key, value), value.copyOfRange(REVISION_DIGITS, value.size))

    private fun revisionOf(key: StateKey, value: ByteArray): Long {
        val revision = if (value.size < REVISION_DIGITS) null else String(value, 0, REVISION_DIGITS, Charsets.US_ASCII).toLongOrNull()
        return revision ?: throw StateFailure.Unreadable("what Redis keeps of ${key.kind} ${key.id} was not written by a router")
    }
}

private fun digits(number: Long) = number.toString().toByteArray()
