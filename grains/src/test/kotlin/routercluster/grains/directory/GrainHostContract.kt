package routercluster.grains.directory

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ExecutionException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicInteger

/** What every host of grains does. */
internal abstract class GrainHostContract : CounterWorld {
    abstract val host: GrainHost
    private val sums = ConcurrentHashMap<String, AtomicInteger>()
    private val sleepers = LinkedBlockingQueue<String>()

    override fun add(id: String): Int = sums.computeIfAbsent(id) { AtomicInteger() }.incrementAndGet()

    override fun slept(id: String) = sleepers.put(id)

    @Test
    fun `each id has a grain of its own`() {
        val counters = host.host(counterKind(this))
        counters.add("a") shouldBe Sum("a", 1)
        counters.add("b") shouldBe Sum("b", 1)
        counters.add("a") shouldBe Sum("a", 2)
        host.count().get().map { it.kind to it.grains } shouldBe listOf("counter" to 2)
    }

    @Test
    fun `any text is an id, but none`() {
        val counters = host.host(counterKind(this))
        listOf("a/b", "ü 漢 🦆", "%2F", "..", "x".repeat(500)).forEach { counters.add(it) shouldBe Sum(it, 1) }
        shouldThrow<IllegalArgumentException> { counters.tell("", Counter.Fail) }
    }

    @Test
    fun `who gets no reply in time is told so`() {
        val counters = host.host(counterKind(this))
        val asked = counters.ask("a", Duration.ofMillis(50), Counter::Never)
        shouldThrow<ExecutionException> { asked.get() }.cause.shouldBeInstanceOf<TimeoutException>()
    }

    @Test
    fun `a grain that failed is made anew, and what came meanwhile waits for it`() {
        val counters = host.host(counterKind(this))
        counters.add("a") shouldBe Sum("a", 1)
        counters.tell("a", Counter.Fail)
        counters.add("a") shouldBe Sum("a", 2)
    }

    @Test
    fun `an idle grain goes to sleep and wakes when it is told something`() {
        val counters = host.host(counterKind(this, idleAfter = Duration.ofMillis(100)))
        counters.add("a") shouldBe Sum("a", 1)
        awaitSleep() shouldBe "a"
        counters.add("a") shouldBe Sum("a", 2)
    }

    @Test
    fun `no message is lost while grains go to sleep`() {
        val counters = host.host(counterKind(this, activeMax = 2, idleAfter = Duration.ofMillis(50)))
        val asked = List(5_000) { counters.ask("grain ${it % 50}", PATIENCE, Counter::Add) }
        asked.groupBy { it.get().id }.values.forEach { asks -> asks.map { it.get().value } shouldBe (1..100).toList() }
    }

    protected fun awaitSleep(): String = checkNotNull(sleepers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS)) { "no grain went to sleep" }

    protected companion object {
        val PATIENCE: Duration = Duration.ofSeconds(20)

        fun GrainDirectory<Counter>.add(id: String): Sum = ask(id, PATIENCE, Counter::Add).get()

        fun <T> CompletionStage<T>.get(): T = toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
    }
}
