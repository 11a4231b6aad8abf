package routercluster.grains.limits

import com.typesafe.config.ConfigFactory
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.directory.LocalGrains
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.policy.limits.Amounts
import routercluster.policy.limits.LeasedReservations
import routercluster.policy.limits.LimitAlgorithm
import routercluster.policy.limits.LimitCaller
import routercluster.policy.limits.LimitFacts
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.LimitRule
import routercluster.policy.limits.Pace
import routercluster.policy.limits.Reserved
import java.time.Duration
import java.time.InstantSource
import java.util.HexFormat
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** Grains of one process over a store that outlives them. */
class LimitGrainTest {
    private val store = CountingStore(MemoryStateStore(InstantSource.system()))
    private val kits = ArrayList<ActorTestKit>()
    private val rule = LimitRule("r", LimitKind.REQUESTS, Pace(LimitAlgorithm.SLIDING_WINDOW, 500, 3_600_000))
    private val facts = LimitFacts(LimitCaller(user = "ann"))

    private fun authority(): GrainAuthority {
        val kit = ActorTestKit.create("limits", ConfigFactory.parseString("pekko.loglevel = WARNING").withFallback(ConfigFactory.load()))
        kits += kit
        return GrainAuthority(LocalGrains(kit.system()).host(limitKind(store)), Duration.ofSeconds(WAIT_SECONDS))
    }

    private fun node(name: String, authority: GrainAuthority) = LeasedReservations(name, authority) { System.nanoTime() / 1_000_000 }

    @AfterEach
    fun close() = kits.forEach { it.shutdownTestKit() }

    @Test
    fun `two nodes, one budget, a thousand requests at once - exactly the budget is granted`() {
        val authority = authority()
        val nodes = listOf(node("a", authority), node("b", authority))
        val answers = (0 until 1_000).map { nodes[it % 2].reserve(listOf(rule), facts, Amounts()) }
        answers.count { it.get(WAIT_SECONDS, TimeUnit.SECONDS) is Reserved.Granted } shouldBe 500
    }

    @Test
    fun `what was granted before a restart is granted still, and not again`() {
        val before = node("before", authority())
        repeat(300) { before.one().shouldBeInstanceOf<Reserved.Granted>() }
        kits.removeLast().shutdownTestKit()
        val after = node("after", authority())
        val granted = (0 until 500).count { after.one() is Reserved.Granted }
        // The first node is gone, and what it had leased with it.
        (granted in 120..200) shouldBe true
    }

    @Test
    fun `a flood of refused requests writes nothing`() {
        val a = node("a", authority())
        repeat(500) { a.one() }
        val saves = store.saves.get()
        repeat(1_000) { a.one().shouldBeInstanceOf<Reserved.Denied>() }
        (store.saves.get() - saves) shouldBe 0
    }

    @Test
    fun `while the store is away what was leased is served, and then nothing is`() {
        val a = node("a", authority())
        repeat(100) { a.one().shouldBeInstanceOf<Reserved.Granted>() }
        store.isAway = true
        val answers = (0 until 500).map { a.one() }
        val served = answers.takeWhile { it is Reserved.Granted }
        answers.drop(served.size).forEach { it.shouldBeInstanceOf<Reserved.Unavailable>() }
        (answers.size > served.size) shouldBe true
    }

    @Test
    fun `what is kept is read as it was written`() {
        val kept = KeptLedger(5, null, listOf(KeptSlot(60_000, 7)), listOf(KeptLease("a", 3, 9_000, 2, 1)))
        ledgerCodec.decode(ledgerCodec.encode(kept)) shouldBe kept
        KeptLedger.of(kept.ledger(rule.pace)) shouldBe kept
        val bucket = Pace(LimitAlgorithm.TOKEN_BUCKET, 500, 3_600_000)
        kept.ledger(bucket).meter.used shouldBe 7
        val other = KeptLedger(5, KeptBucket(4, 1, 5), null, emptyList())
        ledgerCodec.decode(ledgerCodec.encode(other)) shouldBe other
    }

    @Test
    fun `states of format 1 are read for ever`() {
        val window = KeptLedger(5, null, listOf(KeptSlot(60_000, 7)), listOf(KeptLease("a", 3, 9_000, 2, 1)))
        val bucket = KeptLedger(5, KeptBucket(4, 1, 5), null, emptyList())
        HexFormat.of().formatHex(ledgerCodec.encode(window)) shouldBe WINDOW_1
        HexFormat.of().formatHex(ledgerCodec.encode(bucket)) shouldBe BUCKET_1
        ledgerCodec.decode(HexFormat.of().parseHex(WINDOW_1)) shouldBe window
        ledgerCodec.decode(HexFormat.of().parseHex(BUCKET_1)) shouldBe bucket
    }

    private fun LeasedReservations.one(): Reserved = reserve(listOf(rule), facts, Amounts()).get(WAIT_SECONDS, TimeUnit.SECONDS)

    private class CountingStore(private val store: StateStore) : StateStore by store {
        val saves = AtomicInteger()

        @Volatile var isAway = false

        override fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration?): CompletionStage<Long> {
            saves.incrementAndGet()
            return if (isAway) {
                CompletableFuture.failedFuture(
                    StateFailure.Unavailable("away"),
                )
            } else {
                store.save(key, expectedRevision, bytes, expiresAfter)
            }
        }
    }

    private companion object {
        const val WAIT_SECONDS = 30L
        const val WINDOW_1 =
            "01bf626174056677696e646f7781bf63656e6419ea6066616d6f756e7407ff" +
                "666c656173657381bf66686f6c64657261616b6f75747374616e64696e6703" +
                "69657870697265734174192328666e756d62657202676772616e74656401ffff"
        const val BUCKET_1 = "01bf62617405666275636b6574bf647573656404656361727279016261740" + "5ff666c656173657380ff"
    }
}
