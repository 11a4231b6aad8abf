package routercluster.grains.records

import com.typesafe.config.ConfigFactory
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.cluster.typed.Cluster
import org.apache.pekko.cluster.typed.Join
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.selector.WAIT_SECONDS
import routercluster.grains.selector.await
import routercluster.grains.state.MemoryStateStore
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.decisionRecordOf
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/** Two nodes over loopback. */
class ClusterRecordsTest {
    private val store = MemoryStateStore(InstantSource.system())
    private val kits = List(2) { ActorTestKit.create("records", ConfigFactory.parseString(CONFIG).withFallback(ConfigFactory.load())) }
    private val rings = kits.map { DecisionRing(10) }
    private val nodes = rings.map { ring -> ClusterRecords(store, ring) }

    init {
        val first = Cluster.get(kits[0].system()).selfMember().address()
        kits.forEach { Cluster.get(it.system()).manager().tell(Join.create(first)) }
        nodes.zip(kits).forEach { (node, kit) -> node.start { behavior, name -> kit.spawn(behavior, name) } }
    }

    @AfterEach
    fun close() = kits.asReversed().forEach { it.shutdownTestKit() }

    private fun ClusterRecords.found(id: String): DecisionRecord? = find(id).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

    @Test
    fun `a record in one node's ring is found from the other`() {
        rings[0].add(record("r-1"))
        await("the other node has it") { nodes[1].found("r-1")?.decision == "code" }
        nodes[1].found("r-2") shouldBe null
    }

    @Test
    fun `what is said at one node of an answer is noted with the record, which another has`() {
        rings[0].add(record("r-1"))
        rings[0].add(record("r-2"))
        await("the other node has it") { nodes[1].found("r-1") != null }
        nodes[1].judged("r-1", VerdictSums(goodFit = 250, failed = 750))
        nodes[1].judged("r-1", VerdictSums(goodFit = 1_000))
        nodes[1].judged("nobody's", VerdictSums(goodFit = 1_000))
        await("both verdicts are noted") { rings[0]["r-1"]?.verdicts == VerdictSums(goodFit = 1_250, failed = 750) }
        rings[0]["r-2"]?.verdicts shouldBe VerdictSums.NONE
        nodes.sumOf { it.dropped } shouldBe 0
    }

    @Test
    fun `what is said at one node is heard by whoever listens at the other`() {
        val heard = CopyOnWriteArrayList<VerdictSums>()
        rings[0].add(record("r-1"))
        await("the nodes know each other") { nodes[1].found("r-1") != null }
        rings[0].whenJudged("given by a cache", heard::add)
        nodes[1].judged("given by a cache", VerdictSums(failed = 1_000))
        await("it is heard") { heard == listOf(VerdictSums(failed = 1_000)) }
    }

    @Test
    fun `a kept record outlives the ring that it was in`() {
        nodes[1].found("r-1") shouldBe null
        nodes[0].keep(record("r-1"), Duration.ofHours(1))
        nodes[1].found("r-1")?.asked shouldBe "auto"
        nodes[0].keep(record("x".repeat(2_000)), Duration.ofHours(1))
        nodes.sumOf { it.dropped } shouldBe 0
    }

    private fun record(id: String): DecisionRecord =
        decisionRecordOf(
            """
            {"id": "$id", "time": "${Instant.EPOCH}", "policy_revision": "p", "asked_model": "auto", "recipe": "default", "decision": "code",
             "confidence": 1.0, "seed": 1, "action": {"kind": "forward", "model": "small"}}
            """.trimIndent(),
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
