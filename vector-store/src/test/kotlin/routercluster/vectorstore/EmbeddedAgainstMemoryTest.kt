package routercluster.vectorstore

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeGreaterThanOrEqual
import io.kotest.matchers.floats.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.contracts.SetClock
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.Hit
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import routercluster.vectorstore.memory.MemoryVectorStore
import java.nio.file.Path
import java.time.Duration
import java.util.SplittableRandom
import java.util.random.RandomGenerator

/** The embedded store answers as the one that compares everything: the same where it does too, nearly always the same where it walks a graph. */
class EmbeddedAgainstMemoryTest {
    @TempDir
    lateinit var folder: Path
    private val clock = SetClock()

    private fun both(dimension: Int, version: String, test: (VectorCollection, VectorCollection) -> Unit) {
        val spec = CollectionSpec(
            CollectionId("both", "encoder", version),
            dimension,
            mapOf(
                "kind" to FieldKind.TEXT,
                "size" to FieldKind.NUMBER,
            ),
        )
        MemoryVectorStore(clock).use { memory ->
            EmbeddedVectorStore.open(EmbeddedSettings(folder, refreshInterval = Duration.ofMillis(1)), clock).use { embedded ->
                test(get(memory.open(spec)), get(embedded.open(spec)))
            }
        }
    }

    @Test
    fun `after any changes both find the same`() {
        for (seed in 1L..3L) {
            both(DIMENSION, "$seed") { memory, embedded ->
                val random = SplittableRandom(seed)
                repeat(40) { step ->
                    withClue("seed $seed, step $step") {
                        change(random, memory, embedded)
                        val selection = Selection(if (random.nextBoolean()) null else partitions(random), filter(random))
                        get(embedded.count(selection)) shouldBe get(memory.count(selection))
                        val query = NearQuery(
                            random.vector(DIMENSION),
                            Scope(partitions(random), filter(random)),
                            5,
                            random.nextFloat() - 0.8f,
                        )
                        same(get(embedded.search(query)), get(memory.search(query)))
                    }
                }
                pages(embedded).flatMap { it.entries }.map { it.partition to it.id }.toSet() shouldBe
                    pages(memory).flatMap { it.entries }.map { it.partition to it.id }.toSet()
            }
        }
    }

    private fun change(random: RandomGenerator, memory: VectorCollection, embedded: VectorCollection) {
        when (random.nextInt(10)) {
            0 -> {
                val partition = "p${random.nextInt(3)}"
                val ids = List(20) { "${random.nextInt(IDS)}" }
                for (store in listOf(memory, embedded)) get(store.delete(partition, ids))
            }

            1 -> {
                val selection = Selection(partitions(random), Filter.Range("size", from = 8.0))
                get(embedded.delete(selection)) shouldBe get(memory.delete(selection))
            }

            2 -> {
                clock.forward(Duration.ofSeconds(random.nextLong(60)))
            }

            3 -> {
                get(embedded.sweep()) shouldBe get(memory.sweep())
            }

            else -> {
                val points = List(random.nextInt(1, 60)) { point(random) }
                for (store in listOf(memory, embedded)) get(store.upsert(points))
            }
        }
    }

    private fun point(random: RandomGenerator) = Point(
        "p${random.nextInt(3)}",
        "${random.nextInt(IDS)}",
        random.vector(DIMENSION),
        mapOf("kind" to FieldValue.Text("k${random.nextInt(3)}"), "size" to FieldValue.Number(random.nextInt(10).toDouble())),
        if (random.nextInt(3) == 0) clock.millis() + random.nextLong(300_000) else Point.NEVER,
    )

    private fun partitions(random: RandomGenerator) = (0..random.nextInt(2)).map { "p${random.nextInt(4)}" }.toSet()

    private fun filter(random: RandomGenerator): Filter =
        when (random.nextInt(5)) {
            0 -> Filter.Equals("kind", FieldValue.Text("k${random.nextInt(4)}"))
            1 -> Filter.Range("size", from = random.nextInt(10).toDouble())
            2 -> Filter.Not(filter(random))
            3 -> Filter.And(listOf(filter(random), Filter.Range("size", until = 7.0)))
            else -> Filter.All
        }

    /** Equal, but for the order of those whose scores hardly differ. */
    private fun same(found: List<Hit>, expected: List<Hit>) {
        found.map { it.entry.partition to it.entry.id }.toSet() shouldBe expected.map { it.entry.partition to it.entry.id }.toSet()
        found.zip(expected).forEach { (a, b) -> a.score shouldBe (b.score plusOrMinus 1e-4f) }
    }

    @Test
    fun `the graph finds nearly all of the nearest, also by half and by a hundredth of the entries`() {
        both(WIDE, "wide") { memory, embedded ->
            val random = SplittableRandom(7)
            val points = List(4_000) {
                val fields = mapOf("kind" to FieldValue.Text("k${it % 2}"), "size" to FieldValue.Number((it % 100).toDouble()))
                Point("p", "$it", random.vector(WIDE), fields)
            }
            for (batch in points.chunked(1_000)) for (store in listOf(memory, embedded)) get(store.upsert(batch))
            val half = Filter.Equals("kind", FieldValue.Text("k1"))
            val hundredth = Filter.Equals("size", FieldValue.Number(50.0))
            for (filter in listOf(Filter.All, half, hundredth)) {
                val queries = List(50) { NearQuery(random.vector(WIDE), Scope(setOf("p"), filter), 10) }
                withClue(filter) { queries.map { recall(it, memory, embedded) }.average() shouldBeGreaterThanOrEqual 0.98 }
            }
        }
    }

    private fun recall(query: NearQuery, memory: VectorCollection, embedded: VectorCollection): Double {
        val expected = get(memory.search(query)).map { it.entry.id }.toSet()
        return get(embedded.search(query)).count { it.entry.id in expected } / expected.size.toDouble()
    }

    private companion object {
        const val DIMENSION = 8
        const val WIDE = 48
        const val IDS = 150
    }
}
