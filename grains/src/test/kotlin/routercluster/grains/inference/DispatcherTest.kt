package routercluster.grains.inference

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadResult
import java.time.Duration

class DispatcherTest : DispatcherFixture() {
    @Test
    fun `a worker's answer comes back whole`() {
        val worker = ScriptedWorker()
        start(worker)
        val answer = encoder(known = 1).encode(request())
        worker.next().complete(reply(mark = 0.5f))
        val back = answer.get()
        back.batch shouldBe 7
        back.computed shouldBe Duration.ofMillis(5)
        val result = back.results.single()
        result.coverage.charactersRead shouldBe 90
        result.heads.keys.map { it.head } shouldBe listOf("embedding", "domain", "pii", "rerank", "broken")
        result.heads[VECTOR]
            .shouldBeInstanceOf<HeadResult.Vector>()
            .values
            .toList() shouldBe listOf(0.5f, -0.25f, 1e-7f)
        result.heads.values
            .filterIsInstance<HeadResult.Labels>()
            .single()
            .abstained shouldBe true
    }

    @Test
    fun `what a stopped worker had runs on another`() {
        val dying = ScriptedWorker()
        val grain = start(dying)
        val encoder = encoder(known = 1)
        val answer = encoder.encode(request())
        val lost = dying.next()
        val other = ScriptedWorker()
        start(other)
        awaitWorkers(2)
        kit.stop(grain)
        other.next().complete(reply(mark = 2f))
        markOf(answer.get()) shouldBe 2f
        lost.isDone shouldBe false
    }

    @Test
    fun `what the last worker had fails at once when it stops`() {
        val dying = ScriptedWorker()
        val grain = start(dying)
        val answer = encoder(known = 1).encode(request())
        dying.next()
        kit.stop(grain)
        answer.failure().shouldBeInstanceOf<EncodeFailure.Unavailable>().message shouldContain "there is no other"
    }

    @Test
    fun `a worker without room passes the request on`() {
        val both = listOf(ScriptedWorker(), ScriptedWorker())
        both.forEach(::start)
        val answer = encoder(known = 2).encode(request())
        val (full, free) = if (asked(both[0], both[1]) === both[0]) both else both.reversed()
        full.next().completeExceptionally(EncodeFailure.Overloaded("full"))
        free.next().complete(reply(mark = 3f))
        markOf(answer.get()) shouldBe 3f
    }

    @Test
    fun `what the caller did wrong is not tried elsewhere`() {
        val both = listOf(ScriptedWorker(), ScriptedWorker())
        both.forEach(::start)
        val answer = encoder(known = 2).encode(request())
        asked(both[0], both[1]).next().completeExceptionally(EncodeFailure.Refused("no such head"))
        answer.failure().shouldBeInstanceOf<EncodeFailure.Refused>().message shouldBe "no such head"
        both.sumOf { it.waiting } shouldBe 0
    }

    @Test
    fun `a silent worker costs no more than the timeout`() {
        val worker = ScriptedWorker()
        start(worker)
        val answer = encoder(known = 1).encode(request(timeout = Duration.ofMillis(50)))
        worker.next()
        pass(Duration.ofMillis(50))
        answer.failure().shouldBeInstanceOf<EncodeFailure.TimedOut>().message shouldContain "50 ms"
    }

    @Test
    fun `without workers a request fails and says so`() {
        encoder(known = 0).encode(request()).failure().shouldBeInstanceOf<EncodeFailure.Unavailable>()
    }

    @Test
    fun `requests beyond the bound are refused and the rest goes on`() {
        val worker = ScriptedWorker()
        start(worker)
        val encoder = encoder(known = 1, settings(pendingMax = 1))
        val first = encoder.encode(request())
        val kept = worker.next()
        encoder
            .encode(request())
            .failure()
            .shouldBeInstanceOf<EncodeFailure.Overloaded>()
            .message shouldContain "at most 1"
        kept.complete(reply(mark = 1f))
        markOf(first.get()) shouldBe 1f
    }

    @Test
    fun `more text than a message may hold is refused by size`() {
        val text = "x".repeat((ClusterEncoder.CHARACTERS_MAX + 1).toInt())
        val answer = encoder(known = 0).encode(request(text = text))
        answer.failure().shouldBeInstanceOf<EncodeFailure.Refused>().message shouldContain "${ClusterEncoder.CHARACTERS_MAX + 1} characters"
    }

    @Test
    fun `the worker with the least predicted wait is asked, and every reply says how long that is`() {
        val (busy, free) = listOf(ScriptedWorker(), ScriptedWorker())
        busy.status = busy.status.copy(predictedWait = Duration.ofMillis(100))
        listOf(busy, free).forEach(::start)
        val encoder = encoder(known = 2)
        val first = encoder.encode(request())
        free.status = free.status.copy(predictedWait = Duration.ofMillis(400))
        free.next().complete(reply(mark = 1f))
        markOf(first.get()) shouldBe 1f
        val second = encoder.encode(request())
        busy.next().complete(reply(mark = 2f))
        markOf(second.get()) shouldBe 2f
    }

    @Test
    fun `a worker whose device is not ready is the last to be asked`() {
        val (broken, fit) = listOf(ScriptedWorker(), ScriptedWorker())
        broken.status = broken.status.copy(isReady = false)
        fit.status = fit.status.copy(predictedWait = Duration.ofSeconds(1))
        listOf(broken, fit).forEach(::start)
        encoder(known = 2).encode(request())
        asked(broken, fit) shouldBe fit
    }

    @Test
    fun `the report names encoder, device and queue of each worker`() {
        val worker = ScriptedWorker(device = "cuda:0")
        worker.status = worker.status.copy(queuedTokens = 70, predictedWait = Duration.ofMillis(30))
        start(worker)
        val encoder = encoder(known = 1)
        val facts = workers.single()
        facts.encoder shouldBe ENCODER
        facts.device shouldBe "cuda:0"
        facts.queuedTokens shouldBe 70
        facts.predictedWaitMicros shouldBe 30_000
        encoder.status.device shouldBe "1 worker of the cluster: 1 cuda:0"
        encoder.status.isReady shouldBe true
    }

    @Test
    fun `what workers offer is described by themselves`() {
        val dispatcher = dispatcher(known = 0)
        val heads = search(dispatcher, ENCODER, WAIT)
        start(ScriptedWorker())
        heads.get() shouldBe scriptedHeads
    }

    @Test
    fun `other files under the same name are told from these, with both versions named`() {
        start(ScriptedWorker(version = "v2"))
        val dispatcher = dispatcher(known = 1)
        val expected = "encoder default: this node has version v1 of its files, the workers v2"
        val heads = search(dispatcher, ENCODER, Duration.ofSeconds(5))
        encoderOf(dispatcher).encode(request()).failure().message shouldBe expected
        pass(Duration.ofSeconds(5))
        heads.failure().shouldBeInstanceOf<EncodeFailure.Unavailable>().message shouldBe expected
    }
}
