package routercluster.gateway.upstream

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import routercluster.policy.FailureClass
import routercluster.policy.Forwarding
import routercluster.policy.models.Model
import java.time.Clock
import kotlin.random.Random

/** What exchanges are sent with; time and chance are handed in. */
internal class Means(
    val settings: Forwarding,
    val random: Random,
    val ticker: () -> Long,
    val clock: Clock,
    val pause: suspend (Long) -> Unit,
) {
    val timing = CallTiming(settings.firstByteTimeout.toNanos(), settings.idleTimeout.toNanos(), ticker)

    /** Starts empty: the share of hedged requests is never above its percentage. */
    val hedges = Budget(settings.hedgePercentMax, floor = 0, ticker)
}

internal class PolicyUpstreams(private val pools: Map<String, ModelPool>, private val means: Means) : Upstreams {
    private val checks = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    init {
        for (pool in pools.values) {
            val path = pool.model.reliability.healthPath ?: continue
            for (member in pool.members) checks.launch { watch(member, pool.model.reliability, path, means) }
        }
    }

    override suspend fun send(exchange: Exchange): Reply = Sending(exchange, pools, means).reply()

    override fun pick(models: List<Model>): Picked {
        val able = models.map { requireNotNull(pools[it.name]) { "model ${it.name} is not one of this policy's" } }
        val fit = if (FailureClass.CONNECT in means.settings.fallBackOn) able.firstOrNull { it.fit() } else null
        val pool = fit ?: able.first()
        return Picked(pool, pool.acquire(emptyList()))
    }

    override fun health(): Map<String, String> {
        val now = means.ticker()
        return pools.values.flatMap { it.members }.associate { it.upstream.id to it.condition.describe(now) }
    }

    override fun close() = checks.cancel()
}
