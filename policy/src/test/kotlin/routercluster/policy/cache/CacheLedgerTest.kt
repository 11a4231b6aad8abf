package routercluster.policy.cache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.ExecutionException

class CacheLedgerTest {
    private val noon = Instant.parse("2026-01-01T12:00:00Z")

    private fun act(action: CacheAction = CacheAction.INVALIDATE, filter: EntryFilter = EntryFilter(decision = "faq")) =
        CacheAct(action, filter, "127.0.0.1", 3, Duration.ofHours(1))

    private fun LedgerBook.noted(act: CacheAct, at: Instant = noon) = checkNotNull(note(act, at))

    @Test
    fun `every line follows from the one before, and none can be changed, left out, put in or put elsewhere`() {
        val filters = listOf(EntryFilter(model = "a"), EntryFilter(keptBefore = noon), EntryFilter(namespace = "user-a", id = "1"))
        val lines = filters
            .foldIndexed(LedgerBook.EMPTY) { index, book, filter ->
                book.noted(act(filter = filter), noon.plusSeconds(index.toLong()))
            }.noted(act(CacheAction.FLUSH, EntryFilter.ALL))
            .lines
        AuditLine.firstBroken(lines, AuditLine.BEGINNING) shouldBe null
        lines.map { it.number } shouldBe listOf(1L, 2L, 3L, 4L)
        val second = lines[1]
        val changed = listOf(
            second.copy(who = "10.0.0.1"),
            second.copy(entries = null),
            second.copy(at = noon.plusSeconds(9)),
            second.copy(action = CacheAction.FLUSH),
            second.copy(filter = EntryFilter(keptBefore = noon, decision = "")),
            second.copy(number = 7),
        )
        for (line in changed) {
            withClue("$line") {
                AuditLine.firstBroken(lines.map { if (it === second) line else it }, AuditLine.BEGINNING) shouldBe
                    line.number
            }
        }
        AuditLine.firstBroken(lines - second, AuditLine.BEGINNING) shouldBe 3
        AuditLine.firstBroken(lines.drop(1), AuditLine.BEGINNING) shouldBe 2
        AuditLine.firstBroken(lines.drop(1), lines.first().hash) shouldBe null
        AuditLine.firstBroken(listOf(lines[1], lines[0]), AuditLine.BEGINNING) shouldBe 2
    }

    @Test
    fun `a line is read back from its JSON`() {
        val line = LedgerBook.EMPTY
            .noted(act(filter = EntryFilter("r", "d", "m", "user-a", noon, "1")))
            .lines
            .single()
        AuditLine.of(line.toJson()) shouldBe line
        val sparse = LedgerBook.EMPTY
            .noted(CacheAct(CacheAction.EXPORT, EntryFilter.ALL, "x", null))
            .lines
            .single()
        AuditLine.of(sparse.toJson()) shouldBe sparse
        AuditLine.of(sparse.toJson().put("at", "yesterday")) shouldBe null
    }

    @Test
    fun `of more lines than are kept the hash of the last that was cut stays`() {
        val book = (1..LedgerBook.LINES_MAX + 2).fold(LedgerBook.EMPTY) { book, _ -> book.noted(act(CacheAction.READ)) }
        book.lines.size shouldBe LedgerBook.LINES_MAX
        book.lines.first().number shouldBe 3
        AuditLine.firstBroken(book.lines, book.cut) shouldBe null
        book.page(after = 10, limit = 2).lines.map { it.number } shouldBe listOf(11L, 12L)
        book.page(after = 0, limit = 1).first shouldBe 3
    }

    @Test
    fun `only what invalidates is in force, for as long as answers are kept`() {
        val read = LedgerBook.EMPTY.noted(act(CacheAction.READ)).noted(act(CacheAction.EXPORT))
        read.invalidations.all.size shouldBe 0
        val long = read.noted(act().copy(lasts = Duration.ofDays(30)))
        (
            long.invalidations.all
                .single()
                .until > noon + Duration.ofDays(30)
        ) shouldBe true
        (
            read
                .noted(act())
                .invalidations.all
                .single()
                .until > noon + LedgerBook.REMEMBERED_MIN
        ) shouldBe true
    }

    @Test
    fun `a ledger of a process tells its watchers, and says where it is full`() {
        val ledger = LocalCacheLedger(InstantSource.fixed(noon))
        val heard = mutableListOf<Int>()
        ledger.watch { heard += it.all.size }
        ledger
            .note(act())
            .toCompletableFuture()
            .get()
            .number shouldBe 1
        ledger.note(act(CacheAction.READ))
        heard shouldBe listOf(1)
        repeat(Invalidations.COUNT_MAX - 1) { ledger.note(act(filter = EntryFilter(id = "$it"))) }
        val full = shouldThrow<ExecutionException> { ledger.note(act(filter = EntryFilter(id = "more"))).toCompletableFuture().get() }
        full.cause.shouldBeInstanceOf<LedgerFailure.Full>()
        ledger.note(act(CacheAction.FLUSH, EntryFilter.ALL)).toCompletableFuture().get()
        ledger.invalidations.all.size shouldBe 1
        ledger
            .audit(0, 5)
            .toCompletableFuture()
            .get()
            .lines.size shouldBe 5
    }
}
