package routercluster.gateway.versions

import org.slf4j.LoggerFactory
import routercluster.gateway.PolicyKeeper
import routercluster.gateway.admin.Readiness
import routercluster.policy.Policy
import routercluster.policy.versions.LoggedPolicy
import java.time.Duration
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/**
 * What a node runs and what it should.
 *
 * @property running number of the cluster's version that is in force here; 0 for a policy of this node alone
 * @property wanted the newest version that is known; null where none is
 * @property fault why [wanted] is not in force; null where it is, or soon will be
 */
class Standing(val running: Long, val wanted: LoggedPolicy?, val fault: String?)

/**
 * Brings a node to the cluster's policy and keeps it there. What cannot be put in force is tried again, with growing pauses, until it can
 * or there is something newer; the node serves on with what it has, and its readiness says so.
 */
class ClusterFollower(private val readiness: Readiness) : AutoCloseable {
    private val news = ArrayBlockingQueue<Unit>(1)

    @Volatile
    private var isClosed = false

    @Volatile
    private var fault: String? = null

    /** To be called when there is something new. */
    fun wake() {
        news.offer(Unit)
    }

    /** Starts, with a thread of its own. */
    fun follow(keeper: PolicyKeeper, share: ClusterShare) {
        tell(keeper, "the cluster's policy is not known yet")
        val first = keeper.snapshot().policy
        thread(name = "policy-cluster", isDaemon = true) { loop(keeper, share, first) }
    }

    fun standing(keeper: PolicyKeeper, share: ClusterShare): Standing = Standing(keeper.running, share.wanted, fault)

    override fun close() {
        isClosed = true
        wake()
    }

    private fun loop(keeper: PolicyKeeper, share: ClusterShare, first: Policy) {
        var pause = PAUSE_MIN
        var hasBegun = false
        while (!isClosed) {
            val reason = if (hasBegun) null else share.begin(first)
            if (reason == null && !hasBegun) begun(share, first)
            hasBegun = reason == null
            val problem = reason ?: share.wanted?.let(keeper::take)
            tell(keeper, problem)
            val isNews = if (problem ==
                null
            ) {
                news.poll(LOOK_AGAIN_SECONDS, TimeUnit.SECONDS)
            } else {
                news.poll(pause.toMillis(), TimeUnit.MILLISECONDS)
            }
            pause = if (problem == null || isNews != null) PAUSE_MIN else minOf(pause.multipliedBy(2), PAUSE_MAX)
        }
    }

    private fun begun(share: ClusterShare, first: Policy) {
        val wanted = share.wanted ?: return
        if (wanted.version.revision == first.revision) return
        log.warn(
            "the cluster runs {}, not policy {} that this node was started with; `router policy apply` would change that",
            wanted,
            first.shortRevision,
        )
    }

    /** A node that never had the cluster's policy takes no requests; one that has an older version goes on. */
    private fun tell(keeper: PolicyKeeper, problem: String?) {
        val line = problem?.let { "policy: $it" }
        val before = fault
        if (before == line) return
        fault = line
        before?.let(readiness::reached)
        when {
            line == null -> Unit
            keeper.running == 0L -> readiness.awaits(line)
            else -> readiness.suffers(line)
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger(ClusterFollower::class.java)
        val PAUSE_MIN: Duration = Duration.ofSeconds(1)
        val PAUSE_MAX: Duration = Duration.ofSeconds(30)

        /** However quiet it is. */
        const val LOOK_AGAIN_SECONDS = 60L
    }
}
