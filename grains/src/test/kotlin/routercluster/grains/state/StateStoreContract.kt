package routercluster.grains.state

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit

/** What every store of states does. */
abstract class StateStoreContract {
    protected abstract val store: StateStore

    /** Lets [LIFE] pass for the store. */
    protected abstract fun outlive()

    @Test
    fun `nothing is kept under a new key`() {
        load() shouldBe null
    }

    @Test
    fun `what was saved is loaded, whatever its bytes are`() {
        val allBytes = ByteArray(256) { it.toByte() }
        listOf(ByteArray(0), allBytes, ByteArray(3_000_000) { (it * 31).toByte() }).fold(0L) { revision, bytes ->
            val next = save(revision, bytes)
            next shouldBeGreaterThan revision
            val loaded = checkNotNull(load())
            loaded.revision shouldBe next
            loaded.bytes.contentEquals(bytes) shouldBe true
            next
        }
    }

    @Test
    fun `a revision is told without the bytes, and is that of the last save`() {
        await(store.revision(KEY)) shouldBe 0
        val first = save(0, bytes("first"))
        await(store.revision(KEY)) shouldBe first
        val second = save(first, ByteArray(0))
        await(store.revision(KEY)) shouldBe second
        await(store.delete(KEY, second))
        await(store.revision(KEY)) shouldBe 0
    }

    @Test
    fun `who knows an older revision, none or one that never was loses`() {
        val first = save(0, bytes("first"))
        val second = save(first, bytes("second"))
        listOf(0L, first, second + 1).forEach { shouldThrow<StateFailure.Stale> { save(it, bytes("lost")) } }
        shouldThrow<StateFailure.Stale> { await(store.delete(KEY, first)) }
        text(load()) shouldBe "second"
    }

    @Test
    fun `a revision of what is not kept is stale`() {
        shouldThrow<StateFailure.Stale> { save(7, bytes("lost")) }
        load() shouldBe null
    }

    @Test
    fun `what was deleted is gone, and its revisions do not come again`() {
        val first = save(0, bytes("first"))
        val second = save(first, bytes("second"))
        await(store.delete(KEY, second))
        load() shouldBe null
        await(store.delete(KEY, second))
        val later = save(0, bytes("anew"))
        later shouldNotBe first
        later shouldNotBe second
        shouldThrow<StateFailure.Stale> { save(second, bytes("lost")) }
    }

    @Test
    fun `keys are any text and do not meet`() {
        val ids = listOf("a", "A", "", " ", "a:b", "a\u0000b", "ä漢🦆", "{x}", "\r\n", "x".repeat(StateKey.ID_BYTES_MAX))
        val keys = ids.map { StateKey("one", it) } + ids.map { StateKey("two", it) } + StateKey("one:a", "b")
        keys.forEachIndexed { index, key -> await(store.save(key, 0, bytes("$index"))) }
        keys.forEachIndexed { index, key -> text(await(store.load(key))) shouldBe "$index" }
    }

    @Test
    fun `what expired is as if it had never been`() {
        await(store.save(KEY, 0, bytes("short"), LIFE))
        outlive()
        load() shouldBe null
        save(0, bytes("anew"))
        text(load()) shouldBe "anew"
    }

    @Test
    fun `the last save says how long it is kept`() {
        val first = await(store.save(KEY, 0, bytes("short"), LIFE))
        save(first, bytes("long"))
        outlive()
        text(load()) shouldBe "long"
    }

    @Test
    fun `of writers at the same time each counts once`() {
        val added = List(WRITERS) {
            java.util.concurrent.CompletableFuture
                .supplyAsync { repeat(ROUNDS) { addOne() } }
        }
        added.forEach { it.get(WAIT_SECONDS, TimeUnit.SECONDS) }
        text(load()) shouldBe "${WRITERS * ROUNDS}"
    }

    @Test
    fun `calls are done in their order`() {
        val revisions = mutableListOf(save(0, bytes("0")))
        repeat(20) { revisions += await(store.save(KEY, revisions.last(), bytes("$it"))) }
        val loads = listOf(store.load(KEY), store.save(KEY, revisions.last(), bytes("last")), store.load(KEY))
        text(await(loads[0]) as StoredState) shouldBe "19"
        text(await(loads[2]) as StoredState) shouldBe "last"
    }

    protected fun load(): StoredState? = await(store.load(KEY))

    protected fun save(expectedRevision: Long, bytes: ByteArray): Long = await(store.save(KEY, expectedRevision, bytes))

    protected fun <T> await(stage: CompletionStage<T>): T =
        try {
            stage.toCompletableFuture().orTimeout(WAIT_SECONDS, TimeUnit.SECONDS).join()
        } catch (failure: CompletionException) {
            throw failure.cause ?: failure
        }

    private fun addOne() {
        while (true) {
            val before = load()
            val after = bytes("${(text(before)?.toInt() ?: 0) + 1}")
            try {
                save(before?.revision ?: 0, after)
                return
            } catch (_: StateFailure.Stale) {
                // Somebody was quicker.
            }
        }
    }

    protected fun bytes(text: String): ByteArray = text.toByteArray()

    protected fun text(state: StoredState?): String? = state?.let { String(it.bytes) }

    protected companion object {
        val KEY = StateKey("contract", "key")
        val LIFE: Duration = Duration.ofMillis(300)
        const val WAIT_SECONDS = 30L
        private const val WRITERS = 4
        private const val ROUNDS = 25
    }
}
