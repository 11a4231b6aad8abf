package routercluster.kit

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.grains.learnt.GrainLearntSharing
import routercluster.grains.learnt.learntKind
import routercluster.grains.state.MemoryStateStore
import routercluster.policy.cache.CategoryStanding
import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.HitLearnerState
import routercluster.policy.cache.LearntSharing
import routercluster.policy.cache.Likeness
import routercluster.policy.cache.Ruling
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** What nodes of a cluster learn of hits, with messages as bytes over loopback. */
class LearntClusterTest {
    private val sharing = CopyOnWriteArrayList<LearntSharing>()

    /** A node that tells what it has learnt after each of its turns. */
    private class Node(private val sharing: LearntSharing) {
        val learner = HitLearner({ 0.05 })
        private var number = 0L

        fun tell(name: String) {
            val known = sharing.share(name, ++number, learner.news()).toCompletableFuture().get(WAIT.toSeconds(), TimeUnit.SECONDS)
            learner.goOn(known)
        }

        fun standing(): CategoryStanding = learner.standings().single()
    }

    private fun HitLearner.see(random: Random, requests: Int) = repeat(requests) {
        rule("law", null, 0.5)
        val likeness = Likeness(DoubleArray(Likeness.Trait.entries.size) { random.nextDouble() })
        looked("law", likeness, Ruling.Miss(0.5, lookShare = null, ""), isRight = random.nextInt(4) > 0)
    }

    private infix fun CategoryStanding.shouldBeAs(other: CategoryStanding) {
        requests shouldBe (other.requests plusOrMinus 1e-6)
        listOf(rightLooks, wrongLooks) shouldBe listOf(other.rightLooks, other.wrongLooks)
    }

    @Test
    fun `what two nodes learn is what one would have that had seen all, and a node that comes later has it`() {
        val store = MemoryStateStore(Clock.systemUTC())
        val one = HitLearner({ 0.05 })
        ClusterOf(2, prepare = { sharing += GrainLearntSharing(it.grains.host(learntKind(store)), "${it.address}", WAIT) }).use { cluster ->
            val nodes = List(2) { Node(sharing[it]) }
            nodes.forEach { it.tell("faq") }
            val (whole, parts) = List(2) { Random(1) }
            // Pairs for more than one ordinary message.
            repeat(ROUNDS) { round ->
                one.see(whole, REQUESTS)
                nodes[round % 2].run {
                    tell("faq")
                    learner.see(parts, REQUESTS)
                    tell("faq")
                }
            }
            nodes[0].tell("faq")
            nodes.forEach { it.tell("faq") }
            nodes.forEach { it.standing() shouldBeAs one.standings().single() }
            cluster.stop(1)
            cluster.start()
            val late = Node(sharing[2])
            late.tell("faq")
            late.standing() shouldBeAs one.standings().single()
            sharing[2]
                .share(
                    "other",
                    1,
                    HitLearnerState.EMPTY,
                ).toCompletableFuture()
                .get(WAIT.toSeconds(), TimeUnit.SECONDS)
                .judgedEver shouldBe
                0
        }
    }

    private companion object {
        const val ROUNDS = 8
        const val REQUESTS = 1_000
        val WAIT: Duration = Duration.ofSeconds(60)
    }
}
