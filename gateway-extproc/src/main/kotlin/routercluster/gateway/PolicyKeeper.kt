package routercluster.gateway

import org.slf4j.LoggerFactory
import routercluster.gateway.encode.ReadyPolicy
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.upstream.Upstreams
import routercluster.gateway.versions.PolicyHistory
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.format.byFeature
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.versions.VersionSource
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.io.IOException
import java.nio.file.ClosedWatchServiceException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardWatchEventKinds.ENTRY_CREATE
import java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY
import java.nio.file.WatchService
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicReference
import kotlin.concurrent.thread

/** How the last attempt to load the policy went. [reason] is null when it went well. */
data class LastLoad(val at: Instant, val revision: String, val reason: String?)

/**
 * Keeps the policy in force. A changed file is loaded whole and swapped in at once; a bad one leaves the last good policy in
 * force and says why in the log, in [lastLoad] and as an event. Requests under way keep the snapshot they began with.
 *
 * @param first in force until the file changes; where it has learned signals, no request is routed before it is [prepare]d
 * @param file followed for changes, with the files that it names; null for a policy that was made up at the start and never changes
 * @param load proves the text of a policy file that is called so
 * @param ready makes a policy fit to serve, which takes its time; throws [EncodeFailure] with the reason why it cannot
 * @param history told of every policy that is put in force
 */
class PolicyKeeper(
    first: Policy,
    private val file: Path?,
    private val load: (text: String, file: String) -> Policy,
    private val clock: Clock,
    private val events: Events,
    private val ready: (Policy) -> ReadyPolicy = { ReadyPolicy(it, null) },
    private val history: PolicyHistory? = null,
    private val upstreams: (Policy) -> Upstreams,
) : AutoCloseable {
    private val log = LoggerFactory.getLogger(PolicyKeeper::class.java)
    private val current = AtomicReference(Snapshot(first, upstreams(first)))
    private val watch: WatchService? = file?.fileSystem?.newWatchService()

    private val closing = CountDownLatch(1)

    val isClosed: Boolean get() = closing.count == 0L

    /** Waits for [pause], or for the end of this keeper if that comes first. */
    fun awaitClose(pause: Duration) {
        closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)
    }

    @Volatile
    var lastLoad = LastLoad(clock.instant(), first.revision, null)
        private set

    init {
        tellNotices(first)
        history?.taken(first, VersionSource.START)
        events.publish(RouterEvent.PolicyLoaded(first))
    }

    fun snapshot(): Snapshot = current.get()

    /** The snapshot for a request that begins, which must release it once. */
    fun enter(): Snapshot {
        while (true) current.get().let { if (it.retain()) return it }
    }

    /**
     * Makes the first policy fit to serve, if a reload was not quicker.
     *
     * @return why that cannot be done, or null where requests are routed now
     */
    fun prepare(): String? {
        val first = current.get()
        if (first.starting == null) return null
        val made =
            try {
                ready(first.policy)
            } catch (failure: EncodeFailure) {
                return failure.message.takeIf { current.get() === first }
            }
        val next = Snapshot(made.policy, first.upstreams, made.lease)
        if (!current.compareAndSet(first, next)) next.release()
        return null
    }

    /** Starts to follow the file, and those that the policy in force has its knowledge bases from. */
    fun follow() {
        val followed = file ?: return
        val service = watch ?: return
        val watched = HashSet<Path>()
        watchFolders(followed, service, watched)
        thread(name = "policy-watch", isDaemon = true) { watchLoop(followed, service, watched) }
    }

    /** A file may have changed after it was read and before its folder was watched, so a folder that is new to the watch is read again. */
    private fun reload(followed: Path, service: WatchService, watched: MutableSet<Path>) {
        do reload() while (watchFolders(followed, service, watched))
    }

    /**
     * Folders are watched rather than files: editors and Kubernetes replace a file rather than write into it.
     *
     * @return whether one of them is new
     */
    private fun watchFolders(followed: Path, service: WatchService, watched: MutableSet<Path>): Boolean {
        val own = followed.toAbsolutePath().parent
        val bases = current
            .get()
            .policy.catalog.knowledgeBases.values
            .map { own.resolve(it.manifest.path).parent }
        val fresh = bases.plusElement(own).filter { it !in watched && Files.isDirectory(it) }.toSet()
        fresh.forEach { it.register(service, ENTRY_CREATE, ENTRY_MODIFY) }
        return watched.addAll(fresh)
    }

    /** Loads the file again now. Returns whether the policy in force is the one that the file holds. */
    @Synchronized
    fun reload(): Boolean {
        val old = current.get()
        val file = file?.takeUnless { isClosed } ?: return true
        val loaded =
            try {
                load(Files.readString(file), file.toString())
            } catch (invalid: InvalidPolicy) {
                return keep(old, "invalid policy: ${invalid.message}")
            } catch (unreadable: IOException) {
                return keep(old, "cannot read $file: ${unreadable.message}")
            }
        if (loaded.revision != old.policy.revision) return replace(old, loaded)
        val mended = lastLoad.reason != null
        lastLoad = LastLoad(clock.instant(), loaded.revision, null)
        if (mended) {
            log.info("the file holds policy {} again, which stayed in force", loaded.shortRevision)
            events.publish(RouterEvent.PolicyLoaded(old.policy))
        }
        return true
    }

    @Synchronized
    override fun close() {
        closing.countDown()
        watch?.close()
        val last = current.get()
        last.upstreams.close()
        last.release()
    }

    private fun replace(old: Snapshot, loaded: Policy): Boolean {
        val next =
            try {
                snapshotOf(ready(loaded))
            } catch (failure: EncodeFailure) {
                return keep(old, "${failure.message}")
            } catch (fault: RuntimeException) {
                return keep(old, "the policy cannot be put in force: ${fault.javaClass.name}")
            }
        // The first policy may have become ready meanwhile; it shares the upstreams of what it was.
        val replaced = current.getAndSet(next)
        replaced.upstreams.close()
        replaced.release()
        lastLoad = LastLoad(clock.instant(), loaded.revision, null)
        log.info("policy {} in force, was {}", loaded.shortRevision, old.policy.shortRevision)
        val late = settledAtStart(old.policy, loaded)
        if (late.isNotEmpty()) log.warn("changes of {} count from the next start", late.joinToString())
        tellNotices(loaded)
        history?.taken(loaded, VersionSource.RELOAD)
        events.publish(RouterEvent.PolicyLoaded(loaded))
        return true
    }

    private fun tellNotices(policy: Policy) {
        policy.notices.forEach { log.warn("{}", it) }
        policy.inactive.byFeature().forEach { log.warn("served without what is not built yet: {}", it) }
    }

    private fun snapshotOf(ready: ReadyPolicy): Snapshot =
        try {
            Snapshot(ready.policy, upstreams(ready.policy), ready.lease).also(Snapshot::warm)
        } catch (fault: RuntimeException) {
            ready.lease?.close()
            throw fault
        }

    private fun keep(old: Snapshot, reason: String): Boolean {
        log.error("policy not reloaded, {} stays in force: {}", old.policy.shortRevision, reason)
        lastLoad = LastLoad(clock.instant(), old.policy.revision, reason)
        events.publish(RouterEvent.PolicyRejected(reason))
        return false
    }

    private fun watchLoop(followed: Path, service: WatchService, watched: MutableSet<Path>) {
        try {
            reload(followed, service, watched)
            while (true) {
                val key = service.take()
                key.pollEvents()
                if (!key.reset()) {
                    log.error("{} is gone; changes there are not followed any more", key.watchable())
                    watched.remove(key.watchable())
                }
                settle(service)
                reload(followed, service, watched)
            }
        } catch (_: ClosedWatchServiceException) {
            log.debug("policy watch ended")
        } catch (unwatchable: IOException) {
            log.error("changes of {} and its files are not followed any more: {}", followed, unwatchable.message)
        } catch (_: InterruptedException) {
            Thread.currentThread().interrupt()
        }
    }

    /** Several events come for one save: waits until they stop, or for a while where the folder never rests. */
    private fun settle(service: WatchService) {
        repeat(SETTLE_ROUNDS_MAX) {
            val more = service.poll(SETTLE_MILLIS, TimeUnit.MILLISECONDS) ?: return
            more.pollEvents()
            more.reset()
        }
    }

    private companion object {
        const val SETTLE_MILLIS = 250L
        const val SETTLE_ROUNDS_MAX = 8

        /** The names of what differs and is read once, when ports are opened. */
        fun settledAtStart(old: Policy, new: Policy): List<String> =
            listOfNotNull(
                "listeners".takeIf { old.listeners != new.listeners },
                "observability.tracing".takeIf { old.tracing != new.tracing },
                "gateway.decisions_kept".takeIf { old.gateway.decisionsKept != new.gateway.decisionsKept },
                "gateway.extproc_tls".takeIf { old.gateway.extProcTls != new.gateway.extProcTls },
                "gateway.limits.header_bytes_max".takeIf { old.gateway.limits.headerBytesMax < new.gateway.limits.headerBytesMax },
                "gateway.limits.body_bytes_max (ExtProc)".takeIf { old.gateway.limits.bodyBytesMax != new.gateway.limits.bodyBytesMax },
            )
    }
}
