package routercluster.grains.state.file

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStoreContract
import routercluster.grains.state.SteppedClock
import java.io.RandomAccessFile
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

class FileStateStoreTest(
    @TempDir private val folder: Path,
) : StateStoreContract() {
    private val clock = SteppedClock()
    private val opened = lazy { FileStateStore.open(folder, clock) }
    override val store by opened
    private val file get() = folder.resolve("states.mv")

    override fun outlive() = clock.step(LIFE)

    @AfterEach
    fun close() {
        if (opened.isInitialized()) store.close()
    }

    @Test
    fun `what was saved is there in the next process, and its revision goes on`() {
        val revision = save(save(0, bytes("one")), bytes("two"))
        store.close()
        FileStateStore.open(folder, clock).use { next ->
            text(await(next.load(KEY))) shouldBe "two"
            shouldThrow<StateFailure.Stale> { await(next.save(KEY, 0, bytes("lost"))) }
            await(next.save(KEY, revision, bytes("three")))
            text(await(next.load(KEY))) shouldBe "three"
        }
    }

    @Test
    fun `a second one is told that the folder is taken`() {
        save(0, bytes("one"))
        val failure = shouldThrow<StateFailure.Unavailable> { FileStateStore.open(folder, clock) }
        failure.message shouldContain "is in use: another router runs with this data folder"
        text(load()) shouldBe "one"
    }

    @Test
    fun `after it was closed calls fail`() {
        store.close()
        shouldThrow<StateFailure.Unavailable> { load() }
    }

    @Test
    fun `the file gives back the room of what expired and of what was saved over`() {
        val big = ByteArray(20_000) { (it * 7).toByte() }
        repeat(20) { round ->
            val saves = List(100) { store.save(StateKey("big", "$round-$it"), 0, big, LIFE) }
            saves.forEach { await(it) }
            clock.step(LIFE)
            repeat(20) { load() }
        }
        store.close()
        // 40 MB went through it.
        Files.size(file) shouldBeLessThan 16_000_000L
    }

    @Test
    fun `wherever a byte is wrong, each state is what it was or said to be damaged`() {
        val keys = List(60) { StateKey("kind", "key $it") }
        keys.forEach { await(store.save(it, 0, content(it))) }
        store.close()
        val whole = Files.readAllBytes(file)
        val chance = Random(SEED)
        val told = List(150) { chance.nextInt(whole.size) }.count { position ->
            Files.write(file, whole.clone().also { it[position] = (it[position] + 1).toByte() })
            withClue("byte $position, seed $SEED") { !intact(keys) }
        }
        told shouldBeGreaterThan 0
    }

    @Test
    fun `a file whose end is missing is refused`() {
        val keys = List(60) { StateKey("kind", "key $it") }
        keys.forEach { await(store.save(it, 0, content(it))) }
        store.close()
        RandomAccessFile(file.toFile(), "rw").use { it.setLength(it.length() / 2) }
        shouldThrow<StateFailure.Unreadable> { FileStateStore.open(folder, clock) }
    }

    /** False where damage was told; what is neither intact nor told fails the test. */
    private fun intact(keys: List<StateKey>): Boolean =
        try {
            FileStateStore.open(folder, clock).use { next ->
                keys.forEach { key -> await(next.load(key))?.bytes?.toList() shouldBe content(key).toList() }
            }
            true
        } catch (_: StateFailure.Unreadable) {
            false
        }

    private fun content(key: StateKey) = bytes(key.id.repeat(10))

    private companion object {
        const val SEED = 20_260_101
    }
}
