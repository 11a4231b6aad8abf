package routercluster.gateway.limits

import com.google.protobuf.Duration
import com.linecorp.armeria.common.util.EventLoopGroups
import com.linecorp.armeria.server.Server
import com.linecorp.armeria.server.grpc.GrpcService
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitRequest
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse.Code
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitServiceGrpc.RateLimitServiceImplBase
import io.grpc.Status
import io.grpc.stub.StreamObserver
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.policy.limits.LimitCaller
import routercluster.policy.limits.LimitFacts
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.LimitService
import routercluster.policy.limits.Reserved
import routercluster.policy.limits.Standing
import java.net.InetAddress
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/** Envoy's protocol, against a service that says what the test tells it to. */
class LimitServicesTest {
    private val seen = CopyOnWriteArrayList<RateLimitRequest>()

    /** Null says nothing at all. */
    @Volatile private var answer: RateLimitResponse? = RateLimitResponse.newBuilder().setOverallCode(Code.OK).build()

    @Volatile private var failure: Status? = null
    private val server = Server
        .builder()
        .http(0)
        .service(GrpcService.builder().addService(Scripted()).build())
        .build()
    private val address = server.start().join().let { "127.0.0.1:${server.activeLocalPort()}" }
    private val loops = EventLoopGroups.newEventLoopGroup(1, "test", true)
    private val services = EnvoyLimitServices(loops, java.time.Duration.ofSeconds(2))

    private inner class Scripted : RateLimitServiceImplBase() {
        override fun shouldRateLimit(request: RateLimitRequest, responses: StreamObserver<RateLimitResponse>) {
            seen += request
            val said = answer
            val failed = failure
            when {
                failed != null -> responses.onError(failed.asRuntimeException())
                said != null -> responses.onNext(said).also { responses.onCompleted() }
            }
        }
    }

    @AfterEach
    fun close() {
        services.close()
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS)
        server.stop().join()
    }

    private fun ask(facts: LimitFacts, failOpen: Boolean = false, address: String = this.address): Reserved =
        services.ask(listOf(LimitService(address, "api", failOpen)), facts).get(30, TimeUnit.SECONDS)

    private val ann = LimitFacts(LimitCaller("ann", listOf("ops", "dev")), "small", "d")

    private fun over() =
        RateLimitResponse
            .newBuilder()
            .setOverallCode(Code.OVER_LIMIT)
            .addStatuses(
                RateLimitResponse.DescriptorStatus
                    .newBuilder()
                    .setCode(Code.OVER_LIMIT)
                    .setCurrentLimit(RateLimitResponse.RateLimit.newBuilder().setRequestsPerUnit(60))
                    .setDurationUntilReset(Duration.newBuilder().setSeconds(12)),
            ).build()

    @Test
    fun `a request is one hit on one descriptor`() {
        ask(ann).shouldBeInstanceOf<Reserved.Granted>()
        ask(LimitFacts(LimitCaller(peer = InetAddress.getByName("203.0.113.7").address), "small"))
        seen.map { it.domain to it.hitsAddend } shouldBe listOf("api" to 1, "api" to 1)
        seen.map { request -> request.getDescriptors(0).entriesList.map { "${it.key}=${it.value}" } } shouldBe
            listOf(listOf("user=ann", "model=small", "group=ops", "group=dev"), listOf("remote_address=203.0.113.7", "model=small"))
    }

    @Test
    fun `over the limit is denied with what the service tells of it`() {
        answer = over()
        val denied = ask(ann, failOpen = true).shouldBeInstanceOf<Reserved.Denied>()
        denied.standing shouldBe Standing("api", LimitKind.REQUESTS, 60, 0, 12_000)
        denied.retryMillis shouldBe 12_000
    }

    @Test
    fun `a service that is away decides nothing - the policy does`() {
        failure = Status.UNAVAILABLE
        ask(ann).shouldBeInstanceOf<Reserved.Unavailable>().rule shouldBe "api"
        ask(ann, failOpen = true).shouldBeInstanceOf<Reserved.Granted>().reservation.unasked shouldBe listOf("api")
        failure = null
        answer = null
        ask(ann).shouldBeInstanceOf<Reserved.Unavailable>()
        ask(ann, address = "127.0.0.1:1").shouldBeInstanceOf<Reserved.Unavailable>()
        answer = RateLimitResponse.getDefaultInstance()
        ask(ann).shouldBeInstanceOf<Reserved.Unavailable>()
    }

    @Test
    fun `a policy asks it for every request that goes to a model`() {
        mockLlm().use { mock ->
            val services = "{fail_open: false, providers: [{type: envoy-ratelimit, address: \"$address\", domain: api}]}"
            TestGateway(policyText(mock.port, more = "global: {services: {ratelimit: $services}}")).use { router ->
                router.chat("Hello").status shouldBe 200
                answer = over()
                val refused = router.chat("Hello")
                (refused.status to refused.code) shouldBe (429 to "rate_limit_exceeded")
                refused.headers("retry-after", "x-ratelimit-limit-requests", "x-ratelimit-reset-requests") shouldBe
                    listOf("12", "60", "12s")
                failure = Status.UNAVAILABLE
                val unknown = router.chat("Hello")
                (unknown.status to unknown.code) shouldBe (503 to "limit_unavailable")
                unknown.header("retry-after") shouldBe "1"
                mock.seen.size shouldBe 1
            }
        }
    }
}
