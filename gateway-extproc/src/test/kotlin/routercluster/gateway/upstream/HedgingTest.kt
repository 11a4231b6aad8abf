package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpResponse
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.Forwarding
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

class HedgingTest {
    private val open = ArrayList<AutoCloseable>()

    @AfterEach
    fun close() = open.asReversed().forEach { it.close() }

    private val hedged =
        Forwarding(
            hedgeAfter = Duration.ofMillis(20),
            hedgePercentMax = 100,
            firstByteTimeout = Duration.ofMillis(400),
            backoff = Duration.ZERO,
        )

    private fun serving(settings: Forwarding, vararg answers: Answer, hedging: Boolean = true): String {
        val upstreams = answers.mapIndexed { index, answer -> upstream("a/${index + 1}", ScriptedUpstream(answer).also(open::add).port) }
        val model = modelOf("a", *upstreams.toTypedArray())
        val sender = UpstreamPool().also(open::add).upstreams(listOf(model), settings, Random(1))
        return finishing {
            val reply = sender.send(exchange(model, hedging = hedging))
            if (reply is Reply.Served) reply.body.text()
            reply.attempts.told()
        }
    }

    @Test
    fun `the hedge wins and the loser is cancelled`() {
        val gone = CompletableFuture<Unit>()
        val slow: Answer = {
            HttpResponse.streaming().also { writer -> writer.whenComplete().whenComplete { _, _ -> gone.complete(Unit) } }
        }
        serving(hedged, slow, ok) shouldBe "a/1 cancelled, a/2 200 hedge"
        gone.get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    @Test
    fun `a hedge that fails leaves the first its time`() {
        val late = CompletableFuture<HttpResponse>()
        val failing: Answer = { request ->
            late.complete(ok(request))
            status(429)(request)
        }
        val told = serving(hedged, { HttpResponse.of(late) }, failing)
        // Both answers are under way at once, so either may arrive first.
        told shouldBeIn setOf("a/2 429 RATE_LIMITED hedge, a/1 200", "a/2 hedge cancelled, a/1 200")
    }

    @Test
    fun `no hedge without its share, without leave or without attempts`() {
        serving(hedged.copy(hedgePercentMax = 50), silent, ok) shouldBe "a/1 TIMEOUT, a/2 200"
        serving(hedged, silent, ok, hedging = false) shouldBe "a/1 TIMEOUT, a/2 200"
        serving(hedged.copy(attemptsMax = 1), silent, ok) shouldBe "a/1 TIMEOUT"
    }
}
