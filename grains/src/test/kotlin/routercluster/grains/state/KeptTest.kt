package routercluster.grains.state

import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.typed.ActorRef
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import java.time.Duration
import java.time.Instant
import java.time.InstantSource

/** One actor system without a cluster: this way of keeping state needs none. */
class KeptTest {
    private val kit = ActorTestKit.create()
    private val kept = MemoryStateStore(InstantSource.fixed(Instant.EPOCH))
    private val store = ScriptedStateStore(kept)
    private val probe = kit.createTestProbe(CounterReply::class.java)

    @AfterEach
    fun close() = kit.shutdownTestKit()

    @Test
    fun `what was acknowledged is there when the grain wakes again`() {
        val grain = wake()
        grain.add(2) shouldBe CounterReply.Now(2)
        grain.add(3) shouldBe CounterReply.Now(5)
        sleep(grain)
        wake().read() shouldBe CounterReply.Now(5)
    }

    @Test
    fun `nothing is acknowledged before it is kept, and what comes meanwhile is kept by one save`() {
        val grain = wake()
        grain.read()
        store.fate = { Fate.HELD }
        repeat(4) { grain.tell(Counter.Add(1, probe.ref)) }
        grain.read() shouldBe CounterReply.Now(0)
        probe.expectNoMessage(Duration.ofMillis(50))
        store.release()
        probe.receiveMessage() shouldBe CounterReply.Now(1)
        grain.read() shouldBe CounterReply.Now(1)
        store.release()
        probe.receiveSeveralMessages(3) shouldBe listOf(CounterReply.Now(2), CounterReply.Now(3), CounterReply.Now(4))
    }

    @Test
    fun `a save that was lost is refused, and the grain goes on from what is kept`() {
        val grain = wake()
        grain.add(1)
        store.fate = { save -> if (save) Fate.LOST else Fate.DONE }
        grain.add(10) shouldBe CounterReply.Refused("Unavailable")
        store.fate = { Fate.DONE }
        grain.add(100) shouldBe CounterReply.Now(101)
    }

    @Test
    fun `a save whose answer was lost is found by the load that follows, and never stale to its own writer`() {
        val grain = wake()
        grain.add(1)
        store.fate = { save -> if (save) Fate.ANSWER_LOST else Fate.DONE }
        grain.add(10) shouldBe CounterReply.Refused("Unavailable")
        store.fate = { Fate.DONE }
        grain.add(100) shouldBe CounterReply.Now(111)
    }

    @Test
    fun `while the store is away reads are served from what was known, changes are refused at once`() {
        val grain = wake()
        grain.add(1)
        store.fate = { Fate.LOST }
        grain.add(10) shouldBe CounterReply.Refused("Unavailable")
        grain.add(10) shouldBe CounterReply.Refused("Unavailable")
        grain.read() shouldBe CounterReply.Now(1)
        store.fate = { Fate.DONE }
        grain.add(10) shouldBe CounterReply.Now(11)
    }

    @Test
    fun `a grain that never loaded refuses reads too`() {
        store.fate = { Fate.LOST }
        wake().read() shouldBe CounterReply.Refused("Unavailable")
    }

    @Test
    fun `a full store refuses changes, and the state is what it was`() {
        val grain = wake()
        grain.add(1)
        store.fate = { Fate.FULL }
        grain.add(10) shouldBe CounterReply.Refused("Full")
        store.fate = { Fate.DONE }
        grain.add(100) shouldBe CounterReply.Now(101)
    }

    @Test
    fun `of two grains of one state the one that knows less stops, and the next knows all`() {
        val first = wake()
        first.add(1)
        val second = wake()
        second.add(10) shouldBe CounterReply.Now(11)
        first.add(100) shouldBe CounterReply.Refused("Stale")
        probe.expectTerminated(first)
        wake().add(100) shouldBe CounterReply.Now(111)
    }

    @Test
    fun `in a store that all share, nothing is said of a state that a double has changed`() {
        val shared = ScriptedStateStore(kept, isShared = true)
        val first = kit.spawn(counter(KEY.id, shared))
        first.add(1) shouldBe CounterReply.Now(1)
        val double = kit.spawn(counter(KEY.id, shared))
        double.add(10) shouldBe CounterReply.Now(11)
        first.read() shouldBe CounterReply.Now(11)
        first.add(100) shouldBe CounterReply.Now(111)
        double.add(1_000) shouldBe CounterReply.Refused("Stale")
    }

    @Test
    fun `a store that all share may be away, and reads are served from what was known`() {
        val shared = ScriptedStateStore(kept, isShared = true)
        val grain = kit.spawn(counter(KEY.id, shared))
        grain.add(1)
        shared.fate = { Fate.LOST }
        repeat(2) { grain.read() shouldBe CounterReply.Now(1) }
        grain.add(10) shouldBe CounterReply.Refused("Unavailable")
        grain.read() shouldBe CounterReply.Now(1)
        shared.fate = { Fate.DONE }
        grain.read() shouldBe CounterReply.Now(1)
        grain.add(10) shouldBe CounterReply.Now(11)
    }

    @Test
    fun `in a store that all share, a read waits for the save that is on its way`() {
        val shared = ScriptedStateStore(kept, isShared = true)
        val grain = kit.spawn(counter(KEY.id, shared))
        grain.add(1)
        shared.fate = { Fate.HELD }
        grain.tell(Counter.Add(10, probe.ref))
        grain.tell(Counter.Read(probe.ref))
        probe.expectNoMessage(Duration.ofMillis(50))
        shared.release()
        probe.receiveSeveralMessages(2) shouldBe listOf(CounterReply.Now(11), CounterReply.Now(11))
    }

    @Test
    fun `what was forgotten begins anew, and a double from before cannot write over it`() {
        val first = wake()
        first.add(1)
        val double = wake()
        double.read() shouldBe CounterReply.Now(1)
        first.ask { Counter.Clear(it) } shouldBe CounterReply.Now(0)
        first.add(7) shouldBe CounterReply.Now(7)
        double.add(1) shouldBe CounterReply.Refused("Stale")
    }

    @Test
    fun `asked to sleep it first keeps what it was told`() {
        val grain = wake()
        grain.read()
        store.fate = { Fate.HELD }
        grain.tell(Counter.Add(1, probe.ref))
        grain.tell(Counter.Add(1, probe.ref))
        grain.tell(Counter.Sleep)
        store.release()
        store.release()
        probe.receiveSeveralMessages(2) shouldBe listOf(CounterReply.Now(1), CounterReply.Now(2))
        probe.expectTerminated(grain)
    }

    @Test
    fun `a state that changes often is saved only so often`() {
        val grain = kit.spawn(counter("often", store, saveEvery = Duration.ofMillis(200)))
        grain.add(1) shouldBe CounterReply.Now(1)
        var saves = 0
        store.fate = { save -> Fate.DONE.also { if (save) saves++ } }
        repeat(100) { grain.tell(Counter.Add(1, probe.ref)) }
        probe.receiveSeveralMessages(100).last() shouldBe CounterReply.Now(101)
        saves shouldBe 1
    }

    @Test
    fun `no more commands wait than the bound says`() {
        store.fate = { Fate.HELD }
        val grain = wake()
        repeat(COMMANDS_HELD_MAX + 1) { grain.tell(Counter.Add(1, probe.ref)) }
        probe.receiveMessage() shouldBe CounterReply.Refused("Unavailable")
        store.release()
        store.release()
        probe.receiveSeveralMessages(COMMANDS_HELD_MAX).last() shouldBe CounterReply.Now(COMMANDS_HELD_MAX)
    }

    @Test
    fun `a state of a newer format is refused and stays as it is`() {
        val newer = StateCodec(CounterState::class.java, format = 2).encode(CounterState(5))
        kept.save(KEY, 0, newer)
        wake().add(1) shouldBe CounterReply.Refused("Unreadable")
        kept
            .load(KEY)
            .toCompletableFuture()
            .join()
            ?.bytes shouldBe newer
    }

    private fun wake(): ActorRef<Counter> = kit.spawn(counter(KEY.id, store))

    private fun sleep(grain: ActorRef<Counter>) {
        grain.tell(Counter.Sleep)
        probe.expectTerminated(grain)
    }

    private fun ActorRef<Counter>.add(number: Int) = ask { Counter.Add(number, it) }

    private fun ActorRef<Counter>.read() = ask { Counter.Read(it) }

    private fun ActorRef<Counter>.ask(make: (ActorRef<CounterReply>) -> Counter): CounterReply {
        val reply = kit.createTestProbe(CounterReply::class.java)
        tell(make(reply.ref))
        return reply.receiveMessage(WAIT)
    }

    private companion object {
        val KEY = StateKey("counter", "one")

        /** The first of all tests also loads what reads and writes states. */
        val WAIT: Duration = Duration.ofSeconds(20)
    }
}
