package routercluster.policy.record

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.decisions.policy
import routercluster.policy.decisions.recipe
import routercluster.policy.decisions.someFacts
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.routing.plan
import routercluster.policy.routing.resolve
import java.time.Instant
import kotlin.concurrent.thread
import kotlin.random.Random

class DecisionRingTest {
    private val policy = policy(recipe(emptyList()))

    private fun record(id: String) = DecisionRecord.of(id, Instant.EPOCH, policy.plan(policy.resolve("auto"), someFacts, Random(1)))

    private fun DecisionRing.ids() = newest(100).map { it.id }

    @Test
    fun `keeps the newest and drops the oldest`() {
        val ring = DecisionRing(sizeMax = 2)
        listOf("a", "b", "c").forEach { ring.add(record(it)) }
        ring.ids() shouldBe listOf("c", "b")
        ring["a"] shouldBe null
        ring["b"]?.id shouldBe "b"
        ring.newest(1).map { it.id } shouldBe listOf("c")
    }

    @Test
    fun `whoever listens to a request hears what is said of it, whether its record is kept or not`() {
        val ring = DecisionRing(sizeMax = 1)
        val heard = ArrayList<Pair<String, VerdictSums>>()
        ring.add(record("a"))
        for (id in listOf("a", "b")) ring.whenJudged(id) { heard += id to it }
        val bad = VerdictSums(failed = 1_000)
        listOf("a", "b", "c").map { ring.judged(it, bad) } shouldBe listOf(true, true, false)
        heard shouldBe listOf("a" to bad, "b" to bad)
        ring["a"]?.verdicts shouldBe bad
        repeat(DecisionRing.LISTENERS_MAX) { ring.whenJudged("later $it") {} }
        ring.judged("b", bad) shouldBe false
        heard.size shouldBe 2
    }

    @Test
    fun `pages go from the oldest on, and begin anew behind what is gone`() {
        val ring = DecisionRing(sizeMax = 3)
        listOf("a", "b", "c", "d").forEach { ring.add(record(it)) }
        ring.after(null, 2).map { it.id } shouldBe listOf("b", "c")
        ring.after("c", 2).map { it.id } shouldBe listOf("d")
        ring.after("d", 2) shouldBe emptyList()
        ring.after("a", 9).map { it.id } shouldBe listOf("b", "c", "d")
    }

    @Test
    fun `an id that comes again takes the newest place`() {
        val ring = DecisionRing(sizeMax = 2)
        listOf("a", "b", "a", "c").forEach { ring.add(record(it)) }
        ring.ids() shouldBe listOf("c", "a")
    }

    @Test
    fun `of size nought keeps nothing`() {
        DecisionRing(sizeMax = 0).also { it.add(record("a")) }.size shouldBe 0
        shouldThrow<IllegalArgumentException> { DecisionRing(-1) }.message shouldBe "sizeMax is -1; expected 0 or more"
    }

    @Test
    fun `stays within its bound under many threads`() {
        val ring = DecisionRing(sizeMax = 50)
        List(4) { worker -> thread { repeat(500) { ring.add(record("$worker-$it")) } } }.forEach(Thread::join)
        ring.size shouldBe 50
        ring.ids().distinct().size shouldBe 50
    }
}
