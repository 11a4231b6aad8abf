package routercluster.grains.inference

import com.typesafe.config.ConfigFactory
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.cluster.typed.Cluster
import org.apache.pekko.cluster.typed.Join
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.PassageResult
import java.time.Duration

/** Nodes in one JVM, each an actor system of its own, with messages as bytes over loopback. */
class InferenceClusterTest {
    private val gateway = node()
    private val workers = listOf(node(), node())
    private val inferences = (workers + gateway).associateWith { Inference(it.system()) }
    private val probe = gateway.createTestProbe<Any>()

    init {
        val first = Cluster.get(gateway.system())
        (listOf(gateway) + workers).forEach {
            Cluster.get(it.system()).manager().tell(Join.create(first.selfMember().address()))
        }
    }

    @AfterEach
    fun close() = (workers + gateway).forEach { it.shutdownTestKit() }

    @Test
    fun `a worker killed in mid-batch loses nothing`() {
        val (first, second) = offered()
        val encoder = encoderWith(workers = 2)
        val text = "ein Text mit Ümlauten, 漢字 und 🦆, ".repeat(20_000)
        val answers = List(8) { encoder.encode(request(text = text)) }
        // Both are in the middle of some of them.
        first.next()
        val kept = mutableListOf(second.next())
        workers.first().shutdownTestKit()
        repeat(7) { kept += second.next() }
        kept.forEach { it.complete(reply(mark = 2f)) }
        answers.forEach { markOf(it.get()) shouldBe 2f }
    }

    @Test
    fun `a worker that says nothing is not waited for`() {
        val (first, second) = offered()
        val encoder = encoderWith(workers = 2)
        val answer = encoder.encode(request(timeout = Duration.ofSeconds(6)))
        probe.awaitAssert(WAIT) { (first.waiting + second.waiting) shouldBe 1 }
        val (silent, other) = if (first.waiting == 1) first to second else second to first
        other.next().complete(reply(mark = 3f))
        markOf(answer.get()) shouldBe 3f
        silent.next().isDone shouldBe false
    }

    @Test
    fun `this node's own worker comes first`() {
        offered()
        val own = ScriptedWorker(device = "own")
        inferences.getValue(gateway).offer(ENCODER.name, own)
        val answer = encoderWith(workers = 3).encode(request())
        own.next().complete(reply(mark = 4f))
        markOf(answer.get()) shouldBe 4f
    }

    @Test
    fun `a result has the same numbers on the other side`() {
        val worker = offered().first()
        val answer = encoderWith(workers = 2).also { withdraw(1) }.encode(request())
        val sent = reply(mark = 0.1f)
        worker.next().complete(sent)
        val back = answer.get().results.single()
        val expected = sent.results.single()
        back.heads.keys shouldBe expected.heads.keys
        back.coverage.tokens shouldBe expected.coverage.tokens
        (back.heads[VECTOR] as HeadResult.Vector).values.toList() shouldBe (expected.heads[VECTOR] as HeadResult.Vector).values.toList()
        (back.heads.values.single { it is HeadResult.Spans } as HeadResult.Spans).spans shouldBe
            (expected.heads.values.single { it is HeadResult.Spans } as HeadResult.Spans).spans
    }

    @Test
    fun `a reply of megabytes arrives`() {
        val worker = offered().first()
        val answer = encoderWith(workers = 2).also { withdraw(1) }.encode(request())
        val whole = PassageResult(mapOf(VECTOR to HeadResult.Vector(FloatArray(4_096) { it.toFloat() })), Coverage(1, 1, 1, 1))
        worker.next().complete(EncodeReply(List(128) { whole }, 1, Duration.ZERO, Duration.ZERO))
        answer.get().results.size shouldBe 128
    }

    @Test
    fun `a refusal keeps its kind on the way`() {
        val worker = offered().first()
        val answer = encoderWith(workers = 2).also { withdraw(1) }.encode(request())
        worker.next().completeExceptionally(EncodeFailure.Refused("no such head"))
        answer.failure().shouldBeInstanceOf<EncodeFailure.Refused>().message shouldBe "no such head"
    }

    @Test
    fun `heads come from the workers, and other files under the same name are refused`() {
        offered()
        encoderWith(workers = 2).heads shouldBe scriptedHeads
        val other = shouldThrow<EncodeFailure.Unavailable> {
            inferences.getValue(gateway).encoder(EncoderId("default", "v0"), Duration.ofMillis(200))
        }
        other.message shouldBe "encoder default: this node has version v0 of its files, the workers v1"
    }

    private val offers = mutableListOf<AutoCloseable>()

    /** One scripted encoder on each worker node, in their order. */
    private fun offered(): List<ScriptedWorker> =
        workers.map { node -> ScriptedWorker().also { offers += inferences.getValue(node).offer(ENCODER.name, it) } }

    /** An encoder of the gateway, which knows so many [workers]. */
    private fun encoderWith(workers: Int): OpenEncoder {
        awaitWorkers(workers)
        return inferences.getValue(gateway).encoder(ENCODER, WAIT)
    }

    /** So that only the others are left to be asked. */
    private fun withdraw(worker: Int) {
        offers[worker].close()
        awaitWorkers(offers.size - 1)
    }

    private fun awaitWorkers(count: Int) {
        probe.awaitAssert(WAIT) {
            inferences
                .getValue(gateway)
                .workers.size shouldBe count
        }
    }

    private fun node(): ActorTestKit = ActorTestKit.create(
        "inference",
        ConfigFactory.parseString(CONFIG).withFallback(ConfigFactory.load()),
    )

    private companion object {
        const val CONFIG = """
            pekko.actor.provider = cluster
            pekko.remote.artery.canonical.hostname = 127.0.0.1
            pekko.remote.artery.canonical.port = 0
            pekko.cluster.jmx.multi-mbeans-in-same-jvm = on
            pekko.coordinated-shutdown.exit-jvm = off
            pekko.loglevel = WARNING
        """
    }
}
