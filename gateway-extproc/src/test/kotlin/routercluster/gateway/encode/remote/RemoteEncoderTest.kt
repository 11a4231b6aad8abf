package routercluster.gateway.encode.remote

import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.HttpProtocol
import routercluster.policy.catalog.RemoteBounds
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.VectorShape
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** What is sent, and what is made of the answers. */
class RemoteEncoderTest {
    private val services = WordServices()
    private val remotes = RemoteEncoders()
    private val embedding = HeadRef("far", "embedding")
    private val topic = HeadRef("far", "class")

    @AfterEach
    fun close() {
        services.close()
        remotes.close()
    }

    private fun sent() = services.requests.map(services::json)

    @Test
    fun `big batches are split, and equal texts are sent once`() {
        remotes.open(services.settings(HttpProtocol.TEI_EMBED, RemoteBounds(batchMax = 32))).use { encoder ->
            val passages = List(140) { Passage("text ${it % 70}", setOf(embedding)) }
            val reply = encoder.ask(*passages.toTypedArray())
            sent().map { it["inputs"].size() }.sorted() shouldBe listOf(6, 32, 32)
            reply.batch shouldBe 32
            reply.results.size shouldBe 140
            reply.results[3]
                .heads
                .getValue(embedding)
                .shouldBeInstanceOf<HeadResult.Vector>()
                .values
                .toList() shouldBe
                (reply.results[73].heads.getValue(embedding) as HeadResult.Vector).values.toList()
        }
    }

    @Test
    fun `requests name the model, carry the key and ask that nothing be cut`() {
        remotes.open(services.settings(HttpProtocol.OPENAI_EMBEDDINGS)).use { it.ask(Passage("hello", setOf(embedding))) }
        val openAi = services.requests.take()
        openAi.path() shouldBe "/base/embeddings"
        openAi.headers().get(HttpHeaderNames.AUTHORIZATION) shouldBe "Bearer $SERVICE_KEY"
        services.json(openAi).toString() shouldBe """{"model":"a-model","encoding_format":"float","input":["hello"]}"""
        remotes.open(services.settings(HttpProtocol.TEI_PREDICT)).use { encoder ->
            encoder.ask(Passage("premise", setOf(HeadRef("far", "nli")), pair = "hypothesis"))
        }
        services.json(services.requests.take()).toString() shouldBe
            """{"truncate":false,"raw_scores":false,"inputs":[["premise","hypothesis"]]}"""
    }

    @Test
    fun `documents of one query go in one call, those of another in another`() {
        val rerank = HeadRef("far", "rerank")
        remotes.open(services.settings(HttpProtocol.TEI_RERANK)).use { encoder ->
            val reply =
                encoder.ask(
                    Passage("red car", setOf(rerank), pair = "a blue boat"),
                    Passage("red car", setOf(rerank), pair = "red car"),
                    Passage("boat", setOf(rerank), pair = "boat"),
                )
            reply.results.map { (it.heads.getValue(rerank) as HeadResult.Score).value } shouldBe listOf(0f, 1f, 1f)
            sent().map { it["query"].asText() to it["texts"].size() }.toSet() shouldBe setOf("red car" to 2, "boat" to 1)
        }
    }

    @Test
    fun `vectors are of unit length, also when they are shortened`() {
        services.instead = {
            HttpResponse.ofJson(
                listOf(
                    List(32) {
                        if (it == 0) {
                            3.0
                        } else if (it == 1) {
                            4.0
                        } else {
                            12.0
                        }
                    },
                ),
            )
        }
        remotes.open(services.settings(HttpProtocol.TEI_EMBED)).use { encoder ->
            val found = encoder.ask(Passage("x", setOf(embedding), vector = VectorShape(dimensions = 2))).results.single()
            (found.heads.getValue(embedding) as HeadResult.Vector).values.toList() shouldBe listOf(0.6f, 0.8f)
        }
    }

    @Test
    fun `long texts are read in windows - a guard goes by the worst, a topic by the mean - and what is left out is told`() {
        val long = (1..20).joinToString("") { "plain words $it. " } + "a jailbreak. " + (21..40).joinToString("") { "plain words $it. " }
        val bounds = RemoteBounds(batchMax = 1, windowCharacters = 100, windowsMax = 64)
        remotes.open(services.settings(HttpProtocol.HTTP_CLASSIFY, bounds)).use { encoder ->
            val reply = encoder.ask(Passage(long, setOf(topic)))
            reply.odds().last() shouldBe 0.95f
            reply.results
                .single()
                .coverage.isWhole shouldBe true
            reply.results
                .single()
                .coverage.windows shouldBe sent().size
        }
        services.requests.clear()
        remotes.open(services.settings(HttpProtocol.HTTP_CLASSIFY, bounds.copy(windowsMax = 2))).use { encoder ->
            val coverage = encoder
                .ask(Passage(long, setOf(topic)))
                .results
                .single()
                .coverage
            (coverage.windows to coverage.isWhole) shouldBe (2 to false)
            services.requests.size shouldBe 2
        }
        services.instead = { request ->
            val odds = services.json(request)["inputs"].map { row -> if ("law" in row[0].asText()) LAW else OTHER }
            HttpResponse.ofJson(odds)
        }
        remotes.open(services.settings(HttpProtocol.TEI_PREDICT, bounds)).use { encoder ->
            val (law, _, other) = encoder.ask(Passage("law ".repeat(50) + "xyz ".repeat(50), setOf(topic))).odds()
            (law in 0.3f..0.7f && other in 0.3f..0.7f) shouldBe true
        }
    }

    @Test
    fun `a bounded number of calls runs at once, the others wait their turn, and those given up are not made`() {
        val most = AtomicInteger()
        val atOnce = AtomicInteger()
        val three = CountDownLatch(3)
        val go = CompletableFuture<Unit>()
        services.instead = {
            most.accumulateAndGet(atOnce.incrementAndGet(), ::maxOf)
            three.countDown()
            HttpResponse.of(go.thenApply { HttpResponse.ofJson(listOf(List(32) { 1.0 })).also { atOnce.decrementAndGet() } })
        }
        remotes.open(services.settings(HttpProtocol.TEI_EMBED, RemoteBounds(batchMax = 1, concurrentMax = 3))).use { encoder ->
            val all = encoder.encode(EncodeRequest(List(10) { Passage("text $it", setOf(embedding)) }, patience)).toCompletableFuture()
            val left = encoder.encode(EncodeRequest(List(10) { Passage("more $it", setOf(embedding)) }, patience)).toCompletableFuture()
            three.await(30, TimeUnit.SECONDS) shouldBe true
            (encoder.status.queuedTokens > 0) shouldBe true
            left.cancel(true)
            go.complete(Unit)
            all.get(30, TimeUnit.SECONDS).results.size shouldBe 10
            most.get() shouldBe 3
            sent().none { "more" in it.toString() } shouldBe true
        }
    }

    @Test
    fun `too many that wait are refused`() {
        services.instead = { HttpResponse.streaming() }
        remotes.open(services.settings(HttpProtocol.TEI_EMBED, RemoteBounds(batchMax = 1, concurrentMax = 1))).use { encoder ->
            val crowd = List(CallLimit.WAITING_MAX + 1) { Passage("text $it", setOf(embedding)) }
            val waiting = encoder.encode(EncodeRequest(crowd, patience)).toCompletableFuture()
            val refused = encoder.encode(EncodeRequest(listOf(Passage("one more", setOf(embedding))), patience)).toCompletableFuture()
            refused.handle { _, failure -> failure }.get(30, TimeUnit.SECONDS).shouldBeInstanceOf<EncodeFailure.Overloaded>()
            waiting.isDone shouldBe false
        }
    }

    @Test
    fun `what passes is tried again, as often as the policy says`() {
        val answers = AtomicInteger()
        services.instead = { if (answers.incrementAndGet() <= 2) HttpResponse.of(HttpStatus.TOO_MANY_REQUESTS) else null }
        remotes.open(services.settings(HttpProtocol.TEI_EMBED, RemoteBounds(retries = 2))).use { encoder ->
            encoder.ask(Passage("hello", setOf(embedding))).results.size shouldBe 1
            services.requests.size shouldBe 3
        }
        answers.set(0)
        remotes.open(services.settings(HttpProtocol.TEI_EMBED, RemoteBounds(retries = 1))).use { encoder ->
            val failed = encoder.encode(EncodeRequest(listOf(Passage("hello", setOf(embedding))), patience)).toCompletableFuture()
            failed.handle { _, failure -> failure }.get(30, TimeUnit.SECONDS).shouldBeInstanceOf<EncodeFailure.Overloaded>()
        }
    }

    private companion object {
        val patience: Duration = Duration.ofSeconds(30)
        val LAW = listOf(label("law", 1.0), label("math", 0.0), label("other", 0.0))
        val OTHER = listOf(label("law", 0.0), label("math", 0.0), label("other", 1.0))

        fun label(label: String, score: Double) = mapOf("label" to label, "score" to score)
    }
}
