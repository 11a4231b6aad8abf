package routercluster.gateway.extproc

import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.Heard
import routercluster.gateway.TestGateway
import routercluster.gateway.chatBody
import routercluster.gateway.feedback.FeedbackApi
import routercluster.gateway.feedback.FeedbackDesk
import routercluster.gateway.http.Admission
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.ReplayIds
import routercluster.gateway.pipeline.Sessions
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.policyOf
import routercluster.gateway.policyText
import routercluster.gateway.upstream.UpstreamPool
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.Records
import routercluster.policy.selectors.SessionFacts
import routercluster.telemetry.Events
import routercluster.telemetry.Tracing
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** Plans whose selector goes by what came before in the conversation. */
class SessionPlanTest {
    private val clock = Clock.fixed(Instant.ofEpochSecond(1_000), ZoneOffset.UTC)
    private val asked = mutableListOf<ConversationId>()
    private var found: CompletionStage<Conversation?> = CompletableFuture.completedFuture(null)

    private val conversations = object : Conversations {
        override fun load(id: ConversationId, timeout: Duration): CompletionStage<Conversation?> = found.also { asked += id }

        override fun change(id: ConversationId, change: ConversationChange, timeout: Duration): CompletionStage<Changed> =
            error("nothing is to be changed")
    }
    private val policy =
        policyOf(
            policyText(
                8_001,
                mapOf(
                    "chat" to "modelRefs: [{model: small}, {model: large}], algorithm: {type: static, protection: {switch_margin: 1}}",
                    "plain" to "modelRefs: [{model: small}, {model: large}]",
                ),
            ),
        )
    private val snapshot = Snapshot(policy, UpstreamPool().upstreams(policy.models.values, policy.gateway.forwarding, Random(1)), null)
    private val ring = DecisionRing(10)
    private val feedback =
        FeedbackApi(FeedbackDesk(Outcomes.NONE, ReplayIds.PLAIN, ring, Records.NONE, clock) { emptySet() }, Events.NONE) { snapshot }
    private val pipeline =
        Pipeline(Tracing.OFF, ring, clock, Random(1), Outcomes.NONE, ReplayIds.PLAIN, sessions = Sessions(conversations, clock))
    private val door =
        PipelineDoor({ snapshot.also(Snapshot::retain) }, pipeline, Accounts(Heard(), clock), Admission(), clock, feedback)
    private val loop = Executors.newSingleThreadScheduledExecutor()

    @AfterEach
    fun stop() {
        loop.shutdownNow()
    }

    private fun session(
        prompt: String,
        headers: List<Pair<String, String>> = listOf("x-conversation-id" to "c1"),
        fields: String = "",
    ): SessionFacts? {
        val request = DoorRequest("POST", TestGateway.CHAT, headers, chatBody(prompt, fields = fields).toByteArray(), "192.0.2.1")
        door.plan(request, loop).get(WAIT_SECONDS, TimeUnit.SECONDS).shouldBeInstanceOf<DoorPlan.Forward>()
        return ring
            .newest(1)
            .single()
            .traits.session
    }

    @Test
    fun `a conversation that is remembered keeps its model`() {
        val turn = Turn("t", null, Instant.ofEpochSecond(990), TurnStatus.COMPLETED, model = "large")
        found = CompletableFuture.completedFuture(Conversation(ConversationId("t", "c"), 1, Instant.EPOCH, turns = listOf(turn)))
        session("let us chat").shouldNotBeNull().run { Triple(turns, model, sinceLast) } shouldBe Triple(1, "large", Duration.ofSeconds(10))
        ring
            .newest(1)
            .single()
            .action.model shouldBe "large"
        asked.map { it.id } shouldBe listOf("chat/c1")
    }

    @Test
    fun `state that its provider holds keeps the model, however long the conversation was silent`() {
        val turn = Turn("t", null, Instant.EPOCH, TurnStatus.COMPLETED, model = "large")
        found = CompletableFuture.completedFuture(Conversation(ConversationId("t", "c"), 1, Instant.EPOCH, turns = listOf(turn)))
        val picked = {
            ring
                .newest(1)
                .single()
                .action.model
        }
        session("let us chat").shouldNotBeNull().isBound shouldBe false
        picked() shouldBe "small"
        session("let us chat", fields = """, "previous_response_id": "resp_1"""").shouldNotBeNull().isBound shouldBe true
        picked() shouldBe "large"
    }

    @Test
    fun `where it cannot be found the request goes on without`() {
        found = CompletableFuture.failedFuture(ConversationFailure.TimedOut("away"))
        session("let us chat").shouldNotBeNull().model shouldBe null
        ring
            .newest(1)
            .single()
            .action.model shouldBe "small"
    }

    @Test
    fun `nothing is looked up where the conversation has no name, and selectors that do not ask are told nothing`() {
        session("let us chat", emptyList()).shouldNotBeNull().turns shouldBe 0
        asked shouldBe emptyList()
        session("all plain") shouldBe null
    }
}
