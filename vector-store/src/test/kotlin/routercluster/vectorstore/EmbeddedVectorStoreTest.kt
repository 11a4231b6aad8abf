package routercluster.vectorstore

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.lucene.index.DirectoryReader
import org.apache.lucene.store.FSDirectory
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.contracts.SetClock
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.VectorLimits
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.SplittableRandom
import kotlin.io.path.name

class EmbeddedVectorStoreTest {
    @TempDir
    lateinit var folder: Path
    private val clock = SetClock()
    private val spec = CollectionSpec(CollectionId("kept", "encoder", "1"), 16, mapOf("kind" to FieldKind.TEXT))

    /** Its folder is to be changed by hand, or its commits are the test's own. */
    private val quiet get() = EmbeddedSettings(folder, commitInterval = Duration.ofHours(1))

    private fun open(settings: EmbeddedSettings = quiet) = EmbeddedVectorStore.open(settings, clock)

    private fun points(from: Int, until: Int, bodyBytes: Int = 100): List<Point> {
        val random = SplittableRandom(from.toLong())
        return (from until until).map {
            val body = ByteArray(bodyBytes).also(random::nextBytes)
            Point("p${it % 7}", "$it", random.vector(16), mapOf("kind" to FieldValue.Text("k${it % 3}")), text = "number $it", body = body)
        }
    }

    @Test
    fun `what was closed is found again`() {
        open().use { store -> get(get(store.open(spec)).upsert(points(0, 300))) }
        open().use { store ->
            get(store.collections()) shouldBe listOf(spec.id)
            val found = pages(get(store.open(spec)), Part.entries.toSet()).flatMap { it.entries }.associateBy { it.id }
            found.size shouldBe 300
            for (point in points(0, 300)) {
                val entry = found.getValue(point.id)
                entry.fields shouldBe point.fields
                entry.text shouldBe point.text
                entry.body?.toList() shouldBe point.body.toList()
            }
        }
    }

    @Test
    fun `what was acknowledged is on disk after the interval, without a close`() {
        open(EmbeddedSettings(folder, commitInterval = Duration.ofMillis(50))).use { store ->
            get(get(store.open(spec)).upsert(points(0, 100)))
            val index = folder.resolve(physicalName(spec.id)).resolve("index")
            await("100 entries in the last commit") { FSDirectory.open(index).use { DirectoryReader.open(it).use { it.numDocs() == 100 } } }
        }
    }

    @Test
    fun `of a store that is left alone one segment has nearly all`() {
        val often = Duration.ofMillis(50)
        open(EmbeddedSettings(folder, commitInterval = often, sweepInterval = often)).use { store ->
            val points = get(store.open(spec))
            for (some in points(0, 500).chunked(50)) get(points.upsert(some))
            val index = folder.resolve(physicalName(spec.id)).resolve("index")
            await("450 of 500 entries in one segment") {
                val segments = FSDirectory.open(index).use {
                    DirectoryReader.open(it).use { on ->
                        on.leaves().map { at -> at.reader().numDocs() }
                    }
                }
                segments.max() >= 450
            }
            get(points.count(Selection())) shouldBe 500
        }
    }

    @Test
    fun `a store that is closed while it merges loses nothing`() {
        val all = points(0, 4_000)
        for (round in 0 until 4) {
            open(EmbeddedSettings(folder, sweepInterval = Duration.ofMillis(1))).use { store ->
                val points = get(store.open(spec))
                get(points.count(Selection())) shouldBe round * 1_000L
                for (some in all.subList(round * 1_000, (round + 1) * 1_000).chunked(200)) get(points.upsert(some))
            }
        }
        open().use { get(get(it.open(spec)).count(Selection())) shouldBe 4_000 }
    }

    @Test
    fun `one process has the folder`() {
        val store = open()
        val failure = shouldThrow<VectorFailure.Unavailable> { open() }
        failure.message shouldContain "is in use already"
        store.close()
        open().close()
    }

    @Test
    fun `another format and a folder of something else are refused`() {
        open().close()
        Files.writeString(folder.resolve("format"), "routercluster-vectors 2")
        shouldThrow<VectorFailure.Unreadable> { open() }.message shouldContain "this release reads \"routercluster-vectors 1\""
        Files.delete(folder.resolve("format"))
        Files.writeString(folder.resolve("letter.txt"), "dear reader")
        shouldThrow<VectorFailure.Unreadable> { open() }.message shouldContain "name another folder"
        Files.readString(folder.resolve("letter.txt")) shouldBe "dear reader"
    }

    @Test
    fun `what is left of a collection that was being made is taken away`() {
        open().close()
        val half = Files.createDirectories(folder.resolve("half-made").resolve("index"))
        Files.writeString(half.resolve("_0.cfs"), "x")
        open().use { get(it.collections()) shouldBe emptyList() }
        Files.exists(half) shouldBe false
    }

    @Test
    fun `a dropped collection takes no room`() {
        open().use { store ->
            get(get(store.open(spec)).upsert(points(0, 10)))
            get(store.drop(spec.id))
            Files.list(folder).use { it.map(Path::name).toList() }.toSet() shouldBe setOf("format", "lock")
        }
    }

    @Test
    fun `a store that is full says so, and takes more after deletions`() {
        val room = VectorLimits(storeBytesMax = 400_000)
        open(EmbeddedSettings(folder, room)).use { store ->
            val points = get(store.open(spec))
            get(points.upsert(points(0, 30, bodyBytes = 10_000)))
            failure(points.upsert(points(30, 60, bodyBytes = 10_000))).shouldBeInstanceOf<VectorFailure.Full>()
            get(points.count(Selection())) shouldBe 30
            get(points.delete(Selection()))
            get(points.sweep())
            await("room for more") { get(points.stats()).bytes < 50_000 }
            get(points.upsert(points(30, 60, bodyBytes = 10_000)))
        }
    }

    @Test
    fun `more than may wait is refused`() {
        open(quiet.copy(pointsWaitingMax = 10)).use { store ->
            val points = get(store.open(spec))
            failure(points.upsert(points(0, 11))).shouldBeInstanceOf<VectorFailure.Overloaded>()
            get(points.upsert(points(0, 10)))
        }
    }

    @Test
    fun `deletions and ends give room back`() {
        open().use { store ->
            val points = get(store.open(spec))
            points(0, 2_000, bodyBytes = 1_000).chunked(500).forEach { get(points.upsert(it)) }
            val before = get(points.stats())
            get(points.delete(Selection(partitions = setOf("p0", "p1", "p2", "p3", "p4"))))
            get(points.upsert(listOf(Point("p0", "short", FloatArray(16) { 1f }, expiresAt = clock.millis() + 1))))
            clock.forward(Duration.ofSeconds(1))
            get(points.sweep()) shouldBe 1
            await("the deleted are reclaimed") { get(points.stats()).unreclaimed * 10 <= get(points.stats()).entries }
            get(points.stats()).bytes shouldBeLessThan before.bytes / 2
        }
    }

    @Test
    fun `a damaged file is refused or changes nothing`() {
        open().use { store ->
            val points = get(store.open(spec))
            get(points.upsert(points(0, 200)))
            get(points.delete(Selection(partitions = setOf("p1"))))
        }
        val files = Files.walk(folder).use { all ->
            all.filter { Files.isRegularFile(it) && it.name !in setOf("lock", "write.lock") }.toList()
        }
        val whole = entries()
        val outcomes = files.flatMap { file ->
            val bytes = Files.readAllBytes(file)
            val flipped = bytes.clone().also { it[it.size / 2] = (it[it.size / 2] + 1).toByte() }
            listOf(bytes.copyOf(bytes.size / 2), bytes.copyOf(bytes.size - 1), ByteArray(0), flipped).map { damaged ->
                Files.write(file, damaged)
                outcome().also { Files.write(file, bytes) }
            }
        }
        outcomes.count { it == null } shouldBe outcomes.size - outcomes.count { it == whole }
        (outcomes.count { it == null } > files.size) shouldBe true
        entries() shouldBe whole
    }

    /** What is found; null where it says that it is unreadable. */
    private fun outcome(): Map<String, List<Byte>>? =
        try {
            entries()
        } catch (_: VectorFailure.Unreadable) {
            null
        }

    private fun entries(): Map<String, List<Byte>> =
        open().use { store ->
            val collection = store.open(spec).handle { points, failure -> points ?: throw (failure ?: IllegalStateException()) }
            val points = try {
                get(collection)
            } catch (failure: java.util.concurrent.ExecutionException) {
                throw generateSequence<Throwable>(failure) { it.cause }.last { it is VectorFailure }
            }
            pages(points, setOf(Part.BODY)).flatMap { it.entries }.associate { it.id to it.body?.toList().orEmpty() }
        }
}
