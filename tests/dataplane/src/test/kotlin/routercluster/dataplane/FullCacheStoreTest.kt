package routercluster.dataplane

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import routercluster.contracts.SetClock
import routercluster.kit.Installation
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import routercluster.policy.vectors.VectorLimits
import routercluster.policy.vectors.VectorStore
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import routercluster.vectorstore.memory.MemoryVectorStore
import java.nio.file.Path
import java.time.Duration

/** More answers to alike requests than their store has room for. */
internal class FullCacheStoreTest {
    @TempDir
    lateinit var folder: Path

    private val clock = SetClock()
    private val model = mockLlm(Script(models = listOf("small")))
    private var open: Installation? = null

    @AfterEach
    fun close() {
        open?.close()
        model.close()
    }

    private fun store(kind: String): VectorStore {
        val limits = VectorLimits(storeBytesMax = ROOM_BYTES)
        return if (kind == "memory") {
            MemoryVectorStore(clock, limits)
        } else {
            EmbeddedVectorStore.open(EmbeddedSettings(folder.resolve("answers"), limits), clock)
        }
    }

    private fun router(kind: String, evictionPolicy: String): Installation {
        val text = checkNotNull(javaClass.getResource("/semantic-cache.yaml")).readText()
        val global = "global:\n  stores: {response_cache: {eviction_policy: $evictionPolicy}}\n"
        val policy = loadPolicy(
            text.replace("global:\n", global),
            "full.yaml",
            mapOf("PORT" to "${model.port}", "JUDGE" to "1")::get,
            Beside(heads),
        )
        val router = Installation.open(
            policy,
            behindEnvoy = false,
            encoders = { ScriptedEncoder("default", heads) },
            vectors = { store(kind) },
            clock = clock,
        )
        return router.also { open = it }.also(Installation::awaitReady)
    }

    private fun Installation.isHit(text: String): Boolean =
        sent(request(port, CHAT, chat(text), "x-authz-tenant-id" to "acme")).also { awaitIdle() }.header("x-vsr-cache-hit") == "true"

    private fun Installation.stats(): JsonNode = json.readTree(admin("/api/v1/cache/stats")).path("semantic")

    @ParameterizedTest
    @ValueSource(strings = ["memory", "embedded"])
    fun `the oldest go, a few at a time, and every new one gets its place`(kind: String) {
        val router = router(kind, "lru")
        for (number in 0 until QUESTIONS) {
            withClue("question $number") { router.isHit(question(number)) shouldBe false }
            clock.forward(Duration.ofSeconds(1))
            router.awaitKept(number)
        }
        val stats = router.stats()
        withClue("$stats") {
            stats.path("evicted").intValue() shouldBeGreaterThan 0
            stats.path("entries").intValue() + stats.path("evicted").intValue() shouldBe QUESTIONS
            stats.path("bytes").longValue() shouldBeLessThanOrEqual ROOM_BYTES
            stats.path("entries").intValue() shouldBeInRange (QUESTIONS / 5..QUESTIONS * 5 / 6)
        }
        router.isHit(question(QUESTIONS - 1) + " please") shouldBe true
        router.isHit(question(0) + " please") shouldBe false
    }

    /** Answers are kept behind their request's back. */
    private fun Installation.awaitKept(number: Int) {
        val end = System.nanoTime() + PATIENCE_NANOS
        while (stats().let { it.path("entries").intValue() + it.path("evicted").intValue() } <= number) {
            check(System.nanoTime() < end) { "the answer to question $number was not kept: ${stats()}" }
            Thread.onSpinWait()
        }
    }

    private companion object {
        const val ROOM_BYTES = 200_000L
        const val QUESTIONS = 90
        const val PATIENCE_NANOS = 30_000_000_000
        val json = ObjectMapper()
        val heads: Map<String, Head> = mapOf("embedding" to Head(Task.EMBED, dimensions = 512))

        /** Of which no two are alike. */
        fun question(number: Int) = "help " + List(8) { "w${number * 8 + it}x" }.joinToString(" ")
    }
}
