package routercluster.gateway.encode

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.maps.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import java.time.Duration
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

class EncoderPoolTest {
    private val opened = mutableListOf<Pair<String, ScriptedEncoder>>()
    private val pool =
        EncoderPool({ settings ->
            if (settings.folder == "/broken") throw EncodeFailure.Unavailable("cannot be opened")
            ScriptedEncoder(settings.name, mapOf("topic" to Head(Task.SEQ_CLS, listOf("a", "b")))).also { opened += settings.name to it }
        })

    private fun catalog(vararg settings: EncoderSettings) = Catalog(settings.associateBy { it.name })

    private val small = EncoderSettings("small", "/small")
    private val large = EncoderSettings("large", "/large")

    @Test
    fun `equal settings share one encoder, which is closed with the last of its users`() {
        val first = pool.lease(catalog(small, large))
        val second = pool.lease(catalog(small.copy()))
        opened.map { it.first } shouldBe listOf("small", "large")
        first.close()
        opened.map { it.second.isClosed } shouldBe listOf(false, true)
        pool.status().keys shouldBe setOf("small")
        second.close()
        opened.map { it.second.isClosed } shouldBe listOf(true, true)
        pool.status().shouldBeEmpty()
    }

    @Test
    fun `other settings open another encoder beside the old one`() {
        pool.lease(catalog(small)).use {
            pool.lease(catalog(small.copy(threads = 2))).use { opened.size shouldBe 2 }
            opened.map { it.second.isClosed } shouldBe listOf(false, true)
        }
    }

    @Test
    fun `where one cannot be opened none is held`() {
        shouldThrow<EncodeFailure.Unavailable> { pool.lease(catalog(small, EncoderSettings("broken", "/broken"))) }.message shouldBe
            "cannot be opened"
        opened.single().second.isClosed shouldBe true
    }

    @Test
    fun `a closed pool opens nothing and closes what is open`() {
        val lease = pool.lease(catalog(small))
        pool.close()
        opened.single().second.isClosed shouldBe true
        shouldThrow<EncodeFailure.Unavailable> { pool.lease(catalog(small)) }.message shouldBe "the router is shutting down"
        val request = EncodeRequest(listOf(Passage("x", setOf(HeadRef("small", "topic")))), Duration.ofSeconds(1))
        val failed = shouldThrow<ExecutionException> {
            lease.encoder
                .encode(request)
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS)
        }
        (failed.cause is EncodeFailure.Unavailable) shouldBe true
    }
}
