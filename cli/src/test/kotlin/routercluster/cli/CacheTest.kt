package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.cache.cache
import routercluster.policy.cache.CacheAct
import routercluster.policy.cache.CacheAction
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.LedgerBook
import java.nio.file.Files
import java.nio.file.Path
import java.time.Instant

/** What is asked of a running router, and what is made of its answers, against a server that notes the former and makes up the latter. */
class CacheTest {
    @TempDir
    lateinit var folder: Path

    private val router = NotingRouter()
    private val asked get() = router.asked

    @AfterEach
    fun close() = router.close()

    private fun run(vararg args: String) = record(cache(), "cache", *args, "--admin", router.address)

    @Test
    fun `an invalidation is a dry run first, and says what it did with --yes`() {
        router.answer = 200 to """{"dry_run": true, "entries": {"exact": 3, "semantic": null}, "line": null}"""
        val dry = run("invalidate", "--scope", "user", "--user", "ann").out
        asked.last() shouldBe """POST /api/v1/cache/invalidate {"dry_run":true,"filter":{"scope":"user","user":"ann"}}"""
        dry shouldContain "3 answers of this node, the store's are not counted. Nothing was changed"
        router.answer = 200 to """{"dry_run": false, "entries": {"exact": 3, "semantic": 2}, "line": {"number": 7, "hash": "abc"}}"""
        val done = run("invalidate", "--decision", "faq", "--yes").out
        asked.last() shouldBe """POST /api/v1/cache/invalidate {"dry_run":false,"filter":{"decision":"faq"}}"""
        done shouldContain "2 of the store: not given again. Audit line 7, hash abc"
        run("invalidate", "--yes").status shouldBe ExitStatus.USAGE
        run("flush").out shouldContain "Nothing was changed"
        asked.last() shouldBe """POST /api/v1/cache/flush {"dry_run":true}"""
        run("flush", "--yes", "--json").out shouldContain "\"number\" : 7"
    }

    @Test
    fun `what the router refuses is the command's failure`() {
        router.answer = 503 to """{"error": {"message": "It is not known to be kept: Redis is away", "code": "ledger_unavailable"}}"""
        val told = run("flush", "--yes")
        told.status shouldBe ExitStatus.REFUSED
        told.err shouldContain "Redis is away"
    }

    @Test
    fun `entries are a table, with the way to the next page`() {
        router.answer = 200 to
            """{"entries": [{"id": "1f", "decision": "faq", "category": null, "model": "small", "kept_at": "2026-01-01T00:00:00Z",
                "age_seconds": 5, "expires_at": "2026-01-01T01:00:00Z", "bytes": 10, "cost": 0.5,
                "text": {"request": null, "answer": "yes"}}], "next": "1f"}"""
        val told = run("entries", "--decision", "a b", "--text", "--limit", "5").out
        asked.last() shouldBe "GET /api/v1/cache/entries?decision=a+b&tier=exact&limit=5&text=true"
        told shouldContain "KEPT AT"
        told shouldContain "answer: yes"
        told shouldContain "more: --after '1f'"
    }

    @Test
    fun `stats are told in words and tables`() {
        router.answer = 200 to
            """{"exact": {"entries": 2, "bytes": 900, "evicted": 0}, "semantic": null, "invalidations": 1, "since": "2026-01-01T00:00:00Z",
                "hits": [{"decision": "faq", "category": "law", "kind": "exact", "count": 4, "saved_cost": 0.1, "saved_seconds": 8.5, "mean_age_seconds": 3.0}],
                "misses": [], "learnt": [{"decision": "faq", "category": "law", "max_error": 0.01, "right_looks": 9, "wrong_looks": 1,
                "wrong_share": {"likely": 0.004, "low": 0.002, "high": 0.009}}]}"""
        val told = run("stats").out
        told shouldContain "exact 2 entries in 900 bytes, semantic not opened yet, 1 invalidations in force"
        told shouldContain "SAVED SECONDS"
        told shouldContain "0.40 % (0.20 % to 0.90 %)"
    }

    @Test
    fun `an export is a file of lines, and a warm-up says what it left out and why`() {
        val file = folder.resolve("kept.jsonl")
        router.answer = 200 to """{"entries": [{"id": "1"}, {"id": "2"}], "next": null}"""
        run("export", "--decision", "faq", "--out", "$file").err shouldContain "2 answers in"
        asked.last() shouldBe """POST /api/v1/cache/export {"tier":"exact","limit":100,"filter":{"decision":"faq"}}"""
        Files.readAllLines(file) shouldBe listOf("""{"id":"1"}""", """{"id":"2"}""")
        router.answer = 200 to """{"dry_run": true, "fit": 1, "refused": [{"entry": 1, "reason": "other_policy"}], "line": null}"""
        val dry = run("warm-up", "$file").out
        asked.last() shouldBe """POST /api/v1/cache/warm-up {"dry_run":true,"entries":[{"id":"1"},{"id":"2"}]}"""
        dry shouldContain "1 answers would be kept. Nothing was changed"
        dry shouldContain "1 left out: other policy"
        run("warm-up", "$file", "--yes").out shouldContain "1 answers are kept."
        run("warm-up", "${Files.writeString(folder.resolve("bad"), "{")}").err shouldContain "a line is not JSON"
    }

    @Test
    fun `an audit that was changed is found out`() {
        val act = CacheAct(CacheAction.INVALIDATE, EntryFilter(decision = "faq"), "127.0.0.1", 3)
        val book = listOf(act, act.copy(action = CacheAction.FLUSH, filter = EntryFilter.ALL)).fold(LedgerBook.EMPTY) { book, next ->
            checkNotNull(book.note(next, Instant.EPOCH))
        }
        val lines = book.lines.map { it.toJson() }
        router.answer = 200 to """{"first": 1, "cut": "${book.cut}", "lines": $lines}"""
        val told = run("audit", "--verify", "--known", book.lines.first().hash)
        told.out shouldContain "2 lines, each follows from the one before; the last hash is ${book.head}"
        told.out shouldContain "decision=faq"
        run("audit", "--verify", "--known", "feed").err shouldContain "no line of the audit has the hash feed"
        router.answer = 200 to """{"first": 1, "cut": "${book.cut}", "lines": ${lines.onEach { it.put("who", "10.0.0.1") }}}"""
        run("audit").status shouldBe ExitStatus.DONE
        val changed = run("audit", "--verify")
        changed.status shouldBe ExitStatus.REFUSED
        changed.err shouldContain "line 1 of the audit does not follow"
    }
}
