package routercluster.policy.limits

import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicInteger

class LeasedReservationsTest {
    private var now = 1_000_000L
    private val memory = MemoryAuthority { now }
    private var isAway = false
    private val authority =
        LimitAuthority { counter, pace, sync ->
            if (isAway) CompletableFuture.failedFuture(TimeoutException("away")) else memory.sync(counter, pace, sync)
        }
    private val ann = LimitFacts(LimitCaller(user = "ann"))

    private fun node(name: String) = LeasedReservations(name, authority) { now }

    private fun rule(amount: Long, name: String = "r", kind: LimitKind = LimitKind.TOKENS, failOpen: Boolean = false) =
        LimitRule(name, kind, Pace(LimitAlgorithm.SLIDING_WINDOW, amount, 3_600_000), setOf(Dimension.USER), failOpen = failOpen)

    private fun LeasedReservations.tokens(amount: Long, vararg rules: LimitRule): Reserved =
        reserve(rules.toList(), ann, Amounts(tokens = amount)).join()

    private fun Reserved.granted(): Reservation = shouldBeInstanceOf<Reserved.Granted>().reservation

    @Test
    fun `two nodes share one budget to the last unit`() {
        val nodes = listOf(node("a"), node("b"))
        val granted = AtomicInteger()
        val threads = Executors.newFixedThreadPool(8)
        val rule = rule(500, kind = LimitKind.REQUESTS)
        repeat(1_000) { number ->
            threads.execute {
                val reserved = nodes[number % 2].reserve(listOf(rule), ann, Amounts()).join()
                if (reserved is Reserved.Granted) granted.incrementAndGet().also { reserved.reservation.settle(Amounts()) }
            }
        }
        threads.shutdown()
        threads.awaitTermination(30, TimeUnit.SECONDS) shouldBe true
        granted.get() shouldBe 500
    }

    @Test
    fun `what is not spent comes back to the other node`() {
        val (a, b) = listOf(node("a"), node("b"))
        val rule = rule(100)
        val held = a.tokens(100, rule).granted()
        b
            .tokens(1, rule)
            .shouldBeInstanceOf<Reserved.Denied>()
            .standing.remaining shouldBe 0
        held.settle(Amounts(tokens = 30))
        now += 2_000
        a.tick()
        b.tokens(70, rule).granted()
        now += 1_000
        b.tokens(1, rule).shouldBeInstanceOf<Reserved.Denied>()
    }

    @Test
    fun `a request that was aborted gives everything back, once`() {
        val a = node("a")
        val rule = rule(100)
        val held = a.tokens(100, rule).granted()
        repeat(2) { held.settle(Amounts.NONE) }
        a.tokens(100, rule).granted()
        a.tokens(1, rule).shouldBeInstanceOf<Reserved.Denied>()
    }

    @Test
    fun `a request that turned out dearer is paid for by the next ones`() {
        val a = node("a")
        val rule = rule(100)
        a.tokens(10, rule).granted().settle(Amounts(tokens = 150))
        now += 2_000
        a.tick()
        node("b").tokens(1, rule).shouldBeInstanceOf<Reserved.Denied>()
    }

    private fun LeasedReservations.left(rule: LimitRule, model: String): Long {
        now += 2_000
        repeat(2) { tick() }
        val looked = reserve(listOf(rule), LimitFacts(LimitCaller(), model), Amounts(1, 1, 1)).join().granted()
        return looked.standings
            .single()
            .remaining
            .also { looked.settle(Amounts.NONE) } + 1
    }

    @Test
    fun `limits of models are paid by the models that were reached, also those that were not asked`() {
        val a = node("a")
        val rule = rule(100).copy(per = setOf(Dimension.MODEL))
        val held = a.reserve(listOf(rule), LimitFacts(LimitCaller(), "large"), Amounts(tokens = 50)).join().granted()
        held.settle(Amounts(tokens = 37), mapOf("large" to Amounts(tokens = 7), "small" to Amounts(tokens = 30)))
        a.left(rule, "large") shouldBe 93
        a.left(rule, "small") shouldBe 70
        val away = a.reserve(listOf(rule), LimitFacts(LimitCaller(), "large"), Amounts(tokens = 50)).join().granted()
        away.settle(Amounts(tokens = 90), mapOf("small" to Amounts(tokens = 90)))
        a.left(rule, "large") shouldBe 93
        a.reserve(listOf(rule), LimitFacts(LimitCaller(), "small"), Amounts(tokens = 1)).join().shouldBeInstanceOf<Reserved.Denied>()
    }

    @Test
    fun `a limit that counts models together counts a request once, and one of the caller pays all`() {
        val a = node("a")
        val together = rule(100, "together", LimitKind.REQUESTS).copy(per = emptySet(), match = LimitMatch(model = LimitMatch.ANY))
        val other = rule(100, "other").copy(per = emptySet(), match = LimitMatch(model = "small"))
        val callers = rule(100, "callers")
        val rules = listOf(together, other, callers)
        val facts = LimitFacts(LimitCaller(user = "ann"), "large")
        val held = a.reserve(rules, facts, Amounts(tokens = 50)).join().granted()
        held.settle(Amounts(tokens = 30), mapOf("large" to Amounts(), "small" to Amounts(tokens = 30)))
        a.left(together, "large") shouldBe 99
        a.left(other, "small") shouldBe 70
        a.tokens(70, callers).granted()
        a.tokens(1, callers).shouldBeInstanceOf<Reserved.Denied>()
    }

    @Test
    fun `of two limits the tighter refuses, and the other keeps nothing`() {
        val a = node("a")
        val wide = rule(100, "wide")
        a.tokens(60, wide, rule(50, "tight")).granted()
        a
            .tokens(20, wide, rule(50, "tight"))
            .shouldBeInstanceOf<Reserved.Denied>()
            .standing.rule shouldBe "tight"
        a.tokens(40, wide).granted()
    }

    @Test
    fun `what is dearer than the whole limit waits for all of it`() {
        val a = node("a")
        a.tokens(1_000, rule(50)).granted()
    }

    @Test
    fun `while the authority is away leases last, then each rule decides`() {
        val a = node("a")
        val open = rule(1_000, "open", failOpen = true)
        a.tokens(10, rule(1_000)).granted().settle(Amounts(tokens = 0))
        isAway = true
        a.tokens(10, rule(1_000)).granted()
        val refused = a.tokens(900, rule(1_000)).shouldBeInstanceOf<Reserved.Unavailable>()
        refused.rule shouldBe "r"
        a.tokens(900, open).granted().unasked shouldBe listOf("open")
        isAway = false
        now += 2_000
        a.tokens(800, rule(1_000)).granted()
    }

    @Test
    fun `a dead node's part is gone for a window and no longer`() {
        val rule = rule(100)
        node("dead").tokens(60, rule).granted()
        val b = node("b")
        b.tokens(41, rule).shouldBeInstanceOf<Reserved.Denied>()
        // Of the 40 that are left the dead node had taken some ahead.
        b.tokens(35, rule).granted().settle(Amounts.NONE)
        now += 2 * 3_600_000
        b.tokens(100, rule).granted()
    }

    @Test
    fun `few requests ask the authority`() {
        val a = node("a")
        val rule = rule(100_000, kind = LimitKind.REQUESTS)
        repeat(10_000) {
            a
                .reserve(listOf(rule), ann, Amounts())
                .join()
                .granted()
                .settle(Amounts())
        }
        a.stats().calls shouldBeLessThan 30
    }

    @Test
    fun `counts that nobody asks for are forgotten and give back what they hold`() {
        val a = node("a")
        a.tokens(10, rule(100)).granted().settle(Amounts(tokens = 10))
        a.stats().counters shouldBe 1
        now += 2_000
        repeat(2) { a.tick() }
        a.stats().counters shouldBe 0
        node("b").tokens(90, rule(100)).granted()
    }

    @Test
    fun `a node that ends gives back what it has not spent`() {
        val (a, b) = listOf(node("a"), node("b"))
        val rule = rule(100)
        a.tokens(40, rule).granted().settle(Amounts(tokens = 10))
        a.close()
        b.tokens(90, rule).granted()
    }

    @Test
    fun `what a request holds is kept for as long as it lasts`() {
        val (a, b) = listOf(node("a"), node("b"))
        val rule = rule(100)
        val held = a.tokens(80, rule).granted()
        repeat(1_000) {
            now += 1_000
            a.tick()
        }
        held.settle(Amounts(tokens = 1))
        now += 2_000
        a.tick()
        b.tokens(99, rule).granted()
    }
}
