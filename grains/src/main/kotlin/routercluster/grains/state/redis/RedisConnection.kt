package routercluster.grains.state.redis

import io.lettuce.core.ClientOptions
import io.lettuce.core.RedisClient
import io.lettuce.core.RedisURI
import io.lettuce.core.SocketOptions
import io.lettuce.core.SslOptions
import io.lettuce.core.TimeoutOptions
import io.lettuce.core.api.StatefulRedisConnection
import io.lettuce.core.codec.ByteArrayCodec
import io.lettuce.core.resource.DefaultClientResources
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** Bytes of keys and values. */
internal typealias Connection = StatefulRedisConnection<ByteArray, ByteArray>

/**
 * One connection, made anew when somebody needs it and it is gone, at most once in [PAUSE_NANOS]. Lettuce's own way of connecting anew is off: it
 * sends what was on its way again, and a save that had been done the first time would then be told stale.
 */
internal class RedisConnection(private val settings: RedisSettings, private val nanoTime: () -> Long) : AutoCloseable {
    private val resources =
        DefaultClientResources
            .builder()
            .ioThreadPoolSize(THREADS)
            .computationThreadPoolSize(THREADS)
            .build()
    private val client = RedisClient.create(resources).apply { options = optionsOf(settings) }
    private var current: CompletableFuture<Connection>? = null
    private var triedAt = 0L

    /** Fails at once while the last attempt has failed and the next is not due. */
    @Synchronized
    fun get(): CompletableFuture<Connection> {
        val known = current
        val isUsable = known != null && (!known.isDone || isOpen(known))
        if (known != null && (isUsable || nanoTime() - triedAt < PAUSE_NANOS)) return if (isUsable) known else lost
        triedAt = nanoTime()
        return connect().also { current = it }
    }

    /** For one that does not answer: the server may be another behind the same name, or the way to it lost. */
    @Synchronized
    fun drop(connection: Connection) {
        connection.closeAsync()
    }

    override fun close() {
        client.shutdown(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS)
        resources.shutdown(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS).await(SHUTDOWN_SECONDS, TimeUnit.SECONDS)
    }

    private fun connect(): CompletableFuture<Connection> =
        try {
            client.connectAsync(ByteArrayCodec.INSTANCE, addressOf(settings)).toCompletableFuture()
        } catch (failure: IllegalStateException) {
            CompletableFuture.failedFuture(failure)
        }

    private fun isOpen(connection: CompletableFuture<Connection>) = !connection.isCompletedExceptionally && connection.join().isOpen

    private companion object {
        const val THREADS = 2
        const val SHUTDOWN_SECONDS = 2L
        val PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500)
        val lost: CompletableFuture<Connection> = CompletableFuture.failedFuture(IllegalStateException("there is no connection"))
    }
}

private fun addressOf(settings: RedisSettings): RedisURI =
    RedisURI
        .builder()
        .withHost(settings.host)
        .withPort(settings.port)
        .withDatabase(settings.database)
        .withTimeout(settings.timeout)
        .withSsl(settings.tls != null)
        .apply {
            val password = settings.password?.invoke()
            if (password != null && settings.user != null) withAuthentication(settings.user, password)
            if (password != null && settings.user == null) withPassword(password)
        }.build()

private fun optionsOf(settings: RedisSettings): ClientOptions =
    ClientOptions
        .builder()
        .autoReconnect(false)
        .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
        .timeoutOptions(TimeoutOptions.enabled(settings.timeout))
        .socketOptions(
            SocketOptions
                .builder()
                .connectTimeout(settings.timeout)
                .keepAlive(true)
                .build(),
        ).apply { settings.tls?.let { sslOptions(sslOf(it)) } }
        .build()

private fun sslOf(tls: RedisTls): SslOptions =
    SslOptions
        .builder()
        .jdkSslProvider()
        .apply {
            tls.authorities?.let { trustManager(it.toFile()) }
            tls.certificate?.let { (certificate, key) -> keyManager(certificate.toFile(), key.toFile(), null) }
        }.build()
