package routercluster.grains.flights

import com.typesafe.config.ConfigFactory
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.typed.ActorRef
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.directory.LocalGrains
import routercluster.policy.cache.FlightLead
import routercluster.policy.cache.FlightTrouble
import routercluster.policy.cache.Joined
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.StorableAnswer
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong

/** Two nodes' requests at the grains of one process. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GrainFlightsTest {
    private val kit = ActorTestKit.create(
        "flights",
        ConfigFactory.parseString("pekko.loglevel = WARNING").withFallback(ConfigFactory.load()),
    )
    private val ahead = AtomicLong()
    private val grains = LocalGrains(kit.system()).host(flightKind { System.nanoTime() + ahead.get() })
    private val one = GrainFlights(grains, "one")
    private val other = GrainFlights(grains, "other")
    private val kept = answer("text")

    @AfterAll
    fun close() = kit.shutdownTestKit()

    private fun answer(text: String) = KeptAnswer(StorableAnswer(text, "m", 1, 2), "small", "default", "faq", Instant.EPOCH, 0.5)

    private fun GrainFlights.joinLong(key: String): CompletableFuture<Joined> = join(key, Duration.ofMinutes(1))

    private fun CompletableFuture<Joined>.told(): Joined = get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun CompletableFuture<Joined>.lead(): FlightLead = told().shouldBeInstanceOf<Joined.Leads>().lead

    private fun CompletableFuture<Joined>.text(): String = told()
        .shouldBeInstanceOf<Joined.Shared>()
        .kept.answer.text

    private fun CompletableFuture<Joined>.trouble(): FlightTrouble = told().shouldBeInstanceOf<Joined.Alone>().trouble

    @Test
    fun `the answer of the node that leads comes to the others, and to who looks in a moment later`() {
        val lead = one.joinLong("lands").lead()
        val waits = List(3) { other.joinLong("lands") }
        other.joinLong("elsewhere").lead().ended(null)
        lead.ended(kept)
        waits.map { it.text() } shouldBe List(3) { "text" }
        other.joinLong("lands").text() shouldBe "text"
    }

    @Test
    fun `when a leader got nothing the next leads, and after three the others go on alone`() {
        val first = one.joinLong("fails").lead()
        val waits = List(3) { other.joinLong("fails") }.toMutableList()
        first.ended(null)
        repeat(2) {
            CompletableFuture.anyOf(*waits.toTypedArray()).get(WAIT_SECONDS, TimeUnit.SECONDS)
            val next = waits.first { it.isDone }.also(waits::remove)
            next.lead().ended(null)
        }
        waits.single().trouble() shouldBe FlightTrouble.NOT_KEPT
    }

    @Test
    fun `a leader that nobody hears of is followed when its lease is over`() {
        one.joinLong("lost").lead()
        val waits = other.joinLong("lost")
        ahead.addAndGet(Duration.ofMinutes(1).toNanos())
        waits.lead().ended(null)
    }

    @Test
    fun `who has waited long enough goes on alone, and who has left does not lead`() {
        val lead = one.joinLong("late").lead()
        other.join("late", Duration.ofMillis(100)).trouble() shouldBe FlightTrouble.TIMED_OUT
        val gone = other.joinLong("late")
        gone.cancel(false)
        val stays = other.joinLong("late")
        lead.ended(null)
        stays.lead().ended(null)
    }

    @Test
    fun `an answer that is too long for other nodes is none to them`() {
        val lead = one.joinLong("long").lead()
        val waits = other.joinLong("long")
        lead.ended(answer("x".repeat(2_000_000)))
        waits.lead().ended(null)
    }

    @Test
    fun `where grains cannot be asked nobody waits for long`() {
        val deaf = object : GrainDirectory<FlightMessage> {
            override fun tell(id: String, message: FlightMessage) = Unit

            override fun <R : Any> ask(id: String, timeout: Duration, make: (ActorRef<R>) -> FlightMessage): CompletionStage<R> =
                CompletableFuture<R>()
        }
        val began = System.nanoTime()
        GrainFlights(deaf, "deaf").joinLong("away").trouble() shouldBe FlightTrouble.AWAY
        (System.nanoTime() - began < Duration.ofSeconds(WAIT_SECONDS).toNanos()) shouldBe true
    }

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
