package routercluster.gateway.classify

import routercluster.gateway.encode.EncoderLease
import routercluster.gateway.encode.EncoderPool
import routercluster.policy.Policy
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.encode.EncodeFailure

/**
 * The encoders that calls of the API ask. Where routing asks none, they are opened for the first call, since most routers are never
 * called, and stay open for the next until a call finds a policy that has others. Safe for use by many threads.
 */
internal class ApiEncoders(private val pool: EncoderPool) {
    private class Kept(val encoders: Map<String, EncoderSettings>, val lease: EncoderLease)

    private var kept: Kept? = null

    /**
     * The encoders of [policy] for one call, which gives them back. Takes as long as opening them takes.
     *
     * @throws EncodeFailure.Unavailable where one cannot be opened
     */
    fun lease(policy: Policy): EncoderLease {
        if (!policy.isLearned) keep(policy)
        return pool.lease(policy.catalog)
    }

    @Synchronized
    private fun keep(policy: Policy) {
        val encoders = policy.catalog.encoders
        if (kept?.encoders == encoders) return
        val next = Kept(encoders, pool.lease(policy.catalog))
        kept?.lease?.close()
        kept = next
    }
}
