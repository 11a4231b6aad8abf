package routercluster.gateway

import org.slf4j.LoggerFactory
import routercluster.gateway.encode.ReadyPolicy
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.upstream.Upstreams
import routercluster.gateway.versions.Agreement
import routercluster.gateway.versions.ClusterShare
import routercluster.gateway.versions.PolicyHistory
import routercluster.gateway.versions.PolicyWatch
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.format.byFeature
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.VersionSource
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicReference

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
 * @param cluster whose policy this is; a changed file is then a wish that all nodes take it. Null keeps a policy of this node alone
 */
class PolicyKeeper(
    first: Policy,
    private val file: Path?,
    private val load: (text: String, file: String) -> Policy,
    private val clock: Clock,
    private val events: Events,
    private val ready: (Policy) -> ReadyPolicy = { ReadyPolicy(it, null) },
    private val history: PolicyHistory? = null,
    private val cluster: ClusterShare? = null,
    private val upstreams: (Policy) -> Upstreams,
) : AutoCloseable {
    private val log = LoggerFactory.getLogger(PolicyKeeper::class.java)
    private val current = AtomicReference(Snapshot(first, upstreams(first)))
    private val watch = file?.let { PolicyWatch(it, ::basesOfKnowledge, ::reload) { cluster?.isWaiting == true } }
    private val closing = CountDownLatch(1)

    val isClosed: Boolean get() = closing.count == 0L

    /** Waits for [pause], or for the end of this keeper if that comes first. */
    fun awaitClose(pause: Duration) {
        closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)
    }

    /** The number of the cluster's version that is in force; 0 for a policy that is no version of a cluster's. */
    @Volatile
    var running = 0L
        private set

    /** What the file held when it was last taken or refused. */
    private var fileRevision = first.revision

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
    fun follow() = watch?.follow() ?: Unit

    /** Loads the file again now. Returns whether the policy in force is the one that the file holds, or that the cluster has instead. */
    @Synchronized
    fun reload(): Boolean {
        val old = current.get()
        val file = file?.takeUnless { isClosed } ?: return true
        val loaded =
            try {
                load(Files.readString(file), file.toString())
            } catch (invalid: InvalidPolicy) {
                keep(old, "invalid policy: ${invalid.message}")
                return false
            } catch (unreadable: IOException) {
                keep(old, "cannot read $file: ${unreadable.message}")
                return false
            }
        // In a cluster a file that says what it said is no wish to change what the cluster runs.
        val known = if (cluster == null) old.policy.revision else fileRevision
        if (loaded.revision != known) return change(old, loaded, VersionSource.RELOAD) == null
        mended(old, "the file holds policy ${loaded.shortRevision} again, ${old.policy.shortRevision} stayed in force")
        return true
    }

    /**
     * Makes [text] the policy of the cluster, and puts it in force here.
     *
     * @param file what it is called, for messages
     * @return why it was not, fit for an operator's eyes; null where it was
     */
    @Synchronized
    fun apply(text: String, file: String): String? {
        if (cluster == null) return "this router is in no cluster: write its policy file"
        val old = current.get()
        val loaded =
            try {
                load(text, this.file?.toString() ?: file)
            } catch (invalid: InvalidPolicy) {
                return "invalid policy: ${invalid.message}"
            }
        return change(old, loaded, VersionSource.APPLIED)
    }

    /**
     * Puts a version of the cluster's policy in force, unless that or a newer one is.
     *
     * @return why that cannot be done, or null
     */
    @Synchronized
    fun take(policy: LoggedPolicy): String? {
        if (isClosed || policy.number <= running) return null
        val old = current.get()
        if (old.policy.revision == policy.version.revision) return same(old, policy.number)
        val loaded =
            try {
                load(policy.text, file?.toString() ?: policy.version.file)
            } catch (invalid: InvalidPolicy) {
                return keep(old, "$policy cannot be loaded: ${invalid.message}")
            }
        if (loaded.revision != policy.version.revision) {
            return keep(old, "$policy cannot be loaded: files of its knowledge bases are other ones on this node")
        }
        return try {
            replace(old, ready(loaded), policy.number, policy.version.source)
        } catch (failure: EncodeFailure) {
            keep(old, "$policy cannot be loaded: ${failure.message}")
        }
    }

    @Synchronized
    override fun close() {
        closing.countDown()
        watch?.close()
        val last = current.get()
        last.upstreams.close()
        last.release()
    }

    /** Proven, made fit to serve and, in a cluster, agreed upon: only then is it put in force. */
    private fun change(old: Snapshot, loaded: Policy, source: VersionSource): String? {
        val made =
            try {
                ready(loaded)
            } catch (failure: EncodeFailure) {
                return keep(old, "${failure.message}")
            }
        val agreement = cluster?.agree(loaded, source)
        if (source == VersionSource.RELOAD && cluster?.isWaiting == false) fileRevision = loaded.revision
        return when (agreement) {
            null -> replace(old, made, 0, source)
            is Agreement.Reached -> replace(old, made, agreement.number, source)
            is Agreement.Failed -> keep(old, agreement.reason).also { made.close() }
        }
    }

    private fun replace(old: Snapshot, made: ReadyPolicy, number: Long, source: VersionSource): String? {
        val loaded = made.policy
        if (loaded.revision == old.policy.revision && old.starting == null) return same(old, number).also { made.close() }
        val next =
            try {
                snapshotOf(made)
            } catch (fault: RuntimeException) {
                return keep(old, "the policy cannot be put in force: ${fault.javaClass.name}")
            }
        // The first policy may have become ready meanwhile; it shares the upstreams of what it was.
        val replaced = current.getAndSet(next)
        replaced.upstreams.close()
        replaced.release()
        lastLoad = LastLoad(clock.instant(), loaded.revision, null)
        running = number
        log.info("policy {} in force, was {}", loaded.shortRevision, old.policy.shortRevision)
        val late = settledAtStart(old.policy, loaded)
        if (late.isNotEmpty()) log.warn("changes of {} count from the next start", late.joinToString())
        tellNotices(loaded)
        history?.taken(loaded, source)
        events.publish(RouterEvent.PolicyLoaded(loaded))
        return null
    }

    /** What is in force is what was wished for. */
    private fun same(old: Snapshot, number: Long): String? {
        mended(old, "policy ${old.policy.shortRevision}, which is in force, is version $number of the cluster")
        running = number
        return null
    }

    private fun mended(old: Snapshot, words: String) {
        val wasFaulty = lastLoad.reason != null
        lastLoad = LastLoad(clock.instant(), old.policy.revision, null)
        if (!wasFaulty) return
        log.info("{}", words)
        events.publish(RouterEvent.PolicyLoaded(old.policy))
    }

    /** Folders of the files that the policy in force has its knowledge bases from, relative to its own. */
    private fun basesOfKnowledge(): List<String> =
        current
            .get()
            .policy.catalog.knowledgeBases.values
            .map { it.manifest.path }

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

    private fun keep(old: Snapshot, reason: String): String {
        log.error("policy not reloaded, {} stays in force: {}", old.policy.shortRevision, reason)
        lastLoad = LastLoad(clock.instant(), old.policy.revision, reason)
        events.publish(RouterEvent.PolicyRejected(reason))
        return reason
    }

    private companion object {
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
