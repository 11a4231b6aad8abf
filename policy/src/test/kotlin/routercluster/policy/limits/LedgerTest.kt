package routercluster.policy.limits

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class LedgerTest {
    private val pace = Pace(LimitAlgorithm.SLIDING_WINDOW, 100, 60_000)
    private val lasts = Ledger.leaseMillis(pace)
    private val empty = Ledger.empty(pace, 0)

    @Test
    fun `the same question again does the same once`() {
        val ask = Sync("a", 1, needed = 10)
        val (after, first) = empty.sync(ask, pace, 0)
        val (again, second) = after.sync(ask, pace, 1_000)
        second.granted shouldBe first.granted
        second.lastsMillis shouldBe lasts - 1_000
        again.leases shouldBe after.leases
        second.free shouldBe 90
    }

    @Test
    fun `what was spent is used, what is returned is free, and what waits is leased`() {
        val (leased, _) = empty.sync(Sync("a", 1, needed = 40), pace, 0)
        val (told, reply) = leased.sync(Sync("a", 2, spent = 10, returned = 20), pace, 5_000)
        told.meter.used shouldBe 10
        told.leases.getValue("a").outstanding shouldBe 10
        reply.free shouldBe 80
        reply.isNew shouldBe false
    }

    @Test
    fun `of a lease that ran out everything was spent, when it ran out`() {
        val (leased, _) = empty.sync(Sync("dead", 1, needed = 40), pace, 0)
        val later = leased.on(lasts, pace)
        later.meter.used shouldBe 40
        later.leases shouldBe emptyMap()
        later.on(lasts + 60_000 + 1_000, pace).isEmpty shouldBe true
        val (_, reply) = later.sync(Sync("dead", 2, spent = 5, returned = 35, needed = 1), pace, lasts)
        (reply.isNew to reply.free) shouldBe (true to 59)
    }

    @Test
    fun `what waits is granted in full, what is asked ahead in part, and nothing ahead near the end`() {
        empty.sync(Sync("a", 1, needed = 1, waiting = 20, ahead = 80), pace, 0).reply.granted shouldBe 20 + 80 / 8
        val nearlyUsed = empty.sync(Sync("b", 1, extra = 90), pace, 0).ledger
        nearlyUsed.sync(Sync("a", 1, needed = 1, ahead = 80), pace, 0).reply.granted shouldBe 1
        nearlyUsed.sync(Sync("a", 1, needed = 3, waiting = 50), pace, 0).reply.granted shouldBe 10
    }

    @Test
    fun `a need that does not fit gets nothing and is told when it would`() {
        val (used, _) = empty.sync(Sync("a", 1, extra = 95), pace, 500)
        val (_, reply) = used.sync(Sync("a", 2, needed = 10, waiting = 10), pace, 500)
        (reply.granted to reply.free) shouldBe (0 to 5)
        // The part of the window that began at 0 ends a second later and counts for a window from then on.
        reply.retryMillis shouldBe 60_500
    }

    @Test
    fun `a denial changes nothing, and renews nothing`() {
        val (leased, _) = empty.sync(Sync("a", 1, needed = 95), pace, 0)
        val denied = leased.sync(Sync("a", 2, needed = 10), pace, 1_000)
        denied.isChanged shouldBe false
        denied.ledger.leases shouldBe leased.leases
        (denied.reply.granted to denied.reply.lastsMillis) shouldBe (0 to lasts - 1_000)
        leased.sync(Sync("a", 2), pace, 1_000).reply.lastsMillis shouldBe lasts
    }

    @Test
    fun `more was spent than was held`() {
        val (leased, _) = empty.sync(Sync("a", 1, needed = 10), pace, 0)
        val (after, reply) = leased.sync(Sync("a", 2, spent = 10, extra = 200), pace, 0)
        after.meter.used shouldBe 210
        reply.free shouldBe 0
    }

    @Test
    fun `a clock that went back lets no time pass`() {
        val (leased, _) = empty.sync(Sync("a", 1, needed = 40, spent = 0, extra = 20), pace, 100_000)
        val moved = leased.notAfter(40_000)
        moved.at shouldBe 40_000
        moved.on(40_000 + lasts - 1, pace).leases.keys shouldBe setOf("a")
        moved.on(40_000 + lasts, pace).meter.used shouldBe 60
        moved.notAfter(50_000) shouldBe moved
    }

    @Test
    fun `further holders than there may be get nothing`() {
        val wide = Pace(LimitAlgorithm.SLIDING_WINDOW, 1_000_000, 60_000)
        val full = (1..Ledger.HOLDERS_MAX).fold(Ledger.empty(wide, 0)) { ledger, node ->
            ledger.sync(Sync("node-$node", 1, needed = 1), wide, 0).ledger
        }
        full.sync(Sync("one more", 1, needed = 1), wide, 0).reply.granted shouldBe 0
        full.sync(Sync("node-7", 2, needed = 1), wide, 0).reply.granted shouldBe 1
    }
}
