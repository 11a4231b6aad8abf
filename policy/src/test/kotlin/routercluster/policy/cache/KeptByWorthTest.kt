package routercluster.policy.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.random.Random

class KeptByWorthTest {
    private fun KeptByWorth<String>.put(
        key: String,
        worth: Double? = 1.0,
        bytes: Long = 10,
        endsAt: Long = 1_000,
        now: Long = 0,
        group: String = "g",
        groupMax: Long = Long.MAX_VALUE,
    ) = keep(key, "answer of $key", bytes, endsAt, now, group, groupMax, worth)

    private fun KeptByWorth<String>.keys(vararg keys: String) = keys.filter { of(it, 0) != null }

    @Test
    fun `what is worth least for its bytes goes first`() {
        val kept = KeptByWorth<String>(30)
        kept.put("dear", worth = 9.0)
        kept.put("cheap", worth = 1.0)
        kept.put("long", worth = 2.0, bytes = 10)
        kept.put("next", worth = 5.0)
        kept.keys("dear", "cheap", "long", "next") shouldBe listOf("dear", "long", "next")
        kept.put("short", worth = 2.0, bytes = 5)
        kept.keys("dear", "long", "next", "short") shouldBe listOf("dear", "next", "short")
    }

    @Test
    fun `what is given often stays, and what was given long ago does not for ever`() {
        val kept = KeptByWorth<String>(30)
        kept.put("often")
        repeat(5) { kept.of("often", 0) }
        repeat(4) { kept.put("once $it") }
        kept.keys("often") shouldBe listOf("often")
        repeat(40) { kept.put("later $it") }
        kept.keys("often") shouldBe emptyList()
    }

    @Test
    fun `a group takes no more than its part`() {
        val kept = KeptByWorth<String>(100)
        repeat(5) { kept.put("other $it", group = "other") }
        repeat(9) { kept.put("own $it", worth = 100.0, groupMax = 30) }
        kept.count shouldBe 8
        kept.keys("other 0", "other 4", "own 8") shouldBe listOf("other 0", "other 4", "own 8")
        kept.put("too long", bytes = 31, groupMax = 30) shouldBe false
    }

    @Test
    fun `what is over is not given and goes before anything else`() {
        val kept = KeptByWorth<String>(20)
        kept.put("over", worth = 100.0, endsAt = 5)
        kept.put("there", worth = 0.1)
        kept.of("over", 4) shouldBe "answer of over"
        kept.put("next", worth = 0.1, now = 5)
        kept.of("over", 4) shouldBe null
        kept.keys("there", "next") shouldBe listOf("there", "next")
        kept.of("next", 1_000) shouldBe null
        kept.bytesKept shouldBe 10
    }

    @Test
    fun `it is taken away where it is what was meant`() {
        val kept = KeptByWorth<String>(20)
        kept.put("a")
        kept.remove("a") { it == "another" }
        kept.keys("a") shouldBe listOf("a")
        kept.remove("a") { it == "answer of a" }
        kept.bytesKept shouldBe 0
    }

    @Test
    fun `whatever comes, its bounds hold`() {
        for (seed in 1..20) {
            val random = Random(seed)
            val kept = KeptByWorth<String>(500)
            val bytesOf = HashMap<String, Long>()
            repeat(2_000) { step ->
                val key = "${random.nextInt(60)}"
                when (random.nextInt(3)) {
                    0 -> {
                        kept.of(key, step.toLong())
                    }

                    1 -> {
                        val bytes = random.nextLong(1, 90)
                        val worth = if (random.nextBoolean()) random.nextDouble() else null
                        if (kept.put(key, worth, bytes, step + random.nextLong(1, 300), step.toLong(), "g${key.toInt() % 3}", 200)) {
                            bytesOf[key] = bytes
                        }
                    }

                    else -> {
                        kept.remove(key) { random.nextInt(5) == 0 }
                    }
                }
                kept.bytesKept shouldBeLessThanOrEqual 500
            }
            val there = bytesOf.filter { kept.of(it.key, 2_000) != null }
            withClue("seed $seed") {
                there.entries
                    .groupBy { it.key.toInt() % 3 }
                    .values
                    .all { own -> own.sumOf { it.value } <= 200 } shouldBe true
                there.values.sum() shouldBe kept.bytesKept.takeIf { kept.count == there.size }
            }
        }
    }
}
