package routercluster.grains.inference

import com.typesafe.config.ConfigFactory
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.apache.pekko.cluster.typed.Cluster
import org.apache.pekko.cluster.typed.Join
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadResult
import java.time.Duration

/** Nodes in one JVM, each an actor system of its own, with messages as bytes over loopback. */
class InferenceClusterTest {
    private val gateway = node()
    private val workers = listOf(node(), node())

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
        val encoders = workers.map { ScriptedWorker() }
        workers.zip(encoders).forEach { (node, encoder) -> node.spawn(inferenceGrain(encoder), INFERENCE_GRAIN) }
        val encoder = encoderWith(workers = 2)
        val text = "ein Text mit Ümlauten, 漢字 und 🦆, ".repeat(20_000)
        val answers = List(8) { encoder.encode(request(text = text)) }
        // Both are in the middle of some of them.
        val (first, second) = encoders
        first.next()
        val kept = mutableListOf(second.next())
        workers.first().shutdownTestKit()
        repeat(7) { kept += second.next() }
        kept.forEach { it.complete(reply(mark = 2f)) }
        answers.forEach { markOf(it.get()) shouldBe 2f }
    }

    @Test
    fun `a result has the same numbers on the other side`() {
        val worker = ScriptedWorker()
        workers.first().spawn(inferenceGrain(worker), INFERENCE_GRAIN)
        val encoder = encoderWith(workers = 1)
        val answer = encoder.encode(request())
        val sent = reply(mark = 0.1f)
        worker.next().complete(sent)
        val back = answer.get().results.single()
        val expected = sent.results.single()
        back.heads.keys shouldBe expected.heads.keys
        back.coverage.tokens shouldBe expected.coverage.tokens
        (back.heads[VECTOR] as HeadResult.Vector).values.toList() shouldBe (expected.heads[VECTOR] as HeadResult.Vector).values.toList()
        back.heads.values
            .filterIsInstance<HeadResult.Spans>()
            .single()
            .spans shouldBe
            expected.heads.values
                .filterIsInstance<HeadResult.Spans>()
                .single()
                .spans
    }

    @Test
    fun `a refusal keeps its kind on the way`() {
        val worker = ScriptedWorker()
        workers.first().spawn(inferenceGrain(worker), INFERENCE_GRAIN)
        val encoder = encoderWith(workers = 1)
        val answer = encoder.encode(request())
        worker.next().completeExceptionally(EncodeFailure.Refused("no such head"))
        answer.failure().shouldBeInstanceOf<EncodeFailure.Refused>().message shouldBe "no such head"
    }

    /** The dispatcher starts when the gateway's receptionist knows the workers, so that the first list it gets names them all. */
    private fun encoderWith(workers: Int): ClusterEncoder {
        awaitWorkers(workers)
        return ClusterEncoder(gateway.spawn(dispatcher(), INFERENCE_DISPATCHER), heads)
    }

    private fun awaitWorkers(count: Int) {
        val probe = gateway.createTestProbe(Receptionist.Listing::class.java)
        gateway.system().receptionist().tell(Receptionist.subscribe(inferenceWorkers, probe.ref))
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
