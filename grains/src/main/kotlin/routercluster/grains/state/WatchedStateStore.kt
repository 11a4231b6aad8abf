package routercluster.grains.state

import org.slf4j.LoggerFactory
import routercluster.grains.rootOf
import java.security.SecureRandom
import java.time.Duration
import java.util.HexFormat
import java.util.concurrent.CompletionStage
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.ScheduledThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/**
 * A store that knows how it does: from the calls that it gets, and where none come from one of its own, which loads and saves a state of
 * a byte. Its own [look] is to be called every [LOOK_EVERY]; [watched] has that done.
 *
 * @param name of the store, in words that everybody may read
 * @param lookAfter without a save the store is tried; while there is trouble it is tried with each [look]
 * @param slow [SLOW_IN_ROW] calls that take as long, one after the other, are trouble
 */
class WatchedStateStore(
    private val store: StateStore,
    private val name: String,
    private val lookAfter: Duration,
    private val slow: Duration = SLOW,
    private val nanoTime: () -> Long = System::nanoTime,
    private val onClose: () -> Unit = {},
) : StateStore {
    /** A key that no other watch has, so that none of them is told stale. */
    private val probe = StateKey("probe", HexFormat.of().formatHex(ByteArray(PROBE_BYTES).also(SecureRandom()::nextBytes)))
    private val isLooking = AtomicBoolean()
    private val slowCalls = AtomicInteger()

    @Volatile private var savedAt = nanoTime() - lookAfter.toNanos()

    /** What is wrong with the store, in words that everybody may read; null while nothing is. */
    @Volatile var trouble: String? = null
        private set

    override val isShared: Boolean get() = store.isShared

    override fun load(key: StateKey): CompletionStage<StoredState?> = heard(isSave = false) { store.load(key) }

    override fun revision(key: StateKey): CompletionStage<Long> = heard(isSave = false) { store.revision(key) }

    override fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration?): CompletionStage<Long> =
        heard(isSave = true) { store.save(key, expectedRevision, bytes, expiresAfter) }

    override fun delete(key: StateKey, expectedRevision: Long): CompletionStage<Unit> =
        heard(isSave = true) { store.delete(key, expectedRevision) }

    /** Tries the store where that is due; returns at once. */
    fun look() {
        if (trouble == null && slowCalls.get() == 0 && nanoTime() - savedAt < lookAfter.toNanos()) return
        if (!isLooking.compareAndSet(false, true)) return
        load(probe)
            .thenCompose { found -> save(probe, found?.revision ?: 0, byteArrayOf(1), PROBE_KEPT) }
            .whenComplete { _, _ -> isLooking.set(false) }
    }

    override fun close() {
        onClose()
        store.close()
    }

    private fun <R> heard(isSave: Boolean, call: () -> CompletionStage<R>): CompletionStage<R> {
        val begun = nanoTime()
        return call().whenComplete { _, failure -> ended(isSave, nanoTime() - begun, failure?.let(::rootOf)) }
    }

    private fun ended(isSave: Boolean, nanos: Long, failure: Throwable?) {
        val isSlow = nanos >= slow.toNanos()
        val slowNow = if (isSlow) slowCalls.incrementAndGet() else 0.also(slowCalls::set)
        // Whoever asks after readiness may be a client, who is not to learn where states are kept: the log says more.
        val found =
            when (failure) {
                is StateFailure.Unavailable -> "$name cannot be reached or written"
                is StateFailure.Full -> "$name is full"
                else -> "$name is slow: calls take more than ${slow.toMillis()} ms".takeIf { slowNow >= SLOW_IN_ROW }
            }
        if (found != null) return note(found, failure)
        // A store that is full can still be read, so only what was saved says that it is well.
        if (!isSave || isSlow) return
        savedAt = nanoTime()
        note(null, null)
    }

    private fun note(found: String?, failure: Throwable?) {
        val before = trouble
        trouble = found
        if (before == null && found != null) log.warn("kept state: {}", listOfNotNull(found, failure?.message).joinToString(": "))
        if (before != null && found == null) log.info("kept state: {} is well again", name)
    }

    companion object {
        val LOOK_EVERY: Duration = Duration.ofSeconds(1)
        val SLOW: Duration = Duration.ofMillis(500)

        /** The first call of a process takes long however quick its store is. */
        const val SLOW_IN_ROW = 2
        private val PROBE_KEPT: Duration = Duration.ofMinutes(2)
        private const val PROBE_BYTES = 8
        private val log = LoggerFactory.getLogger("routercluster.state")

        /** Watches [store] until it is closed. */
        fun watched(store: StateStore, name: String, lookAfter: Duration): WatchedStateStore {
            val clock: ScheduledExecutorService = ScheduledThreadPoolExecutor(1) { Thread(it, "state-watch").apply { isDaemon = true } }
            val watch = WatchedStateStore(store, name, lookAfter, onClose = { clock.shutdownNow() })
            clock.scheduleWithFixedDelay(watch::look, 0, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)
            return watch
        }
    }
}
