package routercluster.grains.inference

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.encode.EncodeFailure
import java.time.Duration

/** A second worker for what is late, rest for what fails. */
class HedgeTest : DispatcherFixture() {
    private val first = ScriptedWorker()
    private val second = ScriptedWorker()

    @Test
    fun `a request later than a third of its timeout goes to a second worker too, and the first answer counts`() {
        listOf(first, second).forEach(::start)
        val answer = encoder(known = 2).encode(request(timeout = Duration.ofSeconds(3)))
        val (slow, quick) = inOrder()
        val late = slow.next()
        pass(Duration.ofMillis(999))
        quick.waiting shouldBe 0
        pass(Duration.ofMillis(1))
        quick.next().complete(reply(mark = 2f))
        markOf(answer.get()) shouldBe 2f
        late.complete(reply(mark = 1f))
    }

    @Test
    fun `the first worker may still win`() {
        listOf(first, second).forEach(::start)
        val answer = encoder(known = 2).encode(request(timeout = Duration.ofSeconds(3)))
        val (slow, quick) = inOrder()
        pass(Duration.ofSeconds(1))
        val hedge = quick.next()
        slow.next().complete(reply(mark = 1f))
        markOf(answer.get()) shouldBe 1f
        hedge.complete(reply(mark = 2f))
        await { workers.sumOf { it.inFlight } shouldBe 0 }
    }

    @Test
    fun `what is usual for a worker is learned`() {
        start(first)
        val encoder = encoder(known = 1)
        repeat(8) {
            val answer = encoder.encode(request())
            val asked = first.next()
            pass(Duration.ofMillis(20))
            asked.complete(reply(mark = 1f, waited = Duration.ofMillis(20)))
            answer.get()
        }
        second.status = second.status.copy(predictedWait = Duration.ofSeconds(3_600))
        start(second)
        awaitWorkers(2)
        encoder.encode(request())
        first.next()
        pass(Duration.ofMillis(19))
        second.waiting shouldBe 0
        pass(Duration.ofMillis(1))
        second.next()
    }

    @Test
    fun `when all are late only a few are sent twice`() {
        listOf(first, second).forEach(::start)
        val encoder = encoder(known = 2, settings(hedgeShare = 0.0))
        repeat(20) { encoder.encode(request(timeout = Duration.ofSeconds(30))) }
        await { first.waiting + second.waiting shouldBe 20 }
        pass(Duration.ofSeconds(10))
        await { first.waiting + second.waiting shouldBe 20 + HedgeBudget.BURST.toInt() }
        pass(Duration.ofSeconds(10))
        first.waiting + second.waiting shouldBe 20 + HedgeBudget.BURST.toInt()
    }

    @Test
    fun `a hedge that fails leaves the first worker its time`() {
        listOf(first, second).forEach(::start)
        val answer = encoder(known = 2).encode(request(timeout = Duration.ofSeconds(3)))
        val (slow, quick) = inOrder()
        pass(Duration.ofSeconds(1))
        quick.next().completeExceptionally(unavailable())
        slow.next().complete(reply(mark = 1f))
        markOf(answer.get()) shouldBe 1f
    }

    @Test
    fun `a worker that fails three times in a row rests, then one request tries it`() {
        start(first)
        val encoder = encoder(known = 1)
        repeat(3) { failOnce(encoder) }
        val refused = encoder.encode(request()).failure()
        refused.message shouldBe "encoder default: every inference worker that offers it rests after failures"
        first.waiting shouldBe 0
        pass(Duration.ofSeconds(1))
        val probe = encoder.encode(request())
        val asked = first.next()
        encoder.encode(request()).failure().message shouldBe refused.message
        asked.complete(reply(mark = 1f))
        markOf(probe.get()) shouldBe 1f
        encoder.encode(request())
        first.next()
    }

    @Test
    fun `a silent worker rests too, while the other serves`() {
        second.status = second.status.copy(predictedWait = Duration.ofSeconds(3_600))
        listOf(first, second).forEach(::start)
        val encoder = encoder(known = 2, settings(hedgeShare = 1.0))
        repeat(3) {
            val answer = encoder.encode(request(timeout = Duration.ofMillis(300)))
            await { first.waiting shouldBe it + 1 }
            pass(Duration.ofMillis(100))
            second.next().complete(reply(mark = 2f))
            markOf(answer.get()) shouldBe 2f
            pass(Duration.ofSeconds(2))
        }
        await { workers.count { it.isResting } shouldBe 1 }
    }

    @Test
    fun `a worker that has no time left is alive and does not rest`() {
        start(first)
        val encoder = encoder(known = 1)
        repeat(5) {
            val answer = encoder.encode(request())
            first.next().completeExceptionally(EncodeFailure.TimedOut("too late"))
            answer.failure().message shouldContain "too late"
        }
        encoder.encode(request())
        first.next()
    }

    private fun failOnce(encoder: ClusterEncoder) {
        val answer = encoder.encode(request())
        first.next().completeExceptionally(unavailable())
        answer.failure().message shouldBe "broken"
    }

    /** The worker that has the request, and the other. */
    private fun inOrder(): Pair<ScriptedWorker, ScriptedWorker> =
        if (asked(first, second) === first) first to second else second to first
}
