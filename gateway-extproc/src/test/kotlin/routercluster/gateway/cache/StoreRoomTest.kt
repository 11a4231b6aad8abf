package routercluster.gateway.cache

import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.contracts.SetClock
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.StorableAnswer
import routercluster.policy.vectors.FieldValue
import java.time.Duration

/** Whose turn it is to go where a store of vectors is full. */
class StoreRoomTest {
    private val clock = SetClock()
    private val now = clock.millis()
    private val end = now + Duration.ofHours(1).toMillis()

    private fun kept(cost: Double?, length: Int = 100) =
        KeptAnswer(StorableAnswer("x".repeat(length), "large", 1, 1), "large", "main", "faq", clock.instant(), cost)

    private fun StoreRoom.turnOf(kept: KeptAnswer, weight: Double = 1.0) = (turn(kept, end, weight) as FieldValue.Number).value

    @Test
    fun `by age an answer's turn is when it was kept`() {
        StoreRoom(byCost = false, clock).turnOf(kept(cost = 5.0), weight = 10.0) shouldBe now.toDouble()
    }

    @Test
    fun `by cost the turn of what saves more for its bytes is later, within its life`() {
        val room = StoreRoom(byCost = true, clock)
        val (cheap, dear) = listOf(0.001, 0.1).map { room.turnOf(kept(it)) }
        val long = room.turnOf(kept(0.1, length = 50_000))
        val weighty = room.turnOf(kept(0.001), weight = 1_000.0)
        dear shouldBeGreaterThan cheap
        dear shouldBeGreaterThan long
        weighty shouldBeGreaterThan cheap
        listOf(cheap, dear, long, weighty).forEach { it.shouldBeBetween(now.toDouble(), end.toDouble(), 0.0) }
    }

    @Test
    fun `what an answer cost that nobody knows counts as the mean`() {
        StoreRoom(byCost = true, clock).turnOf(kept(cost = null)) shouldBe (now + end) / 2.0
    }
}
