package routercluster.gateway.http

import com.linecorp.armeria.common.HttpResponse
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
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
}
