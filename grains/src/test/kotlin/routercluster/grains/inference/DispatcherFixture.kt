package routercluster.grains.inference

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime
import org.apache.pekko.actor.typed.ActorRef
import org.junit.jupiter.api.AfterEach
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicReference

/** One dispatcher and scripted workers in a system whose time passes when a test says so. */
abstract class DispatcherFixture {
    protected val kit: ActorTestKit = ActorTestKit.create(ManualTime.config())
    private val time: ManualTime = ManualTime.get(kit.system())
    private val nanos = AtomicLong()
    private val facts = AtomicReference(emptyList<WorkerFacts>())
    private val probe = kit.createTestProbe<Any>()

    @AfterEach
    fun close() = kit.shutdownTestKit()

    internal val workers: List<WorkerFacts> get() = facts.get()

    internal fun start(worker: ScriptedWorker): ActorRef<InferenceCommand> = kit.spawn(inferenceGrain(ENCODER.name, worker))

    /** An encoder whose dispatcher knows [known] workers. */
    internal fun encoder(known: Int, settings: DispatchSettings = settings()): ClusterEncoder = encoderOf(dispatcher(known, settings))

    internal fun encoderOf(dispatcher: ActorRef<DispatchCommand>) = ClusterEncoder(dispatcher, ENCODER, scriptedHeads, facts::get)

    internal fun dispatcher(known: Int, settings: DispatchSettings = settings()): ActorRef<DispatchCommand> {
        val dispatcher = kit.spawn(dispatcher(settings, facts::set))
        awaitWorkers(known)
        return dispatcher
    }

    internal fun settings(pendingMax: Int = 1_024, hedgeShare: Double = 0.1) =
        DispatchSettings(pendingMax, hedgeShare, nanoTime = nanos::get)

    internal fun awaitWorkers(known: Int) = await { facts.get().size shouldBe known }

    /** Until [assertion] holds, for a bounded time. */
    internal fun await(assertion: () -> Unit) {
        probe.awaitAssert(WAIT) { assertion() }
    }

    /** All timers that are due in [duration] fire, one after the other. */
    internal fun pass(duration: Duration) {
        nanos.addAndGet(duration.toNanos())
        time.timePasses(duration)
    }

    /** Whichever of the two has a request. */
    internal fun asked(one: ScriptedWorker, other: ScriptedWorker): ScriptedWorker {
        await { (one.waiting + other.waiting > 0) shouldBe true }
        return if (one.waiting > 0) one else other
    }

    internal fun search(dispatcher: ActorRef<DispatchCommand>, id: EncoderId, timeout: Duration): CompletableFuture<Map<HeadRef, Head>> =
        CompletableFuture<Map<HeadRef, Head>>().also { dispatcher.tell(Search(id, timeout, it)) }
}

internal fun CompletionStage<EncodeReply>.get(): EncodeReply = toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

internal fun CompletionStage<*>.failure(): Throwable =
    shouldThrow<ExecutionException> { toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS) }.cause ?: error("no cause")

internal fun unavailable() = EncodeFailure.Unavailable("broken")
