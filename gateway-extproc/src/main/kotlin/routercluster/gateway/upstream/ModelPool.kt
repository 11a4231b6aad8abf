package routercluster.gateway.upstream

import com.linecorp.armeria.client.Endpoint
import com.linecorp.armeria.client.WebClient
import org.slf4j.LoggerFactory
import routercluster.policy.FailureClass
import routercluster.policy.models.LoadBalancing
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream

/** An upstream of a [ModelPool] with the client that talks to it. */
internal class Member(val upstream: Upstream, val endpoint: Endpoint, val client: WebClient, val condition: Condition) {
    /** Turn in the round robin; guarded by the pool. */
    var credit = 0
}

/**
 * The upstreams of one model: whose turn it is, and who is fit for it.
 *
 * @property members never empty
 */
internal class ModelPool(val model: Model, val members: List<Member>, retryPercent: Int, private val ticker: () -> Long) {
    val retries = Budget(retryPercent, RETRIES_MIN, ticker)

    fun inFlight(): Int = members.sumOf { it.condition.inFlight }

    fun fit(): Boolean = ticker().let { now -> members.any { it.condition.fit(now) } }

    /** Whether a fit upstream is left that is not in [tried]. */
    fun fresh(tried: List<Member>): Boolean = ticker().let { now -> members.any { it.condition.fit(now) && it !in tried } }

    /** Like [choose], and counts the request as in flight until [release]. */
    fun acquire(tried: List<Member>): Member = choose(tried).also { it.condition.begun(ticker()) }

    fun release(member: Member) = member.condition.ended()

    /** Fit and untried if there is one, else fit, else untried, else any: an unfit upstream is better than none. */
    fun choose(tried: List<Member>): Member {
        if (members.size == 1) return members[0]
        val now = ticker()
        val fit = members.filter { it.condition.fit(now) }.ifEmpty { members }
        val able = if (tried.isEmpty()) fit else fit.filter { it !in tried }.ifEmpty { fit }
        if (able.size == 1) return able[0]
        return when (model.reliability.loadBalancing) {
            LoadBalancing.ROUND_ROBIN -> nextOf(able)
            LoadBalancing.LEAST_REQUEST -> nextOf(leastLoaded(able))
        }
    }

    /** Smooth weighted round robin: everyone earns its weight, the richest goes and pays what all earned. */
    private fun nextOf(able: List<Member>): Member =
        synchronized(this) {
            var richest = able[0]
            var earned = 0
            for (member in able) {
                member.credit += member.upstream.weight
                earned += member.upstream.weight
                if (member.credit > richest.credit) richest = member
            }
            richest.credit -= earned
            richest
        }

    private fun leastLoaded(able: List<Member>): List<Member> {
        val loads = able.map { it.condition.inFlight.toDouble() / it.upstream.weight }
        val least = loads.min()
        return able.filterIndexed { index, _ -> loads[index] == least }
    }

    fun committed(member: Member) = member.condition.committed(ticker())

    fun succeeded(member: Member) = member.condition.succeeded()

    /** Being rate limited or refused for its key says nothing about an upstream's health. */
    fun failed(member: Member, failure: FailureClass) =
        when (failure) {
            FailureClass.RATE_LIMITED, FailureClass.CREDENTIALS -> committed(member)
            FailureClass.CONNECT, FailureClass.TIMEOUT, FailureClass.SERVER_ERROR -> strike(member)
        }

    private fun strike(member: Member) {
        val now = ticker()
        val nanos =
            synchronized(this) {
                val others = members.count { it !== member && it.condition.ejected(now) }
                val ejectable = (others + 1) * PERCENT <= model.reliability.maxEjectedPercent * members.size
                member.condition.failed(now, model.reliability, ejectable)
            }
        if (nanos != null) logger.warn("upstream {} is ejected for {} ms", member.upstream.id, nanos / NANOS_PER_MILLI)
    }

    private companion object {
        val logger = LoggerFactory.getLogger(ModelPool::class.java)
        const val RETRIES_MIN = 10
        const val PERCENT = 100
        const val NANOS_PER_MILLI = 1_000_000
    }
}
