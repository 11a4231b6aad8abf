package routercluster.gateway.limits

import com.google.common.util.concurrent.FutureCallback
import com.google.common.util.concurrent.Futures
import com.google.common.util.concurrent.MoreExecutors
import com.linecorp.armeria.client.ClientFactory
import com.linecorp.armeria.client.grpc.GrpcClients
import io.envoyproxy.envoy.extensions.common.ratelimit.v3.RateLimitDescriptor
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitRequest
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitServiceGrpc.RateLimitServiceFutureStub
import io.netty.channel.EventLoopGroup
import org.slf4j.LoggerFactory
import routercluster.policy.limits.Amounts
import routercluster.policy.limits.LimitFacts
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.LimitService
import routercluster.policy.limits.Reservation
import routercluster.policy.limits.Reserved
import routercluster.policy.limits.Standing
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap

/** Asks services that count for us. All that a policy names must let a request pass. */
fun interface LimitServices {
    /** Never fails. */
    fun ask(services: List<LimitService>, facts: LimitFacts): CompletableFuture<Reserved>

    companion object {
        /** Can ask none. */
        val NONE =
            LimitServices { services, _ ->
                val closed = services.firstOrNull { !it.failOpen }
                val reserved = if (closed == null) Reserved.Granted(Counted(unasked = services.map(::nameOf))) else unavailable(closed)
                CompletableFuture.completedFuture(reserved)
            }
    }
}

/**
 * Envoy's rate limit protocol, version 3. A request is one hit on one descriptor: `user`, `model` and, once for each, `group`. Names
 * that are missing are left out; whoever has none is told by `remote_address`.
 */
class EnvoyLimitServices(loops: EventLoopGroup, private val timeout: Duration = TIMEOUT) : LimitServices, AutoCloseable {
    private val factory = ClientFactory.builder().workerGroup(loops, false).build()
    private val stubs = ConcurrentHashMap<String, RateLimitServiceFutureStub>()

    override fun ask(services: List<LimitService>, facts: LimitFacts): CompletableFuture<Reserved> {
        val answers = services.map { ask(it, facts) }
        return CompletableFuture.allOf(*answers.toTypedArray()).thenApply { together(answers.map { it.join() }) }
    }

    private fun together(answers: List<Reserved>): Reserved =
        answers.firstOrNull { it is Reserved.Denied }
            ?: answers.firstOrNull { it is Reserved.Unavailable }
            ?: answers.filterIsInstance<Reserved.Granted>().map { it.reservation }.let { all ->
                Reserved.Granted(Counted(all.flatMap { it.standings }, all.flatMap { it.unasked }))
            }

    private fun ask(service: LimitService, facts: LimitFacts): CompletableFuture<Reserved> {
        val promise = CompletableFuture<Reserved>()
        val callback =
            object : FutureCallback<RateLimitResponse> {
                override fun onSuccess(answer: RateLimitResponse) {
                    promise.complete(read(service, answer))
                }

                override fun onFailure(failure: Throwable) {
                    log.debug("the rate limit service at {} was not asked: {}", service.address, failure.javaClass.name)
                    promise.complete(unasked(service))
                }
            }
        Futures.addCallback(stub(service).shouldRateLimit(question(service, facts)), callback, MoreExecutors.directExecutor())
        return promise
    }

    private fun stub(service: LimitService) =
        stubs.computeIfAbsent(service.address) {
            GrpcClients
                .builder("gproto+http://$it")
                .factory(factory)
                .responseTimeout(timeout)
                .build(RateLimitServiceFutureStub::class.java)
        }

    override fun close() = factory.close()

    companion object {
        /** For an answer, the first of a connection included. */
        val TIMEOUT: Duration = Duration.ofSeconds(1)
        private val log = LoggerFactory.getLogger(EnvoyLimitServices::class.java)
    }
}

private fun question(service: LimitService, facts: LimitFacts): RateLimitRequest {
    val descriptor = RateLimitDescriptor.newBuilder()
    val caller = facts.caller
    val entries =
        listOfNotNull(
            caller.user?.let { "user" to it },
            caller.peer?.takeIf { caller.user == null }?.let { "remote_address" to InetAddress.getByAddress(it).hostAddress },
            facts.model?.let { "model" to it },
        ) + caller.groups.take(GROUPS_MAX).map { "group" to it }
    entries.forEach { (key, value) -> descriptor.addEntriesBuilder().setKey(key).setValue(value) }
    return RateLimitRequest
        .newBuilder()
        .setDomain(service.domain)
        .addDescriptors(descriptor)
        .setHitsAddend(1)
        .build()
}

private fun read(service: LimitService, answer: RateLimitResponse): Reserved =
    when (answer.overallCode) {
        RateLimitResponse.Code.OK -> Reserved.Granted(Counted(answer.standings(service)))
        RateLimitResponse.Code.OVER_LIMIT -> denied(service, answer)
        RateLimitResponse.Code.UNKNOWN, RateLimitResponse.Code.UNRECOGNIZED, null -> unasked(service)
    }

private fun denied(service: LimitService, answer: RateLimitResponse): Reserved {
    val over = answer.statusesList.firstOrNull { it.code == RateLimitResponse.Code.OVER_LIMIT }
    val standing = over?.let { standing(service, it) } ?: Standing(nameOf(service), LimitKind.REQUESTS, 1, 0, RETRY_MILLIS)
    return Reserved.Denied(standing.copy(remaining = 0), maxOf(standing.resetMillis, 1))
}

private fun RateLimitResponse.standings(service: LimitService) =
    statusesList.filter { it.hasCurrentLimit() && it.currentLimit.requestsPerUnit > 0 }.map { standing(service, it) }

private fun standing(service: LimitService, status: RateLimitResponse.DescriptorStatus): Standing {
    val limit = maxOf(1, status.currentLimit.requestsPerUnit.toLong())
    val reset = status.durationUntilReset.let { it.seconds * MILLIS + it.nanos / NANOS_PER_MILLI }
    return Standing(nameOf(service), LimitKind.REQUESTS, limit, minOf(limit, status.limitRemaining.toLong()), reset)
}

private fun unasked(service: LimitService): Reserved =
    if (service.failOpen) Reserved.Granted(Counted(unasked = listOf(nameOf(service)))) else unavailable(service)

private fun unavailable(service: LimitService) = Reserved.Unavailable(nameOf(service), RETRY_MILLIS)

private fun nameOf(service: LimitService) = service.domain

/** The service has counted it; nothing is settled with it. */
private class Counted(
    override val standings: List<Standing> = emptyList(),
    override val unasked: List<String> = emptyList(),
) : Reservation {
    override fun settle(actual: Amounts, byModel: Map<String, Amounts>?) = Unit
}

private const val GROUPS_MAX = 16
private const val RETRY_MILLIS = 1_000L
private const val MILLIS = 1_000L
private const val NANOS_PER_MILLI = 1_000_000
