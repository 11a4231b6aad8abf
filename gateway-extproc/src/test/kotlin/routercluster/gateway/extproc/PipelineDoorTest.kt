package routercluster.gateway.extproc

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.maps.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.gateway.Heard
import routercluster.gateway.TestGateway
import routercluster.gateway.chatBody
import routercluster.gateway.feedback.FeedbackApi
import routercluster.gateway.feedback.FeedbackDesk
import routercluster.gateway.http.Admission
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.Delivery
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.ReplayIds
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.policyOf
import routercluster.gateway.policyText
import routercluster.gateway.upstream.UpstreamPool
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.policy.FailureClass
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.Records
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import routercluster.telemetry.Tracing
import java.time.Clock
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** The same pipeline as the HTTP door's, by a proxy that forwards by itself. */
class PipelineDoorTest {
    private val heard = Heard()
    private val admission = Admission()
    private val policy =
        policyOf(
            policyText(
                8_001,
                mapOf(
                    "hard" to "modelRefs: [{model: large}]",
                    "canned" to "plugins: [{type: fast_response, configuration: {message: Closed.}}]",
                ),
                largePort = 8_002,
                gateway = "{limits: {concurrent_requests_max: 1, headers_max: 8}}",
            ),
        )
    private val snapshot = Snapshot(policy, UpstreamPool().upstreams(policy.models.values, policy.gateway.forwarding, Random(1)))
    private val ring = DecisionRing(10)
    private val feedback =
        FeedbackApi(
            FeedbackDesk(Outcomes.NONE, ReplayIds.PLAIN, ring, Records.NONE, Clock.systemUTC()) { emptySet() },
            Events.NONE,
        ) { snapshot }
    private val pipeline = Pipeline(Tracing.OFF, ring, Clock.systemUTC(), Random(1), Outcomes.NONE, ReplayIds.PLAIN)
    private val loop = Executors.newSingleThreadScheduledExecutor()
    private val door = PipelineDoor({ snapshot }, pipeline, Accounts(heard, Clock.systemUTC()), admission, Clock.systemUTC(), feedback)

    private fun plan(
        body: String,
        method: String = "POST",
        headers: List<Pair<String, String>> = emptyList(),
        path: String = TestGateway.CHAT,
        peer: String? = "192.0.2.1",
    ) = door.plan(DoorRequest(method, path, headers, body.toByteArray(), peer), loop).get(WAIT_SECONDS, TimeUnit.SECONDS)

    @Test
    fun `forwards to the upstream that it names`() {
        val plan = plan(
            chatBody("hard"),
            headers = listOf("x-vsr-debug" to "true", "x-authz-user-id" to "ann"),
        ).shouldBeInstanceOf<DoorPlan.Forward>()
        listOf(plan.destination, plan.upstream, plan.model, plan.path) shouldBe
            listOf("127.0.0.1:8002", "large/b", "large", TestGateway.CHAT)
        plan.removeHeaders shouldBe listOf("x-vsr-debug", "x-authz-user-id")
        plan.responseHeaders.toMap() shouldContainAll
            mapOf("x-vsr-selected-model" to "large", "x-vsr-selected-decision" to "hard", "x-vsr-matched-keywords" to "hard")
        ObjectMapper().readTree(plan.body)["model"].textValue() shouldBe "large-2"
        admission.inFlight shouldBe 1
        plan.observer.headers(200, listOf("content-type" to "application/json"))
        plan.observer.chunk("""{"usage":{"prompt_tokens":10,"completion_tokens":1}}""".toByteArray())
        plan.observer.end()
        val done = heard.of<RouterEvent.Completed>().single()
        listOf(done.model, done.status, done.errorCode, done.promptTokens) shouldBe listOf("large", 200, null, 10)
        heard.of<RouterEvent.AttemptEnded>().map { Triple(it.upstream, it.status, it.cancelled) } shouldBe
            listOf(Triple("large/b", 200, false))
        admission.inFlight shouldBe 0
    }

    @Test
    fun `what Envoy says of its sending is told as attempts`() {
        val rows =
            listOf(
                Row(Delivery(1, answered = true, null), 200, "large/b 200 null", null),
                Row(Delivery(3, answered = true, null), 200, "large/b 200 null, 2 in vain", null),
                Row(Delivery(2, answered = true, null), 503, "large/b 503 SERVER_ERROR, 1 in vain", "upstream_503"),
                Row(Delivery(1, answered = false, FailureClass.CONNECT), 503, "large/b null CONNECT", "upstream_unavailable"),
                Row(Delivery(0, answered = false, FailureClass.CONNECT), 503, "large/b null CONNECT", "upstream_unavailable"),
                Row(Delivery(1, answered = false, FailureClass.TIMEOUT), 504, "large/b null TIMEOUT", "upstream_timeout"),
            )
        assertSoftly {
            for (row in rows) {
                withClue("$row") {
                    heard.forget()
                    val observer = plan(chatBody("hard")).shouldBeInstanceOf<DoorPlan.Forward>().observer
                    observer.delivered(row.delivery)
                    observer.headers(row.status, emptyList())
                    observer.end()
                    val ended = heard.of<RouterEvent.AttemptEnded>().map { "${it.upstream} ${it.status} ${it.failure}" }
                    val again = heard.of<RouterEvent.Resent>().map { "${it.times} in vain" }
                    (ended + again).joinToString() shouldBe row.told
                    heard.of<RouterEvent.Completed>().single().errorCode shouldBe row.code
                }
            }
        }
    }

    @Test
    fun `limits are told in the answer's headers, and refuse with an answer of their own`() {
        val limited =
            policyOf(
                policyText(8_001, gateway = "{rate_limits: {rules: [{name: one, kind: requests, amount: 1, window: 1h, per: [user]}]}}"),
            )
        val own = Snapshot(limited, UpstreamPool().upstreams(limited.models.values, limited.gateway.forwarding, Random(1)))
        val door = PipelineDoor({ own }, pipeline, Accounts(heard, Clock.systemUTC()), Admission(), Clock.systemUTC(), feedback)

        fun ask(peer: String?) =
            door
                .plan(
                    DoorRequest("POST", TestGateway.CHAT, emptyList(), chatBody("x").toByteArray(), peer),
                    loop,
                ).get(WAIT_SECONDS, TimeUnit.SECONDS)
        val served = ask("192.0.2.1").shouldBeInstanceOf<DoorPlan.Forward>()
        served.responseHeaders.toMap() shouldContainAll mapOf("x-ratelimit-limit-requests" to "1", "x-ratelimit-remaining-requests" to "0")
        val refused = ask("192.0.2.1").shouldBeInstanceOf<DoorPlan.Answer>()
        refused.status shouldBe 429
        refused.headers.toMap() shouldContainAll mapOf("x-vsr-response-path" to "rate_limited", "x-ratelimit-remaining-requests" to "0")
        refused.headers
            .toMap()
            .keys
            .contains("retry-after") shouldBe true
        ask("192.0.2.9").shouldBeInstanceOf<DoorPlan.Forward>()
        served.observer.headers(200, emptyList())
        served.observer.end()
        ask("192.0.2.1").shouldBeInstanceOf<DoorPlan.Answer>().status shouldBe 429
    }

    private data class Row(val delivery: Delivery, val status: Int, val told: String, val code: String?)

    @Test
    fun `an answer that broke off is told as such`() {
        val plan = plan(chatBody("hard")).shouldBeInstanceOf<DoorPlan.Forward>()
        plan.observer.aborted()
        val done = heard.of<RouterEvent.Completed>().single()
        (done.status to done.errorCode) shouldBe (499 to "stream_aborted")
        heard.of<RouterEvent.AttemptEnded>().single().cancelled shouldBe true
        heard.of<RouterEvent.Left>().size shouldBe 1
    }

    @Test
    fun `answers by itself what needs no upstream, and counts it out`() {
        val rows =
            listOf(
                Triple("fast response", { plan(chatBody("canned")) }, 200 to null),
                Triple("models", { plan("", method = "GET", path = "/v1/models") }, 200 to null),
                Triple("unknown path", { plan("", method = "GET", path = "/v1/none") }, 404 to "unknown_path"),
                Triple("unknown model", { plan(chatBody("x", model = "none")) }, 404 to "model_not_found"),
                Triple("bad JSON", { plan("{") }, 400 to "invalid_json"),
                Triple("headers", { plan(chatBody("x"), headers = List(9) { "x-$it" to "1" }) }, 431 to "too_many_headers"),
                Triple("socket peer", { plan("{", peer = "/run/envoy.sock") }, 400 to "invalid_json"),
            )
        assertSoftly {
            rows.forEach { (name, send, expected) ->
                withClue(name) {
                    val answer = send().shouldBeInstanceOf<DoorPlan.Answer>()
                    (
                        answer.status to ObjectMapper()
                            .readTree(answer.body)
                            .path("error")
                            .path("code")
                            .textValue()
                    ) shouldBe expected
                    admission.inFlight shouldBe 0
                }
            }
            heard.of<RouterEvent.Entered>().size shouldBe rows.size
            heard.of<RouterEvent.Left>().size shouldBe rows.size
        }
    }

    @Test
    fun `knows no other methods`() {
        plan("", method = "PURGE").shouldBeInstanceOf<DoorPlan.Answer>().status shouldBe 405
    }

    @Test
    fun `lets in only as many as the policy allows, and none while draining`() {
        val held = plan(chatBody("hard")).shouldBeInstanceOf<DoorPlan.Forward>()
        plan(chatBody("hard")).shouldBeInstanceOf<DoorPlan.Answer>().status shouldBe 429
        val emptied = admission.drain()
        val refused = plan(chatBody("hard")).shouldBeInstanceOf<DoorPlan.Answer>()
        (refused.status to refused.headers.toMap()["retry-after"]) shouldBe (503 to "1")
        emptied.isDone shouldBe false
        held.observer.end()
        emptied.isDone shouldBe true
    }
}
