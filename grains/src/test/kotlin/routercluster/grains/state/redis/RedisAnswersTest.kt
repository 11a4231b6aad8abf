package routercluster.grains.state.redis

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.SharedAnswers
import routercluster.policy.cache.SharedAnswersFailure
import routercluster.policy.cache.StorableAnswer
import java.net.ServerSocket
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong

class RedisAnswersTest(
    @TempDir folder: Path,
) {
    private val server = RedisServer(folder)
    private val ahead = AtomicLong()
    private val opened = ArrayList<RedisAnswers>()

    private fun node(port: Int = server.port, lookupMax: Duration = Duration.ofSeconds(10)) =
        RedisAnswers(RedisSettings("127.0.0.1", port, timeout = Duration.ofSeconds(10)), lookupMax) { System.nanoTime() + ahead.get() }
            .also(opened::add)

    private fun answer(text: String) = KeptAnswer(StorableAnswer(text, "m", 1, 2), "small", "default", "faq", Instant.EPOCH, 0.5)

    @AfterEach
    fun close() {
        opened.forEach(RedisAnswers::close)
        server.close()
    }

    private fun <T> CompletionStage<T>.told(): T =
        try {
            toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)
        } catch (failed: java.util.concurrent.ExecutionException) {
            throw generateSequence<Throwable>(failed) { it.cause }.firstOrNull { it is SharedAnswersFailure } ?: CompletionException(failed)
        }

    private fun SharedAnswers.keep(key: String, text: String, ttl: Duration = Duration.ofMinutes(1)) = keep(key, answer(text), ttl).told()

    private fun SharedAnswers.text(key: String): String? = find(key)
        .told()
        ?.kept
        ?.answer
        ?.text

    @Test
    fun `what one node keeps another finds, with the time that is left, also after a restart`() {
        val one = node()
        one.keep("k", "kept")
        one.close()
        val found = checkNotNull(node().find("k").told())
        found.kept.answer.text shouldBe "kept"
        found.kept.decision shouldBe "faq"
        (found.left > Duration.ofSeconds(30) && found.left <= Duration.ofMinutes(1)) shouldBe true
        node().text("other") shouldBe null
    }

    @Test
    fun `an answer ends with its time`() {
        val node = node()
        node.keep("k", "short", Duration.ofMillis(100))
        node.keep("none", "none", Duration.ZERO)
        node.text("none") shouldBe null
        val began = System.nanoTime()
        while (node.text("k") != null) check(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(WAIT_SECONDS)) { "it does not end" }
    }

    @Test
    fun `what no router wrote is none`() {
        val node = node()
        for ((key, value) in mapOf("text" to "damaged", "json" to "{}", "nothing" to "''")) {
            server.command("SET router:answer:$key $value PX 60000")
            node.text(key) shouldBe null
        }
        node.keep("endless", "endless")
        server.command("PERSIST router:answer:endless")
        node.text("endless") shouldBe null
    }

    @Test
    fun `a server that is away slows nobody, and is found again`() {
        val node = node()
        node.keep("k", "kept")
        server.kill()
        shouldThrow<SharedAnswersFailure.Away> { node.find("k").told() }
        shouldThrow<SharedAnswersFailure.Away> { node.keep("k", "more") }
        node.find("k").toCompletableFuture().isCompletedExceptionally shouldBe true
        server.restart()
        val began = System.nanoTime()
        while (!isBack(node)) check(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(WAIT_SECONDS)) { "it does not come back" }
    }

    private fun isBack(node: RedisAnswers): Boolean =
        try {
            ahead.addAndGet(TimeUnit.SECONDS.toNanos(2))
            node.text("k") == "kept"
        } catch (_: SharedAnswersFailure.Away) {
            false
        }

    @Test
    fun `a server that does not answer is given up after the time of a lookup, and not asked for a while`() {
        ServerSocket(0).use { silent ->
            val node = node(silent.localPort, Duration.ofMillis(200))
            shouldThrow<SharedAnswersFailure.Away> { node.find("k").told() }
            node.find("k").toCompletableFuture().isCompletedExceptionally shouldBe true
        }
    }

    @Test
    fun `states have room before answers, and an answer that is too long is not kept`() {
        val node = node()
        node.keep("k", "kept")
        shouldThrow<SharedAnswersFailure.TooLong> { node.keep("long", "x".repeat(2_000_000)) }
        server.command("CONFIG SET maxmemory 1100000")
        ahead.addAndGet(TimeUnit.SECONDS.toNanos(6))
        val began = System.nanoTime()
        while (!isFull(node)) check(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(WAIT_SECONDS)) { "it takes more than it may" }
        node.text("k") shouldBe "kept"
    }

    private fun isFull(node: RedisAnswers): Boolean =
        try {
            node.keep("more", "more")
            false
        } catch (_: SharedAnswersFailure.Full) {
            true
        }

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
