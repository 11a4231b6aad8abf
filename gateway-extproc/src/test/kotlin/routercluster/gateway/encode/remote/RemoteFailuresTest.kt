package routercluster.gateway.encode.remote

import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.gateway.upstream.cut
import routercluster.gateway.upstream.refusingPort
import routercluster.gateway.upstream.silent
import routercluster.gateway.upstream.streamed
import routercluster.policy.catalog.HttpProtocol
import routercluster.policy.catalog.HttpProtocol.HTTP_CLASSIFY
import routercluster.policy.catalog.HttpProtocol.OPENAI_EMBEDDINGS
import routercluster.policy.catalog.HttpProtocol.TEI_EMBED
import routercluster.policy.catalog.HttpProtocol.TEI_PREDICT
import routercluster.policy.catalog.HttpProtocol.TEI_RERANK
import routercluster.policy.catalog.RemoteBounds
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeFailure.Overloaded
import routercluster.policy.encode.EncodeFailure.Refused
import routercluster.policy.encode.EncodeFailure.TimedOut
import routercluster.policy.encode.EncodeFailure.Unavailable
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.Passage
import java.time.Duration
import java.util.concurrent.ExecutionException
import kotlin.reflect.KClass

/** Services that fail in every way: each has a name, and neither texts nor keys stand in it. */
class RemoteFailuresTest {
    private val services = WordServices()
    private val remotes = RemoteEncoders()

    @AfterEach
    fun close() {
        services.close()
        remotes.close()
    }

    private class Row(
        val protocol: HttpProtocol,
        val failure: KClass<out EncodeFailure>,
        val says: String,
        val answer: (AggregatedHttpRequest) -> HttpResponse,
    )

    private fun status(protocol: HttpProtocol, code: Int, failure: KClass<out EncodeFailure>, says: String = "$code from") =
        Row(protocol, failure, says) { HttpResponse.of(HttpStatus.valueOf(code), MediaType.PLAIN_TEXT, "you said: $PROMPT") }

    private fun wrong(protocol: HttpProtocol, json: String, says: String) =
        Row(protocol, Unavailable::class, says) { HttpResponse.of(HttpStatus.OK, MediaType.JSON, json) }

    private val rows =
        listOf(
            status(OPENAI_EMBEDDINGS, 429, Overloaded::class),
            status(OPENAI_EMBEDDINGS, 503, Overloaded::class),
            status(OPENAI_EMBEDDINGS, 500, Unavailable::class),
            status(OPENAI_EMBEDDINGS, 401, Unavailable::class, "the key was not accepted"),
            status(TEI_EMBED, 413, Refused::class, "it does not take the request"),
            status(TEI_EMBED, 404, Unavailable::class, "it has no such path"),
            status(HTTP_CLASSIFY, 302, Unavailable::class),
            Row(TEI_EMBED, TimedOut::class, "no answer from", silent),
            Row(TEI_EMBED, Unavailable::class, "broke off") { streamed("[[0.1,") { cut() } },
            Row(TEI_EMBED, Unavailable::class, "more than 4096 bytes") {
                HttpResponse.of(HttpStatus.OK, MediaType.JSON, "[" + "0.1,".repeat(5_000) + "1]")
            },
            wrong(OPENAI_EMBEDDINGS, "{$PROMPT", "is not JSON"),
            wrong(OPENAI_EMBEDDINGS, "", "is empty"),
            wrong(OPENAI_EMBEDDINGS, "{}", "has 0 vectors for 1 texts"),
            wrong(OPENAI_EMBEDDINGS, """{"data":[{"index":0,"embedding":[0.1,0.2]}]}""", "has a vector of 2 numbers, and the policy"),
            wrong(OPENAI_EMBEDDINGS, """{"data":[{"index":7,"embedding":${numbers("0.1")}}]}""", "has no entry for text 0"),
            wrong(TEI_EMBED, "[${numbers("1e99")}]", "is no finite number"),
            wrong(TEI_EMBED, "[${numbers("\"$PROMPT\"")}]", "is no finite number"),
            wrong(TEI_RERANK, """[{"index":0,"score":7}]""", "no number from 0 to 1"),
            wrong(TEI_RERANK, "[]", "has 0 scores for 1 texts"),
            wrong(TEI_PREDICT, "[${labels("law" to 0.9, "math" to 0.1)}]", "has 2 labels, and the policy says 3"),
            wrong(TEI_PREDICT, "[${labels("law" to 0.9, "math" to 0.1, PROMPT to 0.0)}]", "a label that the policy does not know"),
            wrong(TEI_PREDICT, "[${labels("law" to 0.9, "law" to 0.1, "other" to 0.0)}]", "has the label law twice"),
            wrong(HTTP_CLASSIFY, labels("benign" to 0.4, "jailbreak" to 0.4), "do not sum to 1"),
            wrong(HTTP_CLASSIFY, labels("benign" to 1.4, "jailbreak" to -0.4), "no number from 0 to 1"),
        )

    @TestFactory
    fun `what goes wrong has a name`(): List<DynamicTest> =
        rows.map { row ->
            dynamicTest("${row.protocol}: ${row.says}") {
                services.instead = row.answer
                val isSlow = row.failure == TimedOut::class
                val bounds = RemoteBounds(batchMax = 1, answerBytesMax = 4_096)
                val timeout = if (isSlow) Duration.ofMillis(50) else Duration.ofSeconds(30)
                remotes.open(services.settings(row.protocol, bounds, timeout)).use { encoder ->
                    val failure = failureOf(encoder)
                    failure::class shouldBe row.failure
                    failure.message.orEmpty() shouldContain row.says
                    failure.message.orEmpty() shouldContain "encoder far"
                    generateSequence<Throwable>(failure) { it.cause }.forEach {
                        it.toString() shouldNotContain PROMPT
                        it.toString() shouldNotContain SERVICE_KEY
                    }
                }
            }
        }

    @Test
    fun `a service that is down cannot be connected to`() {
        val port = refusingPort()
        remotes.open(services.settings(TEI_EMBED, port = port)).use { encoder ->
            failureOf(encoder).message shouldBe "encoder far: cannot connect to http://127.0.0.1:$port/base"
        }
    }

    @Test
    fun `the request's own timeout comes first where it is shorter`() {
        services.instead = silent
        remotes.open(services.settings(TEI_EMBED)).use { encoder ->
            failureOf(encoder, Duration.ofMillis(50))::class shouldBe TimedOut::class
        }
    }

    @Test
    fun `what failed for one head leaves the others their answers`() {
        services.instead = { request -> HttpResponse.of(HttpStatus.INTERNAL_SERVER_ERROR).takeIf { "broken" in request.contentUtf8() } }
        remotes.open(services.settings(TEI_PREDICT, RemoteBounds(batchMax = 1))).use { encoder ->
            val topic = HeadRef("far", "class")
            val reply = encoder.ask(Passage("a law", setOf(topic)), Passage("broken", setOf(topic)))
            reply.odds(0).first() shouldBe 0.95f
            val failed = reply.results[1].heads.getValue(topic) as HeadResult.Failed
            failed.reason shouldContain "500 from"
        }
    }

    @Test
    fun `whoever waits when it is closed is told so, and so is whoever comes after`() {
        services.instead = silent
        val encoder = remotes.open(services.settings(TEI_EMBED))
        val waiting = encoder.encode(EncodeRequest(listOf(passageFor(encoder)), Duration.ofSeconds(30))).toCompletableFuture()
        services.requests.take()
        encoder.close()
        shouldThrow<ExecutionException> { waiting.get() }.cause?.message shouldBe "encoder far is closed"
        failureOf(encoder).message shouldBe "encoder far is closed"
        encoder.status.isReady shouldBe false
    }

    private fun failureOf(encoder: OpenEncoder, timeout: Duration = Duration.ofSeconds(30)): EncodeFailure =
        shouldThrow<ExecutionException> { encoder.ask(passageFor(encoder), timeout = timeout) }.cause as EncodeFailure

    private fun passageFor(encoder: OpenEncoder): Passage {
        val (ref, head) = encoder.heads.entries.first()
        return Passage(PROMPT, setOf(ref), pair = "a document".takeIf { head.task.takesPair })
    }

    private companion object {
        const val PROMPT = "a secret prompt"

        fun numbers(one: String) = List(32) { one }.toString()

        fun labels(vararg scores: Pair<String, Double>) =
            scores.joinToString(",", "[", "]") { (label, score) -> """{"label":"$label","score":$score}""" }
    }
}
