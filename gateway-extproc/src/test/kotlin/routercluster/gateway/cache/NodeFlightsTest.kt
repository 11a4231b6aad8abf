package routercluster.gateway.cache

import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.FlightLead
import routercluster.policy.cache.FlightTrouble
import routercluster.policy.cache.Joined
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.StorableAnswer
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

class NodeFlightsTest {
    private val kept = KeptAnswer(StorableAnswer("text", "m", 1, 2), "small", "default", "faq", Instant.EPOCH, null)
    private val flights = NodeFlights(null)

    private fun AnswerFlights.joinLong(key: String = "k"): CompletableFuture<Joined> = join(key, Duration.ofMinutes(1))

    private fun CompletableFuture<Joined>.told(): Joined = get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun CompletableFuture<Joined>.lead(): FlightLead = told().shouldBeInstanceOf<Joined.Leads>().lead

    private fun CompletableFuture<Joined>.answer(): KeptAnswer = told().shouldBeInstanceOf<Joined.Shared>().kept

    private fun CompletableFuture<Joined>.trouble(): FlightTrouble = told().shouldBeInstanceOf<Joined.Alone>().trouble

    @Test
    fun `the first leads, and who comes meanwhile has its answer`() {
        val lead = flights.joinLong().lead()
        val others = List(3) { flights.joinLong() }
        flights.joinLong("other").lead()
        others.count { it.isDone } shouldBe 0
        lead.ended(kept)
        for (other in others) other.answer() shouldBeSameInstanceAs kept
        flights.joinLong().lead()
    }

    @Test
    fun `who comes after one that got nothing leads, and only the first end of a lead counts`() {
        val first = flights.joinLong().lead()
        val second = flights.joinLong()
        val third = flights.joinLong()
        first.ended(null)
        val lead = second.lead()
        first.ended(kept)
        third.isDone shouldBe false
        lead.ended(kept)
        third.answer() shouldBeSameInstanceAs kept
    }

    @Test
    fun `when three have led in vain the others go on by themselves`() {
        val joined = List(5) { flights.joinLong() }
        for (index in 0 until 3) joined[index].lead().ended(null)
        joined.drop(3).map { it.trouble() } shouldBe List(2) { FlightTrouble.NOT_KEPT }
        flights.joinLong().lead()
    }

    @Test
    fun `who has gone neither leads nor takes a place`() {
        val few = NodeFlights(null, waitingMax = 2)
        val lead = few.joinLong().lead()
        val gone = few.joinLong()
        val stays = few.joinLong()
        few.joinLong().trouble() shouldBe FlightTrouble.FULL
        gone.cancel(false)
        val late = few.joinLong()
        lead.ended(null)
        stays.lead().ended(kept)
        late.answer() shouldBeSameInstanceAs kept
    }

    @Test
    fun `who has waited long enough goes on alone, and the flight goes on`() {
        val lead = flights.joinLong().lead()
        flights.join("k", Duration.ofMillis(20)).trouble() shouldBe FlightTrouble.TIMED_OUT
        val other = flights.joinLong()
        lead.ended(kept)
        other.answer() shouldBeSameInstanceAs kept
    }

    @Test
    fun `there are no more flights than the bound says, and a leader that is lost is followed`() {
        var now = 0L
        val one = NodeFlights(null, { now }, flightsMax = 1)
        one.joinLong().lead()
        one.joinLong("other").trouble() shouldBe FlightTrouble.FULL
        val waiting = one.joinLong()
        now = Duration.ofMinutes(11).toNanos()
        one.joinLong().lead().ended(kept)
        waiting.answer() shouldBeSameInstanceAs kept
    }

    /** Flights of other nodes, each told by hand. */
    private class ByHand : AnswerFlights {
        val asked = ArrayList<CompletableFuture<Joined>>()
        val ended = ArrayList<KeptAnswer?>()

        override fun join(key: String, wait: Duration) = CompletableFuture<Joined>().also(asked::add)

        fun lead(index: Int) = asked[index].complete(Joined.Leads({ ended.add(it) }))
    }

    @Test
    fun `a node asks the others once, and tells them what came of it`() {
        val others = ByHand()
        val node = NodeFlights(others)
        val joined = List(3) { node.joinLong() }
        others.asked shouldHaveSize 1
        joined.count { it.isDone } shouldBe 0
        others.lead(0)
        joined[0].lead().ended(null)
        others.ended shouldBe listOf(null)
        others.asked shouldHaveSize 2
        others.asked[1].complete(Joined.Shared(kept))
        joined.drop(1).forEach { it.answer() shouldBeSameInstanceAs kept }
    }

    @Test
    fun `where the others cannot be asked a node has its own flight`() {
        val others = ByHand()
        val node = NodeFlights(others)
        val first = node.joinLong()
        val second = node.joinLong()
        others.asked.single().complete(Joined.Alone(FlightTrouble.AWAY))
        val leads = first.told().shouldBeInstanceOf<Joined.Leads>()
        leads.trouble shouldBe FlightTrouble.AWAY
        leads.lead.ended(kept)
        second.answer() shouldBeSameInstanceAs kept
    }

    @Test
    fun `a client that leaves while others are asked leaves there too, and the next asks`() {
        val others = ByHand()
        val node = NodeFlights(others)
        val first = node.joinLong()
        val second = node.joinLong()
        first.cancel(false)
        others.asked[0].isCancelled shouldBe true
        others.lead(1)
        second.lead()
    }

    private companion object {
        const val WAIT_SECONDS = 10L
    }
}
