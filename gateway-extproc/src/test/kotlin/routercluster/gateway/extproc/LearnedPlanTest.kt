package routercluster.gateway.extproc

import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.Heard
import routercluster.gateway.TestGateway
import routercluster.gateway.chatBody
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.encode.ready
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
import routercluster.gateway.testHeads
import routercluster.gateway.upstream.UpstreamPool
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.encode.EncodeFailure
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

/** Plans for Envoy that depend on an encoder. */
class LearnedPlanTest {
    private val heard = Heard()
    private val admission = Admission()
    private val encoder = ScriptedEncoder("default", testHeads)
    private val policy =
        policyOf(
            policyText(8_001, mapOf("urgent" to "modelRefs: [{model: large}]"), signals = "classifiers: [{name: law}]").replace(
                "decisions:\n",
                "decisions:\n    - {name: lawyer, rules: {type: classifier, name: law, on_error: block}, modelRefs: [{model: large}]}\n",
            ),
        )
    private val ready = EncoderPool({ encoder }).ready(policy)
    private val upstreams = UpstreamPool().upstreams(policy.models.values, policy.gateway.forwarding, Random(1))
    private val snapshot = Snapshot(ready.policy, upstreams, ready.lease)
    private val ring = DecisionRing(10)
    private val enter = { snapshot.also(Snapshot::retain) }
    private val feedback =
        FeedbackApi(
            FeedbackDesk(Outcomes.NONE, ReplayIds.PLAIN, ring, Records.NONE, Clock.systemUTC()) { emptySet() },
            Events.NONE,
        ) { snapshot }
    private val pipeline = Pipeline(Tracing.OFF, ring, Clock.systemUTC(), Random(1), Outcomes.NONE, ReplayIds.PLAIN)
    private val door = PipelineDoor(enter, pipeline, Accounts(heard, Clock.systemUTC()), admission, Clock.systemUTC(), feedback)
    private val loop = Executors.newSingleThreadScheduledExecutor()

    @AfterEach
    fun stop() {
        loop.shutdownNow()
        encoder.close()
    }

    private fun plan(prompt: String): CompletableFuture<DoorPlan> =
        door.plan(DoorRequest("POST", TestGateway.CHAT, emptyList(), chatBody(prompt).toByteArray(), "192.0.2.1"), loop)

    private fun CompletableFuture<DoorPlan>.made(): DoorPlan = get(WAIT_SECONDS, TimeUnit.SECONDS)

    @Test
    fun `comes later where an encoder is asked, and at once where none is`() {
        encoder.hold()
        plan("urgent").isDone shouldBe true
        val later = plan("a question of law")
        encoder.next()
        later.isDone shouldBe false
        encoder.release()
        val forward = later.made().shouldBeInstanceOf<DoorPlan.Forward>()
        forward.responseHeaders.toMap()["x-vsr-selected-decision"] shouldBe "lawyer"
        admission.inFlight shouldBe 2
        forward.observer.end()
        admission.inFlight shouldBe 1
    }

    @Test
    fun `a failing encoder is refused by the error policy and counts the request out`() {
        encoder.failure = EncodeFailure.Unavailable("away")
        plan("hello").made().shouldBeInstanceOf<DoorPlan.Answer>().status shouldBe 403
        admission.inFlight shouldBe 0
    }

    @Test
    fun `one that Envoy no longer waits for ends the encoder's work and counts the request out`() {
        encoder.hold()
        val later = plan("hello")
        encoder.next()
        later.cancel(false)
        while (encoder.cancelled == 0) Thread.onSpinWait()
        admission.inFlight shouldBe 0
        heard.await<RouterEvent.Left>().size shouldBe 1
        heard.of<RouterEvent.Refused>().single().code shouldBe "client_left"
        encoder.release()
        snapshot.release()
        encoder.isClosed shouldBe true
    }
}
