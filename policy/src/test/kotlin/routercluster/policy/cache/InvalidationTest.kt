package routercluster.policy.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test
import java.time.Duration
import java.time.Instant

class InvalidationTest {
    private val noon = Instant.parse("2026-01-01T12:00:00Z")
    private val week = Duration.ofDays(7)

    private fun kept(at: Instant = noon, asked: Instant = at, namespace: String? = "user-a") =
        KeptAnswer(StorableAnswer("text", null, null, null), "small", "default", "faq", at, null, asked, namespace, "law")

    private fun said(filter: EntryFilter = EntryFilter.ALL, at: Instant = noon) = Invalidation(filter, at, at + week)

    @Test
    fun `a filter means what it says and nothing else`() {
        val rows = listOf(
            EntryFilter() to true,
            EntryFilter(recipe = "default", decision = "faq", model = "small", namespace = "user-a", id = "1") to true,
            EntryFilter(recipe = "other") to false,
            EntryFilter(decision = "code") to false,
            EntryFilter(model = "large") to false,
            EntryFilter(namespace = "user-b") to false,
            EntryFilter(id = "2") to false,
            EntryFilter(keptBefore = noon) to false,
            EntryFilter(keptBefore = noon.plusMillis(1)) to true,
            EntryFilter(decision = "faq", model = "large") to false,
        )
        for ((filter, isMeant) in rows) withClue("$filter") { filter.meets("1", kept()) shouldBe isMeant }
        EntryFilter(namespace = "user-b").meets("1", kept(namespace = null)) shouldBe true
    }

    @Test
    fun `what was asked for before is forbidden, also where it was kept later, and what was asked for after is not`() {
        val all = Invalidations(listOf(said()))
        all.forbids("1", kept(noon.minusSeconds(60))) shouldBe true
        all.forbids("1", kept(at = noon.plusSeconds(60), asked = noon.minusSeconds(5))) shouldBe true
        all.forbids("1", kept(noon + Invalidation.CLOCKS_APART)) shouldBe true
        all.forbids("1", kept(noon + Invalidation.CLOCKS_APART + Duration.ofMillis(1))) shouldBe false
        Invalidations.NONE.forbids("1", kept()) shouldBe false
        Invalidations(listOf(said(EntryFilter(id = "2")), said(EntryFilter(decision = "faq")))).forbids("1", kept()) shouldBe true
    }

    @Test
    fun `a flush takes the place of all before it, and a filter of those that say less`() {
        val few = listOf(EntryFilter(id = "1"), EntryFilter(decision = "faq", model = "small"), EntryFilter(decision = "faq"))
        val named = few.fold(Invalidations.NONE) { all, filter -> checkNotNull(all.with(said(filter), noon)) }
        named.all.map { it.filter } shouldBe listOf(few[0], few[2])
        val later = noon.plusSeconds(1)
        checkNotNull(named.with(said(at = later), later)).all.map { it.filter } shouldBe listOf(EntryFilter.ALL)
        // One that was said later says more, however little it means.
        checkNotNull(Invalidations(listOf(said(few[0], later))).with(said(), noon)).all.size shouldBe 2
    }

    @Test
    fun `a filter by time covers what is older, and no more`() {
        val early = EntryFilter(keptBefore = noon)
        EntryFilter(keptBefore = noon.plusSeconds(1)).covers(early) shouldBe true
        early.covers(EntryFilter(keptBefore = noon.plusSeconds(1))) shouldBe false
        early.covers(EntryFilter()) shouldBe false
        EntryFilter().covers(early) shouldBe true
    }

    @Test
    fun `they are bounded, go when their time is over, and a flush always fits in`() {
        val full = Invalidations(List(Invalidations.COUNT_MAX) { said(EntryFilter(id = "$it")) })
        full.with(said(EntryFilter(id = "one more")), noon) shouldBe null
        full.with(said(EntryFilter(id = "7")), noon) shouldNotBe null
        checkNotNull(full.with(said(), noon)).all.size shouldBe 1
        checkNotNull(full.with(said(EntryFilter(id = "one more"), noon + week), noon + week)).all.size shouldBe 1
    }
}
