package routercluster.gateway.upstream

import routercluster.policy.FailureClass
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream

/**
 * An upstream chosen for a request that somebody else sends. What is told of the answer counts for its balance and its ejection
 * as an attempt of our own would. [answered] comes at most once and first, then [ended] once.
 */
class Picked internal constructor(private val pool: ModelPool, private val member: Member) {
    val model: Model get() = pool.model
    val upstream: Upstream get() = member.upstream
    private var good = false

    /**
     * The answer's head is here, or there will be none.
     *
     * @param failure null for an answer that is good or the client's to have
     * @param attempts how often the request was sent; each counts as failed where the last one did
     */
    fun answered(failure: FailureClass?, attempts: Int) {
        good = failure == null
        if (failure == null) pool.committed(member) else repeat(attempts) { pool.failed(member, failure) }
    }

    /** @param whole the answer came to its end */
    fun ended(whole: Boolean) {
        pool.release(member)
        if (good && whole) pool.succeeded(member)
    }
}
