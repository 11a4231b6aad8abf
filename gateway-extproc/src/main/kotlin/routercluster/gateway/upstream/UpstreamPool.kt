package routercluster.gateway.upstream

import com.linecorp.armeria.client.ClientFactory
import com.linecorp.armeria.client.ClientFactoryBuilder
import com.linecorp.armeria.client.Endpoint
import com.linecorp.armeria.client.WebClient
import com.linecorp.armeria.common.CommonPools
import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.SessionProtocol
import io.netty.channel.EventLoopGroup
import kotlinx.coroutines.delay
import routercluster.policy.Forwarding
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream
import java.time.Clock
import java.time.Duration
import kotlin.random.Random
import kotlin.time.Duration.Companion.nanoseconds

/**
 * The connections to all upstreams, and what is known of each one's state. One per process: it lives through reloads of the
 * policy, so that an unchanged upstream keeps its connections, its requests in flight and its ejection.
 */
class UpstreamPool internal constructor(
    private val loops: EventLoopGroup,
    private val tune: (ClientFactoryBuilder) -> Unit,
) : AutoCloseable {
    /** [loops] send and receive; they stay the caller's to end. */
    constructor(loops: EventLoopGroup = CommonPools.workerGroup()) : this(loops, {})

    /** One per connect timeout that was ever asked for, since that is a factory's setting; all share [loops]. */
    private val factories = HashMap<Duration, ClientFactory>()
    private var conditions = emptyMap<String, Condition>()

    /**
     * Starts the health checks of [models]. The upstreams of the policy before stay usable until their exchanges are done;
     * closing them ends their health checks only.
     *
     * @param random called from many threads
     * @param ticker nanoseconds, the clock of [Exchange.deadlineNanos]
     * @param clock for `Retry-After` dates
     * @param pause waits that many nanoseconds: before a retry and between health checks
     */
    fun upstreams(
        models: Collection<Model>,
        settings: Forwarding,
        random: Random,
        ticker: () -> Long = System::nanoTime,
        clock: Clock = Clock.systemUTC(),
        pause: suspend (Long) -> Unit = { delay(it.nanoseconds) },
    ): Upstreams {
        val kept = HashMap<String, Condition>()
        val pools =
            synchronized(this) {
                val factory = factories.getOrPut(settings.connectTimeout) { factory(settings.connectTimeout) }
                val pools =
                    models.associate { model ->
                        val members = model.upstreams.map {
                            member(
                                it,
                                factory,
                                kept.getOrPut(it.place(model)) {
                                    conditions[it.place(model)]
                                        ?: Condition()
                                },
                            )
                        }
                        model.name to ModelPool(model, members, settings.retryBudgetPercent, ticker)
                    }
                conditions = kept
                pools
            }
        return PolicyUpstreams(pools, Means(settings, random, ticker, clock, pause))
    }

    /** What a [Condition] stays true of: a complaint of one health check says nothing once another is made, or none. */
    private fun Upstream.place(model: Model) = "$id $tls $host $port ${model.reliability.healthPath}"

    private fun factory(connectTimeout: Duration): ClientFactory =
        ClientFactory
            .builder()
            .workerGroup(loops, false)
            .eventLoopSchedulerFactory(::OwnEventLoop)
            .connectTimeout(connectTimeout)
            .idleTimeout(KEEP_ALIVE)
            .http1MaxHeaderSize(HEADER_BYTES_MAX)
            .http2MaxHeaderListSize(HEADER_BYTES_MAX.toLong())
            .also(tune)
            .build()

    /** Breaks what is still running; the doors drain first. */
    override fun close() {
        synchronized(this) {
            factories.values.forEach { it.close() }
            factories.clear()
        }
    }

    private companion object {
        val KEEP_ALIVE: Duration = Duration.ofSeconds(30)
        const val HEADER_BYTES_MAX = 64 * 1024
        const val USER_AGENT = "RouterCluster"
        const val HTTP = 80
        const val HTTPS = 443

        fun member(upstream: Upstream, factory: ClientFactory, condition: Condition): Member {
            val usual = if (upstream.tls) HTTPS else HTTP
            val endpoint = if (upstream.port == usual) Endpoint.of(upstream.host) else Endpoint.of(upstream.host, upstream.port)
            val client =
                WebClient
                    .builder(if (upstream.tls) SessionProtocol.HTTPS else SessionProtocol.H1C, endpoint)
                    .factory(factory)
                    // Where the client names itself, this stays out; without it Armeria would tell its own name and version.
                    .setHeader(HttpHeaderNames.USER_AGENT, USER_AGENT)
                    .responseTimeoutMillis(0)
                    .writeTimeoutMillis(0)
                    .maxResponseLength(0)
                    .build()
            return Member(upstream, endpoint, client, condition)
        }
    }
}
