package routercluster.grains.secret

import org.slf4j.LoggerFactory
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import java.security.SecureRandom
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit

/**
 * A secret that all nodes with the same store have: the first one to ask makes it. It is tried for until it is there or [close] is called.
 *
 * @param name of the secret within the store
 * @param make a new one; [BYTES] random bytes
 * @param pause between two tries
 */
class SharedSecret(
    store: StateStore,
    name: String,
    private val make: () -> ByteArray = { ByteArray(BYTES).also(SecureRandom()::nextBytes) },
    private val pause: Duration = Duration.ofSeconds(1),
) : AutoCloseable {
    private val key = StateKey("secret", name)

    @Volatile private var secret: ByteArray? = null

    @Volatile private var isClosed = false

    init {
        tryFor(store)
    }

    /** Null while it is not there yet. Not to be changed. */
    fun get(): ByteArray? = secret

    override fun close() {
        isClosed = true
    }

    private fun tryFor(store: StateStore) {
        if (isClosed) return
        loadOrMake(store).whenComplete { found, failure ->
            secret = found
            if (failure != null) {
                log.warn("the secret {} cannot be had yet: {}", key.id, rootOf(failure).javaClass.simpleName)
                CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS).execute { tryFor(store) }
            }
        }
    }

    private fun loadOrMake(store: StateStore): CompletionStage<ByteArray> =
        store.load(key).thenCompose { stored ->
            if (stored != null) CompletableFuture.completedFuture(stored.bytes) else made(store)
        }

    /** Where somebody else made one meanwhile, theirs is taken at the next try. */
    private fun made(store: StateStore): CompletionStage<ByteArray> {
        val made = make()
        return store.save(key, 0, made).thenApply { made }
    }

    private fun rootOf(failure: Throwable): Throwable =
        if (failure is CompletionException && failure.cause is StateFailure) failure.cause ?: failure else failure

    companion object {
        const val BYTES = 32
        private val log = LoggerFactory.getLogger("routercluster.grains.secret")
    }
}
