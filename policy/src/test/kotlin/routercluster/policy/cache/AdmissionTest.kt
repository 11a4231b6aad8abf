package routercluster.policy.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.time.Duration
import kotlin.math.pow
import kotlin.random.Random

class AdmissionTest {
    @Test
    fun `what came lately is known, and what came long ago is not`() {
        val random = Random(SEED)
        val seen = SeenLately()
        val first = List(1_000) { random.nextLong() }
        first.count(seen::seen) shouldBe 0
        first.count(seen::seen) shouldBe 1_000
        repeat(2 * SeenLately.GENERATION) { seen.seen(random.nextLong()) }
        withClue("seed $SEED") { first.count(seen::seen).toDouble() shouldBeLessThan 20.0 }
    }

    @Test
    fun `few that never came are taken for known`() {
        val random = Random(SEED)
        val seen = SeenLately()
        val known = List(2 * SeenLately.GENERATION) { random.nextLong() }.count(seen::seen)
        withClue("seed $SEED: $known") { known.toDouble() / (2 * SeenLately.GENERATION) shouldBeLessThan 0.01 }
    }

    @Test
    fun `a topic is worth its place until enough is known to tell otherwise`() {
        val reuse = Reuse()
        repeat(199) { reuse.kept() }
        reuse.isWorth(1.0, 0.5, 0.0) shouldBe true
        reuse.kept()
        reuse.isWorth(1.0, 0.02, 0.0) shouldBe false
        repeat(20) { reuse.given() }
        reuse.isWorth(1.0, 0.02, 0.0) shouldBe true
        reuse.isWorth(0.001, 0.02, 0.001) shouldBe false
        reuse.isWorth(0.02, 0.02, 0.001) shouldBe true
        reuse.isWorth(null, 0.02, 0.001) shouldBe true
    }

    @Test
    fun `where many requests come once, keeping what comes again saves most of the room and few of the hits`() {
        val random = Random(SEED)
        // Half of them are of a hundred thousand that nobody repeats, half of ten thousand that are asked by Zipf's law.
        val weights = DoubleArray(10_000) { (it + 1.0).pow(-1.0) }.summed()
        val requests = List(100_000) { if (random.nextBoolean()) -it else weights.place(random.nextDouble() * weights.last()) + 1 }
        val (allHits, allKept) = replay(requests) { true }
        val seen = SeenLately()
        val (hits, kept) = replay(requests) { seen.seen(Random(it).nextLong()) }
        println("all: $allHits hits, $allKept kept; repeated: $hits hits, $kept kept of ${requests.size}")
        withClue("seed $SEED") {
            kept.toDouble() / allKept shouldBeLessThan 0.15
            hits.toDouble() / allHits shouldBeGreaterThan 0.8
        }
    }

    private fun replay(requests: List<Int>, admits: (Int) -> Boolean): Pair<Int, Int> {
        val kept = HashSet<Int>()
        var hits = 0
        for (request in requests) {
            if (request in kept) {
                hits++
            } else if (admits(request)) {
                kept += request
            }
        }
        return hits to kept.size
    }

    private fun DoubleArray.summed(): DoubleArray = copyOf().also { for (i in 1 until size) it[i] += it[i - 1] }

    private fun DoubleArray.place(value: Double): Int = binarySearch(value).let { if (it < 0) -it - 1 else it }.coerceAtMost(size - 1)

    @Test
    fun `no answer is there for longer than its decision says at most, whatever its topic and beyond its time`() {
        val store = CacheStoreSettings(ttl = Duration.ofDays(1))
        CacheSettings().lifeMax(store) shouldBe Duration.ofDays(24)
        CacheSettings(ttl = Duration.ofDays(2)).lifeMax(store) shouldBe Duration.ofDays(2)
        val stale = CacheSettings(ttl = Duration.ofDays(2), staleFor = Duration.ofDays(9))
        stale.lifeMax(store) shouldBe Duration.ofDays(11)
        stale.copy(categories = mapOf("law" to CategoryCache(ttl = Duration.ofDays(5)))).lifeMax(store) shouldBe Duration.ofDays(14)
    }

    @Test
    fun `topics differ where nobody says otherwise, and never below what the store says`() {
        val settings = CacheSettings()
        val store = CacheStoreSettings()
        val told = listOf("computer science", "health", "other", "cooking", null)
            .associateWith { settings.similarityFor(it, store) to settings.ttlFor(it, store) }
        told shouldBe mapOf(
            "computer science" to (0.97 to Duration.ofHours(24)),
            "health" to (0.97 to Duration.ofHours(1)),
            "other" to (0.95 to Duration.ofMinutes(15)),
            "cooking" to (0.95 to Duration.ofHours(1)),
            null to (0.95 to Duration.ofHours(1)),
        )
        settings.similarityFor("other", CacheStoreSettings(similarity = 0.99)) shouldBe 0.99
        settings.copy(similarity = 0.9, ttl = Duration.ofMinutes(1)).let {
            listOf(it.similarityFor("math", store), it.ttlFor("math", store)) shouldBe listOf(0.9, Duration.ofMinutes(1))
        }
    }

    private companion object {
        const val SEED = 4
    }
}
