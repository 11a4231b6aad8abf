package routercluster.dataplane

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable
import routercluster.kit.Installation
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import routercluster.policy.models.Secret
import routercluster.vectorstore.qdrant.QdrantSettings
import routercluster.vectorstore.qdrant.QdrantTls
import routercluster.vectorstore.qdrant.QdrantVectorStore
import java.net.URI
import java.time.Clock
import java.util.UUID
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** A router that keeps answers on a server, that at `QDRANT_URL`; see `docs/vector-store.md`. */
@EnabledIfEnvironmentVariable(named = "QDRANT_URL", matches = ".+", disabledReason = "QDRANT_URL is not set: no Qdrant server to try")
internal class CacheInQdrantTest {
    private val prefix = "test-${UUID.randomUUID()}"
    private val model = mockLlm(Script(models = listOf("small")))
    private val routers = ArrayDeque<Installation>()

    private fun store(): QdrantVectorStore {
        val url = URI(System.getenv("QDRANT_URL"))
        val key = System.getenv("QDRANT_API_KEY")?.let(::Secret)
        val settings = QdrantSettings(url.host, url.port, QdrantTls().takeIf { url.scheme == "https" }, key, prefix)
        return QdrantVectorStore(settings, Clock.systemUTC(), Random(1))
    }

    private fun router(): Installation {
        val text = checkNotNull(javaClass.getResource("/semantic-cache.yaml")).readText()
        val policy = loadPolicy(text, "qdrant.yaml", mapOf("PORT" to "${model.port}", "JUDGE" to "1")::get, Beside(heads))
        val router = Installation.open(policy, behindEnvoy = false, encoders = { ScriptedEncoder("default", heads) }, vectors = ::store)
        return router.also(routers::add).also(Installation::awaitReady)
    }

    @AfterEach
    fun close() {
        routers.forEach { it.close() }
        model.close()
        store().use { left ->
            val all = left.collections().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
            for (id in all) left.drop(id).toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
        }
    }

    private fun Installation.isHit(text: String, tenant: String): Boolean =
        sent(request(port, CHAT, chat(text), "x-authz-tenant-id" to tenant)).also { awaitIdle() }.header("x-vsr-cache-hit") == "true"

    @Test
    fun `answers are kept, given again to alike requests of their tenant alone, and counted`() {
        val router = router()
        router.isHit(QUESTION, "acme") shouldBe false
        router.awaitEntries(1)
        router.isHit("$QUESTION please", "acme") shouldBe true
        router.isHit("$QUESTION please", "other") shouldBe false
        router.awaitEntries(2)
        router.isHit("please $QUESTION", "other") shouldBe true
    }

    /** Answers are kept behind their request's back. */
    private fun Installation.awaitEntries(count: Int) {
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)
        while (json
                .readTree(admin("/api/v1/cache/stats"))
                .path("semantic")
                .path("entries")
                .intValue() < count
        ) {
            check(System.nanoTime() < end) { "there are not $count entries: ${admin("/api/v1/cache/stats")}" }
            Thread.onSpinWait()
        }
    }

    private companion object {
        val json = ObjectMapper()
        const val PATIENCE_SECONDS = 30L
        const val QUESTION = "help me to change the address of my account"
        val heads: Map<String, Head> = mapOf("embedding" to Head(Task.EMBED, dimensions = 512))
    }
}
