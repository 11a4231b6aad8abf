package routercluster.grains.inference

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.HeadResult
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

class DispatcherTest {
    private val kit: ActorTestKit = ActorTestKit.create()

    @AfterEach
    fun close() = kit.shutdownTestKit()

    @Test
    fun `a worker's answer comes back whole`() {
        val worker = ScriptedWorker()
        start(worker)
        val answer = encoder().encode(request())
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
        val encoder = encoder()
        val answer = encoder.encode(request())
        val lost = dying.next()
        val other = ScriptedWorker()
        start(other)
        kit.stop(grain)
        other.next().complete(reply(mark = 2f))
        markOf(answer.get()) shouldBe 2f
        lost.isDone shouldBe false
    }

    @Test
    fun `what the last worker had fails at once when it stops`() {
        val dying = ScriptedWorker()
        val grain = start(dying)
        val answer = encoder().encode(request())
        dying.next()
        kit.stop(grain)
        answer.failure().shouldBeInstanceOf<EncodeFailure.Unavailable>().message shouldContain "there is no other"
    }

    @Test
    fun `a worker without room passes the request on`() {
        val workers = listOf(ScriptedWorker(), ScriptedWorker())
        workers.forEach(::start)
        val answer = encoder().encode(request())
        val (full, free) = if (asked(workers[0], workers[1]) === workers[0]) workers else workers.reversed()
        full.next().completeExceptionally(EncodeFailure.Overloaded("full"))
        free.next().complete(reply(mark = 3f))
        markOf(answer.get()) shouldBe 3f
    }

    @Test
    fun `what the caller did wrong is not tried elsewhere`() {
        val workers = listOf(ScriptedWorker(), ScriptedWorker())
        workers.forEach(::start)
        val answer = encoder().encode(request())
        asked(workers[0], workers[1]).next().completeExceptionally(EncodeFailure.Refused("no such head"))
        answer.failure().shouldBeInstanceOf<EncodeFailure.Refused>().message shouldBe "no such head"
        workers.all { it.idle } shouldBe true
    }

    @Test
    fun `a silent worker costs no more than the timeout`() {
        val worker = ScriptedWorker()
        start(worker)
        val answer = encoder().encode(request(timeout = Duration.ofMillis(50)))
        answer.failure().shouldBeInstanceOf<EncodeFailure.TimedOut>().message shouldContain "50 ms"
    }

    @Test
    fun `without workers a request fails and says so`() {
        encoder(workersExpected = 0).encode(request()).failure().shouldBeInstanceOf<EncodeFailure.Unavailable>()
    }

    @Test
    fun `requests beyond the bound are refused and the rest goes on`() {
        val worker = ScriptedWorker()
        start(worker)
        val encoder = encoder(DispatchSettings(pendingMax = 1))
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
        val answer = encoder(workersExpected = 0).encode(request(text = text))
        answer.failure().shouldBeInstanceOf<EncodeFailure.Refused>().message shouldContain "${ClusterEncoder.CHARACTERS_MAX + 1} characters"
    }

    private var workers = 0

    private fun start(worker: ScriptedWorker): ActorRef<InferenceCommand> {
        val grain = kit.spawn(inferenceGrain(worker))
        workers++
        awaitWorkers(workers)
        return grain
    }

    /** An encoder whose dispatcher knows every worker there is. */
    private fun encoder(settings: DispatchSettings = DispatchSettings(), workersExpected: Int = workers): ClusterEncoder {
        val dispatcher = kit.spawn(dispatcher(settings))
        awaitWorkers(workersExpected)
        return ClusterEncoder(dispatcher, heads)
    }

    /** Until the receptionist names [count] workers, which it has then told older subscribers too. */
    private fun awaitWorkers(count: Int) {
        val probe = kit.createTestProbe(Receptionist.Listing::class.java)
        kit.system().receptionist().tell(Receptionist.subscribe(inferenceWorkers, probe.ref))
        probe.fishForMessage(Duration.ofSeconds(WAIT_SECONDS)) { listing ->
            if (listing.getServiceInstances(inferenceWorkers).size ==
                count
            ) {
                FishingOutcomes.complete()
            } else {
                FishingOutcomes.continueAndIgnore()
            }
        }
    }

    /** Whichever of the two has the request. */
    private fun asked(one: ScriptedWorker, other: ScriptedWorker): ScriptedWorker {
        val limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS)
        while (one.idle && other.idle) {
            check(System.nanoTime() < limit) { "no worker was asked within $WAIT_SECONDS s" }
            Thread.onSpinWait()
        }
        return if (one.idle) other else one
    }
}

internal fun CompletionStage<EncodeReply>.get(): EncodeReply = toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

internal fun CompletionStage<EncodeReply>.failure(): Throwable = shouldThrow<ExecutionException> { get() }.cause ?: error("no cause")
