package routercluster.grains.state

import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

class WatchedStateStoreTest {
    private var nanos = 0L
    private val scripted = ScriptedStateStore(MemoryStateStore(SteppedClock()))
    private val calls = AtomicInteger()
    private val store = WatchedStateStore(scripted, "the store", Duration.ofSeconds(10), nanoTime = { nanos })
    private val key = StateKey("a", "1")

    private fun fate(load: Fate, save: Fate = load) {
        scripted.fate = { isSave ->
            calls.incrementAndGet()
            if (isSave) save else load
        }
    }

    private fun pass(seconds: Long) {
        nanos += TimeUnit.SECONDS.toNanos(seconds)
    }

    @Test
    fun `a store that is away is named until it is back, whether or not anybody calls`() {
        store.look()
        store.trouble shouldBe null
        fate(Fate.LOST)
        pass(5)
        store.look()
        calls.get() shouldBe 0
        pass(5)
        store.look()
        store.trouble shouldBe AWAY
        fate(Fate.DONE)
        store.look()
        store.trouble shouldBe null
    }

    @Test
    fun `what callers meet is known at once`() {
        fate(Fate.LOST)
        store.load(key)
        store.trouble shouldBe AWAY
        fate(Fate.DONE)
        store.save(key, 0, byteArrayOf(1))
        store.trouble shouldBe null
    }

    @Test
    fun `a full store is named although it can be read`() {
        fate(Fate.DONE, save = Fate.FULL)
        store.save(key, 0, byteArrayOf(1))
        store.load(key)
        store.look()
        store.trouble shouldBe "the store is full"
        fate(Fate.DONE)
        store.look()
        store.trouble shouldBe null
    }

    private fun slowly(call: () -> Unit) {
        fate(Fate.HELD)
        call()
        nanos += WatchedStateStore.SLOW.toNanos()
        scripted.release()
    }

    @Test
    fun `a slow store is named until a save is quick`() {
        slowly { store.save(key, 0, byteArrayOf(1)) }
        store.trouble shouldBe null
        slowly { store.load(key) }
        store.trouble.shouldNotBeNull() shouldContain "the store is slow"
        fate(Fate.DONE)
        store.look()
        store.trouble shouldBe null
    }

    @Test
    fun `a call that is slow once is looked into, and is no trouble`() {
        store.look()
        slowly { store.load(key) }
        fate(Fate.DONE)
        calls.set(0)
        store.look()
        calls.get() shouldBe 2
        slowly { store.load(key) }
        store.trouble shouldBe null
    }

    @Test
    fun `a stale writer says nothing of the store`() {
        store.save(key, 7, byteArrayOf(1))
        store.trouble shouldBe null
    }

    @Test
    fun `one try at a time, and none while saves go well`() {
        fate(Fate.HELD)
        repeat(3) { store.look() }
        calls.get() shouldBe 1
        fate(Fate.DONE)
        scripted.release()
        calls.set(0)
        pass(9)
        store.save(key, 0, byteArrayOf(1))
        pass(9)
        store.look()
        calls.get() shouldBe 1
    }

    private companion object {
        const val AWAY = "the store cannot be reached or written"
    }
}
