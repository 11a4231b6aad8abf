package routercluster.gateway.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.Joined
import routercluster.telemetry.RouterEvent
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** Equal requests at a time, through the HTTP door. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SingleFlightTest {
    private fun kept(settings: String) = "plugins: [{type: response_cache, configuration: {mode: exact, $settings}}]"

    /** A cluster in which this node always leads. */
    private class Counted : AnswerFlights {
        val asked = AtomicInteger()

        override fun join(key: String, wait: Duration): CompletableFuture<Joined> {
            asked.incrementAndGet()
            return CompletableFuture.completedFuture(Joined.Leads({}))
        }
    }

    private val cluster = Counted()
    private val mock = mockLlm()
    private val threads = Executors.newCachedThreadPool()

    private fun router(wait: String) = TestGateway(
        policyText(
            mock.port,
            mapOf(
                "shared" to kept("scope: global"),
                "tenant" to kept("scope: tenant"),
                "each" to kept("scope: global, single_flight: false"),
                "told" to kept("scope: global, request_controls: {enabled: true}"),
                "plain" to "modelRefs: [{model: large}]",
            ),
            gateway = "{trusted_peers: [127.0.0.1]}",
            more = "global: {stores: {response_cache: {single_flight_wait: $wait}}}",
        ),
        cacheParts = CacheParts(flights = cluster),
    )

    private val patient = lazy { router("30s") }
    private val hasty = lazy { router("50ms") }

    @BeforeEach
    fun forget() {
        mock.reset()
        mock.script = SLOW
        cluster.asked.set(0)
    }

    @AfterAll
    fun close() {
        listOf(patient, hasty).filter { it.isInitialized() }.forEach { it.value.close() }
        mock.close()
        threads.shutdown()
    }

    private fun TestGateway.begin(prompt: String, vararg headers: Pair<String, String>, fields: String = ""): CompletableFuture<Answer> =
        CompletableFuture.supplyAsync({ chat(prompt, *headers, fields = fields) }, threads)

    private fun List<CompletableFuture<Answer>>.answers(): List<Answer> = map { it.get(WAIT_SECONDS, TimeUnit.SECONDS) }

    private fun Answer.isHit() = header("x-vsr-cache-hit") == "true"

    private fun TestGateway.outcomes(): Map<String, Int> = heard
        .of<RouterEvent.AnswerSought>()
        .groupingBy { it.outcome }
        .eachCount()

    private fun TestGateway.fresh(): TestGateway = also { it.heard.forget() }

    @Test
    fun `fifty equal requests at once ask one model once, and each gets the answer in its own form`() {
        val router = patient.value.fresh()
        val answers = List(50) { router.begin("shared one", fields = if (it % 2 == 0) "" else ""","stream":true""") }.answers()
        mock.requestCount shouldBe 1
        answers.count { it.isHit() } shouldBe 49
        answers.map { it.status }.toSet() shouldBe setOf(200)
        answers.filterIndexed { index, _ -> index % 2 == 1 }.forEach { it.body shouldEndWith "data: [DONE]\n\n" }
        answers.filter { it.isHit() }.map { it.header("x-vsr-cache-kind") }.toSet() shouldBe setOf("exact")
        withClue(router.outcomes()) {
            router.outcomes()["miss"] shouldBe 1
            router.outcomes().getValue("hit_shared") shouldBeGreaterThan 0
        }
        cluster.asked.get() shouldBe 1
    }

    @Test
    fun `a leader that streams counts`() {
        val router = patient.value.fresh()
        val leader = router.begin("shared stream", fields = ""","stream":true""")
        mock.awaitRequests(1)
        val others = List(5) { router.begin("shared stream") }.answers()
        leader.get(WAIT_SECONDS, TimeUnit.SECONDS).isHit() shouldBe false
        others.all { it.isHit() } shouldBe true
        mock.requestCount shouldBe 1
    }

    @Test
    fun `when the leader's model fails the next asks, and nobody else gets that error`() {
        val router = patient.value.fresh()
        mock.next(SLOW.copy(fault = Fault.Status(500)))
        val answers = List(10) { router.begin("shared fails") }.answers()
        answers.map { it.status }.sorted() shouldBe List(9) { 200 } + 500
        mock.requestCount shouldBe 2
    }

    @Test
    fun `answers that are never kept are not waited for one after the other`() {
        val router = patient.value.fresh()
        mock.script = SLOW.copy(fault = Fault.Status(500))
        val answers = List(10) { router.begin("shared never") }.answers()
        answers.map { it.status }.toSet() shouldBe setOf(500)
        mock.requestCount shouldBe 10
        router.outcomes() shouldBe mapOf("miss" to 3, "flight_not_kept" to 7)
    }

    @Test
    fun `when the leader's client goes away the next asks`() {
        val router = patient.value.fresh()
        val leaver = router.leaver("shared leaves")
        mock.awaitRequests(1)
        val others = List(5) { router.begin("shared leaves") }
        router.heard.await<RouterEvent.Entered>(6)
        leaver.close()
        others.answers().map { it.status }.toSet() shouldBe setOf(200)
        mock.requestCount shouldBe 2
    }

    @Test
    fun `who has waited long enough asks by itself`() {
        val router = hasty.value.fresh()
        val leader = router.begin("shared late")
        mock.awaitRequests(1)
        mock.script = Script()
        val late = router.begin("shared late").get(WAIT_SECONDS, TimeUnit.SECONDS)
        late.status shouldBe 200
        late.isHit() shouldBe false
        leader.get(WAIT_SECONDS, TimeUnit.SECONDS).status shouldBe 200
        router.outcomes() shouldBe mapOf("miss" to 1, "flight_timed_out" to 1)
    }

    @Test
    fun `what one tenant asks no other waits for`() {
        val router = patient.value.fresh()
        val answers = List(9) { router.begin("tenant one", "x-authz-tenant-id" to "t${it % 3}") }.answers()
        mock.requestCount shouldBe 3
        answers.count { !it.isHit() } shouldBe 3
        mock.reset()
        List(3) { router.begin("tenant nobody") }.answers().count { it.isHit() } shouldBe 0
        mock.requestCount shouldBe 3
    }

    @Test
    fun `who may not read or write, or has no cache, asks no other node and waits for nobody`() {
        val router = patient.value.fresh()
        mock.script = Script()
        val cases = listOf(
            { router.begin("plain one") },
            { router.begin("each one") },
            { router.begin("told one", "x-vsr-cache-control" to "no-store") },
            { router.begin("told one", "x-vsr-cache-control" to "no-cache") },
            { router.begin("shared weather today?") },
        )
        for (case in cases) List(3) { case() }.answers()
        cluster.asked.get() shouldBe 0
        (router.outcomes().keys - setOf("miss", "not_wanted", "hit_exact")) shouldBe emptySet()
    }

    private companion object {
        const val WAIT_SECONDS = 60L

        /** Longer than it takes a busy machine to let fifty requests in. */
        val SLOW = Script(headersDelay = Duration.ofSeconds(3))
    }
}
