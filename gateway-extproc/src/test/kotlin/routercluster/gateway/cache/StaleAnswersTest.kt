package routercluster.gateway.cache

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.contracts.SetClock
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.telemetry.RouterEvent
import java.time.Duration

/** Answers that are given beyond their time while one request fetches a new one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StaleAnswersTest {
    private val clock = SetClock()
    private val mock = mockLlm()
    private val router = TestGateway(
        policyText(
            mock.port,
            mapOf(
                "stale" to "plugins: [{type: response_cache, configuration: {mode: exact, scope: global, ttl_seconds: 60, " +
                    "stale_while_revalidate_seconds: 600, request_controls: {enabled: true}}}]",
            ),
        ),
        clock = clock,
    )

    @BeforeEach
    fun forget() = router.heard.forget()

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    private fun Answer.said() = headers("x-vsr-cache-hit", "x-vsr-cache-stale", "age")

    private fun after(seconds: Long) {
        clock.forward(Duration.ofSeconds(seconds))
    }

    private val outcomes get() = router.heard.of<RouterEvent.AnswerSought>().map { it.outcome }

    @Test
    fun `the first request after an answer's time fetches a new one, which all others get`() {
        router.asked("stale one")
        after(70)
        router.asked("stale one").said() shouldBe listOf(null, null, null)
        router.asked("stale one").said() shouldBe listOf("true", null, "0")
        outcomes shouldBe listOf("miss", "fetch", "hit_exact")
    }

    @Test
    fun `while it is not there the others get the old one, which says so`() {
        router.asked("stale two")
        after(70)
        mock.next(Script(fault = Fault.Status(500)))
        (router.asked("stale two").status >= 500) shouldBe true
        router.asked("stale two").said() shouldBe listOf("true", "true", "70")
        after(30)
        router.asked("stale two").said() shouldBe listOf("true", "true", "100")
        // Nobody has brought one within a minute: the next request tries.
        after(31)
        router.asked("stale two").said() shouldBe listOf(null, null, null)
        router.asked("stale two").said() shouldBe listOf("true", null, "0")
        outcomes shouldBe listOf("miss", "fetch", "hit_exact_stale", "hit_exact_stale", "fetch", "hit_exact")
    }

    @Test
    fun `a request whose answer is not kept fetches nothing, and whoever takes nothing old gets nothing old`() {
        router.asked("stale three")
        after(70)
        router.asked("stale three", "cache-control" to "no-store").said() shouldBe listOf("true", "true", "70")
        router.asked("stale three", "cache-control" to "max-age=60, no-store").said() shouldBe listOf(null, null, null)
        router.asked("stale three").said() shouldBe listOf(null, null, null)
    }

    @Test
    fun `beyond that time there is none, nor is there where the client said how long`() {
        router.asked("stale four")
        after(700)
        router.asked("stale four").said() shouldBe listOf(null, null, null)
        outcomes shouldBe listOf("miss", "miss")
        router.asked("stale five", "x-vsr-cache-control" to "ttl=20")
        after(30)
        router.asked("stale five", "x-vsr-cache-control" to "no-store").said() shouldBe listOf(null, null, null)
    }
}
