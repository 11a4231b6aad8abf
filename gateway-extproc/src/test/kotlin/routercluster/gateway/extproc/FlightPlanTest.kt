package routercluster.gateway.extproc

import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.gateway.Heard
import routercluster.gateway.TestGateway
import routercluster.gateway.cache.AnswerDesk
import routercluster.gateway.cache.CacheParts
import routercluster.gateway.cache.CacheTally
import routercluster.gateway.cache.Namespaces
import routercluster.gateway.chatBody
import routercluster.gateway.feedback.FeedbackApi
import routercluster.gateway.feedback.FeedbackDesk
import routercluster.gateway.http.Admission
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.ReplayIds
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.policyOf
import routercluster.gateway.policyText
import routercluster.gateway.upstream.UpstreamPool
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.policy.cache.CacheStoreSettings
import routercluster.policy.cache.LocalCacheLedger
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.Records
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import routercluster.telemetry.Tracing
import java.time.Clock
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** Equal requests at a time, through a proxy that forwards by itself. */
class FlightPlanTest {
    private val clock = Clock.systemUTC()
    private val heard = Heard()
    private val admission = Admission()
    private val policy = policyOf(
        policyText(
            8_001,
            mapOf("faq" to "plugins: [{type: response_cache, configuration: {mode: exact, scope: global}}]"),
            more = "global: {stores: {response_cache: {single_flight_wait: 60s}}}",
        ),
    )
    private val snapshot = Snapshot(policy, UpstreamPool().upstreams(policy.models.values, policy.gateway.forwarding, Random(1)))
    private val ring = DecisionRing(10)
    private val answers = AnswerDesk(
        CacheStoreSettings(),
        null,
        CacheParts(),
        Namespaces({ true }) { ByteArray(32) },
        { null },
        clock,
        Random(1),
        heard,
        DecisionRing(1),
        LocalCacheLedger(clock),
        CacheTally(clock.instant()),
    )
    private val feedback =
        FeedbackApi(FeedbackDesk(Outcomes.NONE, ReplayIds.PLAIN, ring, Records.NONE, clock) { emptySet() }, Events.NONE) { snapshot }
    private val pipeline = Pipeline(Tracing.OFF, ring, clock, Random(1), Outcomes.NONE, ReplayIds.PLAIN, answers = answers)
    private val loop = Executors.newSingleThreadScheduledExecutor()
    private val door = PipelineDoor({ snapshot }, pipeline, Accounts(heard, clock, answers = answers), admission, clock, feedback)

    private fun plan(): CompletableFuture<DoorPlan> =
        door.plan(DoorRequest("POST", TestGateway.CHAT, emptyList(), chatBody("faq").toByteArray(), "192.0.2.1"), loop)

    private fun CompletableFuture<DoorPlan>.told(): DoorPlan = get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun CompletableFuture<DoorPlan>.forwarded(): DoorPlan.Forward = told().shouldBeInstanceOf<DoorPlan.Forward>()

    private fun DoorPlan.Forward.begins() = observer.headers(200, listOf("content-type" to "application/json"))

    private fun DoorPlan.Forward.ends() {
        begins()
        observer.chunk("""{"choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}""".toByteArray())
        observer.end()
    }

    @Test
    fun `the second waits for the first one's answer, and gets it`() {
        val first = plan().forwarded()
        val second = plan()
        second.isDone shouldBe false
        first.ends()
        val answer = second.told().shouldBeInstanceOf<DoorPlan.Answer>()
        answer.headers.toMap()["x-vsr-cache-kind"] shouldBe "exact"
        heard.of<RouterEvent.AnswerSought>().map { it.outcome } shouldBe listOf("miss", "hit_shared")
        admission.inFlight shouldBe 0
    }

    @Test
    fun `when the first one's answer breaks off the second is forwarded, and one that leaves is passed over`() {
        val first = plan().forwarded()
        val gone = plan()
        val second = plan()
        gone.cancel(false)
        first.begins()
        first.observer.aborted()
        second.forwarded().ends()
        admission.inFlight shouldBe 0
    }
}
