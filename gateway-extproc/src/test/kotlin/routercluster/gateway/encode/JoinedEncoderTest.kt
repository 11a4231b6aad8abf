package routercluster.gateway.encode

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import java.time.Duration
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

class JoinedEncoderTest {
    private val topic = Head(Task.SEQ_CLS, listOf("law", "other"))
    private val near = ScriptedEncoder("near", mapOf("topic" to topic, "threat" to topic))
    private val far = ScriptedEncoder("far", mapOf("topic" to topic))
    private val joined = JoinedEncoder(mapOf("near" to near, "far" to far))
    private val nearTopic = HeadRef("near", "topic")
    private val farTopic = HeadRef("far", "topic")

    private fun request(vararg passages: Passage) = EncodeRequest(passages.toList(), Duration.ofSeconds(1))

    private fun ask(request: EncodeRequest): EncodeReply = joined.encode(request).toCompletableFuture().get(20, TimeUnit.SECONDS)

    private fun EncodeReply.best(passage: Int, head: HeadRef): Int =
        (results[passage].heads.getValue(head) as HeadResult.Labels).probabilities.let { odds -> odds.indices.maxBy { odds[it] } }

    @Test
    fun `knows the heads of all`() {
        joined.heads.keys shouldBe setOf(nearTopic, HeadRef("near", "threat"), farTopic)
    }

    @Test
    fun `a request to one goes there as it is`() {
        val request = request(Passage("a law", setOf(nearTopic)))
        ask(request).best(0, nearTopic) shouldBe 0
        near.requests.single() shouldBe request
        far.requests.size shouldBe 0
    }

    @Test
    fun `a request to several is dealt out and put together again`() {
        val both = setOf(nearTopic, farTopic)
        val reply = ask(request(Passage("a law", setOf(nearTopic)), Passage("a law", both), Passage("hello", setOf(farTopic))))
        reply.best(0, nearTopic) shouldBe 0
        both.map { reply.best(1, it) } shouldBe listOf(0, 0)
        reply.best(2, farTopic) shouldBe 1
        near.requests
            .single()
            .passages
            .map { it.text to it.heads } shouldBe List(2) { "a law" to setOf(nearTopic) }
        far.requests
            .single()
            .passages
            .map { it.text } shouldBe listOf("a law", "hello")
        reply.results.map { it.coverage.isWhole } shouldBe listOf(true, true, true)
    }

    @Test
    fun `one that fails fails its own heads only`() {
        far.failure = EncodeFailure.Overloaded("the queue is full")
        val reply = ask(request(Passage("a law", setOf(nearTopic, farTopic)), Passage("hello", setOf(farTopic))))
        reply.best(0, nearTopic) shouldBe 0
        reply.results.map {
            it.heads
                .getValue(farTopic)
                .shouldBeInstanceOf<HeadResult.Failed>()
                .reason
        } shouldBe
            listOf("the queue is full", "the queue is full")
    }

    @Test
    fun `the failure of the only one asked is the request's`() {
        far.failure = EncodeFailure.Overloaded("the queue is full")
        val failed = shouldThrow<ExecutionException> { ask(request(Passage("x", setOf(farTopic)))) }
        reasonOf(failed) shouldBe "the queue is full"
        reasonOf(IllegalStateException("a secret prompt")) shouldBe "the encoder failed with IllegalStateException"
    }

    @Test
    fun `an encoder that is not there is refused`() {
        val failed = shouldThrow<ExecutionException> { ask(request(Passage("x", setOf(HeadRef("gone", "topic"))))) }
        reasonOf(failed) shouldBe "there is no encoder gone"
    }

    @Test
    fun `who leaves leaves all`() {
        near.hold()
        far.hold()
        val answer = joined.encode(request(Passage("x", setOf(nearTopic, farTopic)))).toCompletableFuture()
        answer.cancel(true)
        (near.cancelled to far.cancelled) shouldBe (1 to 1)
    }
}
