package routercluster.grains.cacheledger

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.javadsl.AskPattern
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.state.Fate
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.ScriptedStateStore
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.CacheAct
import routercluster.policy.cache.CacheAction
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.Invalidations
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.LedgerFailure
import routercluster.policy.cache.StorableAnswer
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

class GrainCacheLedgerTest {
    private val noon = Instant.parse("2026-01-01T12:00:00Z")
    private val clock = InstantSource { noon }
    private val kit = ActorTestKit.create()
    private val store = ScriptedStateStore(MemoryStateStore(InstantSource.system()))
    private val directory = OneGrain()
    private val act = CacheAct(CacheAction.INVALIDATE, EntryFilter(decision = "faq"), "127.0.0.1", 3)
    private var names = 0

    @AfterEach
    fun close() = kit.shutdownTestKit()

    private fun node(): GrainCacheLedger =
        GrainCacheLedger(directory, clock, LOOK_EVERY, TIMEOUT).also { ledger ->
            ledger.start { behaviour, name -> kit.spawn(behaviour, "$name-${names++}") }
        }

    private fun GrainCacheLedger.heard(): LinkedBlockingQueue<Invalidations> = LinkedBlockingQueue<Invalidations>().also { watch(it::add) }

    @Test
    fun `what one node is told is in force there at once, and the others hear of it`() {
        val (one, other) = node() to node()
        val heard = other.heard()
        one.awaitKnown()
        get(one.note(act)).number shouldBe 1
        one.invalidations.all.map { it.filter } shouldBe listOf(act.filter)
        await(heard) { all -> all.all.map { it.filter } == listOf(act.filter) }
        get(other.note(act.copy(action = CacheAction.FLUSH, filter = EntryFilter.ALL))).number shouldBe 2
        val page = get(one.audit(0, 10))
        page.lines.map { it.action } shouldBe listOf(CacheAction.INVALIDATE, CacheAction.FLUSH)
        AuditLine.firstBroken(page.lines, page.cut) shouldBe null
        get(one.audit(1, 10)).lines.single().previous shouldBe page.lines.first().hash
    }

    @Test
    fun `before it knows what is in force a node gives nothing that was kept before it began`() {
        directory.isSilent = true
        val ledger = node()
        val heard = ledger.heard()
        ledger.invalidations.forbids("1", kept(noon.minusSeconds(60))) shouldBe true
        ledger.invalidations.forbids("1", kept(noon.plusSeconds(60))) shouldBe false
        directory.isSilent = false
        await(heard) { it.all.isEmpty() }
        ledger.invalidations.forbids("1", kept(noon.minusSeconds(60))) shouldBe false
    }

    @Test
    fun `what a node missed in a time of silence it has after its next look`() {
        val one = node()
        one.awaitKnown()
        directory.isSilent = true
        val late = node()
        val heard = late.heard()
        directory.isSilent = false
        get(one.note(act))
        await(heard) { it.all.size == 1 }
    }

    @Test
    fun `a grain that starts anew has what was acknowledged`() {
        val one = node()
        get(one.note(act))
        directory.restart()
        get(one.note(act.copy(filter = EntryFilter(id = "1")))).number shouldBe 2
        one.invalidations.all.size shouldBe 2
    }

    @Test
    fun `what could not be kept is not acknowledged, and is in force where it was kept all the same`() {
        val one = node()
        val heard = one.heard()
        one.awaitKnown()
        store.fate = { save -> if (save) Fate.LOST else Fate.DONE }
        shouldThrow<ExecutionException> { get(one.note(act)) }.cause.shouldBeInstanceOf<LedgerFailure.Unavailable>()
        one.invalidations.all.size shouldBe 0
        store.fate = { save -> if (save) Fate.ANSWER_LOST else Fate.DONE }
        shouldThrow<ExecutionException> { get(one.note(act)) }.cause.shouldBeInstanceOf<LedgerFailure.Unavailable>()
        store.fate = { Fate.DONE }
        await(heard) { it.all.size == 1 }
    }

    @Test
    fun `a full ledger says so, and a grain that does not answer is away`() {
        val one = node()
        repeat(Invalidations.COUNT_MAX) { directory.noteAnyway(act.copy(filter = EntryFilter(id = "$it"))) }
        shouldThrow<ExecutionException> { get(one.note(act)) }.cause.shouldBeInstanceOf<LedgerFailure.Full>()
        directory.isSilent = true
        shouldThrow<ExecutionException> { get(one.note(act)) }.cause.shouldBeInstanceOf<LedgerFailure.Unavailable>()
        shouldThrow<ExecutionException> { get(one.audit(0, 1)) }.cause.shouldBeInstanceOf<LedgerFailure.Unavailable>()
    }

    private fun kept(at: Instant) = KeptAnswer(StorableAnswer("text", null, null, null), "small", "default", "faq", at, null)

    /** Nothing was said yet, so what a node knows is nothing. */
    private fun GrainCacheLedger.awaitKnown() {
        if (invalidations.all.isEmpty()) return
        val heard = heard()
        if (invalidations.all.isNotEmpty()) await(heard) { it.all.isEmpty() }
    }

    private fun await(heard: LinkedBlockingQueue<Invalidations>, isSo: (Invalidations) -> Boolean) {
        while (true) {
            if (isSo(
                    checkNotNull(heard.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "nothing was heard within $WAIT_SECONDS s" },
                )
            ) {
                return
            }
        }
    }

    private fun <T> get(stage: CompletionStage<T>): T = stage.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

    /** The ledger's grain, which can be started anew, and cut off from those who ask this directory. */
    private inner class OneGrain : GrainDirectory<CacheLedgerCommand> {
        @Volatile
        private var grain = kit.spawn(cacheLedgerGrain(store, clock))

        @Volatile
        var isSilent = false

        fun restart() {
            kit.stop(grain)
            grain = kit.spawn(cacheLedgerGrain(store, clock))
        }

        fun noteAnyway(act: CacheAct) {
            val probe = kit.createTestProbe<NoteReply>()
            grain.tell(CacheLedgerCommand.Note(act.toWire(), probe.ref))
            probe.expectMessageClass(NoteReply.Noted::class.java)
        }

        override fun tell(id: String, message: CacheLedgerCommand) {
            if (!isSilent) grain.tell(message)
        }

        override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> CacheLedgerCommand): CompletionStage<R> {
            if (isSilent) return CompletableFuture.failedFuture(TimeoutException("silence"))
            return AskPattern.ask(grain, { make(it) }, timeout, kit.system().scheduler())
        }
    }

    private companion object {
        const val WAIT_SECONDS = 20L
        val TIMEOUT: Duration = Duration.ofSeconds(10)
        val LOOK_EVERY: Duration = Duration.ofMillis(100)
    }
}
