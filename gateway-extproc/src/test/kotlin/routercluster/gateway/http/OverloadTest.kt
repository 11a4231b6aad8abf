package routercluster.gateway.http

import com.linecorp.armeria.common.HttpResponse
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.gateway.upstream.ok
import routercluster.gateway.upstream.refusingPort
import routercluster.gateway.upstream.streamed
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.request.TokenEstimate
import routercluster.telemetry.RouterEvent
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** Each counts one request at most: one that was not counted out would lock the door for good. */
class OverloadTest {
    private val helloTokens = TokenEstimate.of(listOf(Message(Role.USER, "Hello")), toolCount = 0)
    private val oneAtATime = "{limits: {concurrent_requests_max: 1}}"

    @Test
    fun `refuses one too many and takes the next`() {
        val held = CompletableFuture<HttpResponse>()
        ScriptedUpstream({ HttpResponse.of(held) }).use { upstream ->
            TestGateway(policyText(upstream.port, gateway = oneAtATime)).use { router ->
                val first = CompletableFuture.supplyAsync { router.chat("Hello") }
                upstream.nextRequest()
                repeat(3) {
                    val refused = router.chat("Hello")
                    (refused.status to refused.code) shouldBe (429 to "overloaded")
                    refused.header("retry-after") shouldBe "1"
                }
                held.complete(HttpResponse.of("ok"))
                first.get(WAIT_SECONDS, TimeUnit.SECONDS).status shouldBe 200
                router.heard.await<RouterEvent.Left>(4)
                router.chat("Hello").status shouldBe 200
            }
        }
    }

    @Test
    fun `refuses a body that there is no room for, and takes it when there is`() {
        val room = "{limits: {body_bytes_max: 20KiB, body_bytes_in_flight_max: 30KiB}}"
        val long = "word ".repeat(3_200)
        val held = CompletableFuture<HttpResponse>()
        ScriptedUpstream({ HttpResponse.of(held) }, ok, ok).use { upstream ->
            TestGateway(policyText(upstream.port, gateway = room)).use { router ->
                val first = CompletableFuture.supplyAsync { router.chat(long) }
                upstream.nextRequest()
                val refused = router.chat(long)
                (refused.status to refused.code) shouldBe (429 to "overloaded")
                refused.header("retry-after") shouldBe "1"
                router.chat("Hello").status shouldBe 200
                held.complete(HttpResponse.of("ok"))
                first.get(WAIT_SECONDS, TimeUnit.SECONDS).status shouldBe 200
                router.heard.await<RouterEvent.Left>(3)
                router.chat(long).status shouldBe 200
            }
        }
    }

    @Test
    fun `counts out a client that leaves, whatever its request is waiting for`() {
        val cancelled = List(2) { CompletableFuture<Unit>() }

        fun watched(index: Int, answer: HttpResponse): HttpResponse {
            answer.whenComplete().handle { _, failure -> if (failure != null) cancelled[index].complete(Unit) }
            return answer
        }
        ScriptedUpstream({ watched(0, HttpResponse.streaming()) }, { watched(1, streamed("first") {}) }, ok).use { upstream ->
            TestGateway(policyText(upstream.port, gateway = oneAtATime)).use { router ->
                cancelled.forEachIndexed { index, seen ->
                    val client = router.leaver("Hello")
                    upstream.nextRequest()
                    if (index == 1) client.getInputStream().read()
                    client.close()
                    seen.get(WAIT_SECONDS, TimeUnit.SECONDS)
                    router.heard.await<RouterEvent.Left>(index + 1)
                }
                val completed = router.heard.of<RouterEvent.Completed>()
                completed.map { it.status to it.errorCode } shouldBe listOf(499 to "client_left", 200 to "client_left")
                router.heard.of<RouterEvent.AttemptEnded>().map { it.status to it.cancelled } shouldBe listOf(null to true, 200 to false)
                (completed.first().cost ?: 0.0) shouldBe (2e-6 * helloTokens plusOrMinus 1e-12)
                router.chat("Hello").status shouldBe 200
            }
        }
    }

    @Test
    fun `counts every request out once, however it ends`() {
        val rows =
            listOf(
                200 to { router: TestGateway -> router.chat("Hello") },
                502 to { router: TestGateway -> router.chat("Hello", model = "large") },
                400 to { router: TestGateway -> router.post(TestGateway.CHAT, "{") },
                415 to { router: TestGateway -> router.post(TestGateway.CHAT, "{}", "content-encoding" to "gzip") },
                404 to { router: TestGateway -> router.chat("Hello", model = "none") },
                404 to { router: TestGateway -> router.get("/nowhere") },
                200 to { router: TestGateway -> router.get("/v1/models") },
            )
        ScriptedUpstream().use { upstream ->
            TestGateway(policyText(upstream.port, largePort = refusingPort(), gateway = oneAtATime)).use { router ->
                rows.forEachIndexed { index, (status, send) ->
                    send(router).status shouldBe status
                    router.heard.await<RouterEvent.Left>(index + 1)
                }
                router.heard.of<RouterEvent.Entered>().size shouldBe rows.size
                router.heard.of<RouterEvent.Left>().size shouldBe rows.size
            }
        }
    }

    @Test
    fun `a fault of ours costs its own request only, and says nothing of it`() {
        val faulty =
            object : Random() {
                override fun nextBits(bitCount: Int): Int = error("Hello and the key")
            }
        ScriptedUpstream().use { upstream ->
            TestGateway(policyText(upstream.port, gateway = oneAtATime), random = faulty).use { router ->
                repeat(2) { index ->
                    val answer = router.chat("Hello", "x-request-id" to "mine")
                    (answer.status to answer.code) shouldBe (500 to "internal_error")
                    answer.header("x-request-id") shouldBe "mine"
                    answer.body shouldNotContain "key"
                    router.heard.await<RouterEvent.Left>(index + 1)
                }
                router.heard.of<RouterEvent.Refused>().map { it.code } shouldBe listOf("internal_error", "internal_error")
            }
        }
    }
}
