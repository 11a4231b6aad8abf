package routercluster.grains.selector

import com.typesafe.config.ConfigFactory
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.cluster.MemberStatus
import org.apache.pekko.cluster.typed.Cluster
import org.apache.pekko.cluster.typed.Join
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.directory.ShardedGrains
import routercluster.grains.state.MemoryStateStore
import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.Judgement
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.file.ImportMode
import routercluster.policy.outcomes.file.importParts
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.ThompsonSelector
import java.time.Duration
import java.time.InstantSource
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random

/** Two nodes in one JVM with sharded grains and one store, as two processes would be with Redis. */
class TwoNodesTest {
    private val store = MemoryStateStore(InstantSource.system())
    private val incarnations = AtomicLong()
    private val nodes = mutableListOf<Node>()

    @AfterEach
    fun close() = nodes.asReversed().forEach { it.kit.shutdownTestKit() }

    @Test
    fun `feedback at one node changes the picks of the other within a second, and survives a restart of both`() {
        val (a, b) = start()
        b.picksOf("good") shouldBeGreaterThan 0
        repeat(VERDICTS) { index ->
            a.judge("good-$index", "good", 1.0) shouldBe Judgement.Counted(repeated = false)
            a.judge("bad-$index", "bad", 0.0) shouldBe Judgement.Counted(repeated = false)
        }
        await("the picks of the other node", seconds = 1) { b.picksOf("good") == DRAWS }
        b.judge("good-0", "good", 1.0) shouldBe Judgement.Counted(repeated = true)

        close()
        nodes.clear()
        val (c, d) = start()
        listOf(c, d).forEach { node -> await("the picks after the restart") { node.picksOf("good") == DRAWS } }
        d.judge("bad-0", "bad", 0.0) shouldBe Judgement.Counted(repeated = true)
    }

    @Test
    fun `what one node takes over of a file the other sees within a second, and tells again`() {
        val (a, b) = start()
        b.picksOf("good") shouldBeGreaterThan 0
        val at = InstantSource.system().instant()
        val file = DecisionStatistics.ofVerdicts("good", VerdictSums(goodFit = 40_000), at) +
            DecisionStatistics.ofVerdicts("bad", VerdictSums(failed = 40_000), at)
        val parts = importParts("id", ImportMode.REPLACE, 1.0, file, DecisionStatistics.NONE, setOf("good", "bad"))
        parts.forEach {
            a.outcomes
                .take(KEY, it)
                .toCompletableFuture()
                .get(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe Judgement.Counted(repeated = false)
        }
        await("the picks of the other node", seconds = 1) { b.picksOf("good") == DRAWS }
        b.outcomes
            .learnt(KEY)
            .toCompletableFuture()
            .get(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe file
    }

    @Test
    fun `requests under way at one node are seen at the other, until that one is gone`() {
        val (a, b) = start()
        a.outcomes.began("good")
        a.outcomes.began("good")
        b.outcomes.began("good")
        await("2 here and 1 there") { b.outcomes.measured(KEY).inFlight("good") == 3 }
        a.kit.shutdownTestKit()
        await("those of the node that is gone are forgotten") { b.outcomes.measured(KEY).inFlight("good") == 1 }
    }

    private fun start(): Pair<Node, Node> {
        val pair = List(2) { Node("node-$it") }
        nodes += pair
        pair.forEach { Cluster.get(it.kit.system()).manager().tell(Join.create(Cluster.get(pair[0].kit.system()).selfMember().address())) }
        pair.forEach { node ->
            await("both nodes are up") {
                Cluster
                    .get(node.kit.system())
                    .state()
                    .members
                    .count { it.status() == MemberStatus.up() } == 2
            }
        }
        pair.forEach { it.outcomes.start { behavior, name -> it.kit.spawn(behavior, name) } }
        return pair[0] to pair[1]
    }

    private inner class Node(name: String) {
        val kit: ActorTestKit = ActorTestKit.create("selectors", ConfigFactory.parseString(CONFIG).withFallback(ConfigFactory.load()))
        val outcomes = ClusterOutcomes(
            name,
            ShardedGrains(kit.system(), role = "silo").host(selectorKind(store, InstantSource.system())),
            InstantSource.system(),
            incarnations::incrementAndGet,
            settings = OutcomesSettings(reportLasts = Duration.ofSeconds(1)),
        )

        /** How many of [DRAWS] go to [model]. */
        fun picksOf(model: String): Int {
            val candidates = listOf("bad", "good").map { Candidate(Model(it, emptyList())) }
            return (1..DRAWS).count {
                val context = SelectionContext(Random(it), outcomes.measured(KEY))
                ThompsonSelector
                    .rank(candidates, context)
                    .first()
                    .candidate.model.name == model
            }
        }

        fun judge(id: String, model: String, score: Double): Judgement =
            outcomes
                .judge(Feedback(id, KEY, model, VerdictSums.ofScore(score), InstantSource.system().instant()))
                .toCompletableFuture()
                .get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    private companion object {
        const val DRAWS = 20
        const val VERDICTS = 15
        val KEY = SelectionKey("default", "code")
        const val CONFIG = """
            pekko.actor.provider = cluster
            pekko.remote.artery.canonical.hostname = 127.0.0.1
            pekko.remote.artery.canonical.port = 0
            pekko.cluster.roles = [silo]
            pekko.cluster.jmx.multi-mbeans-in-same-jvm = on
            pekko.cluster.sharding.number-of-shards = 8
            pekko.cluster.downing-provider-class = "org.apache.pekko.cluster.sbr.SplitBrainResolverProvider"
            pekko.coordinated-shutdown.exit-jvm = off
            pekko.loglevel = WARNING
        """
    }
}
