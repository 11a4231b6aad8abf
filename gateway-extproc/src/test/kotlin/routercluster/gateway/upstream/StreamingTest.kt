package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpResponseWriter
import com.linecorp.armeria.common.ResponseHeaders
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.reactivestreams.Subscriber
import org.reactivestreams.Subscription
import routercluster.policy.Forwarding
import routercluster.policy.models.Model
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.random.Random

class StreamingTest {
    private val open = ArrayList<AutoCloseable>()

    @AfterEach
    fun close() = open.asReversed().forEach { it.close() }

    private fun served(model: Model, settings: Forwarding = Forwarding()): Reply.Served {
        val upstreams = UpstreamPool().also(open::add).upstreams(listOf(model), settings, Random(1))
        return finishing { upstreams.send(exchange(model)) } as Reply.Served
    }

    private fun model(vararg answers: Answer) = modelOf("a", upstream("a/1", ScriptedUpstream(*answers).also(open::add).port))

    /** Writes what happens to a body into a queue: chunks, `end`, or the code of the failure. */
    private class Reader : Subscriber<HttpData> {
        val events = LinkedBlockingQueue<String>()
        val subscription = CompletableFuture<Subscription>()

        override fun onSubscribe(subscription: Subscription) {
            this.subscription.complete(subscription)
        }

        override fun onNext(data: HttpData) {
            events.add(data.toStringUtf8())
        }

        override fun onComplete() {
            events.add("end")
        }

        override fun onError(cause: Throwable) {
            events.add((cause as? UpstreamStreamFailure)?.code ?: "$cause")
        }

        fun ask(n: Long) = subscription.get(WAIT_SECONDS, TimeUnit.SECONDS).request(n)

        fun next(): String? = events.poll(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    @Test
    fun `chunks arrive one by one and only when asked for`() {
        val writer = CompletableFuture<HttpResponseWriter>()
        val reader = Reader()
        served(model({ streamed("one") { writer.complete(this) } })).body.subscribe(reader)
        val upstream = writer.get(WAIT_SECONDS, TimeUnit.SECONDS)
        reader.ask(1)
        reader.next() shouldBe "one"
        upstream.write(HttpData.ofUtf8("two"))
        upstream.write(HttpData.ofUtf8("three"))
        upstream.close()
        reader.ask(1)
        val rest = StringBuilder(reader.next().orEmpty())
        rest.toString().startsWith("two") shouldBe true
        reader.ask(Long.MAX_VALUE)
        for (event in generateSequence { reader.next() }.takeWhile { it != "end" }) rest.append(event)
        rest.toString() shouldBe "twothree"
    }

    @Test
    fun `a cut within the answer is a typed failure and nothing is tried again`() {
        val server = ScriptedUpstream(chunkThenCut).also(open::add)
        val reply = served(modelOf("a", upstream("a/1", server.port)))
        val reader = Reader().also(reply.body::subscribe)
        reader.ask(10)
        listOf(reader.next(), reader.next()) shouldBe listOf("one ", "upstream_stream_cut")
        reply.attempts.told() shouldBe "a/1 200"
        server.requests.size shouldBe 1
    }

    @Test
    fun `silence within the answer is a typed failure and ends the upstream's request`() {
        val gone = CompletableFuture<Throwable>()
        val reply = served(model({ endless(gone) }), Forwarding(idleTimeout = Duration.ofMillis(100)))
        val reader = Reader().also(reply.body::subscribe)
        reader.ask(10)
        listOf(reader.next(), reader.next()) shouldBe listOf("one", "upstream_stream_idle")
        gone.get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    @Test
    fun `the deadline ends an answer that nobody reads`() {
        val gone = CompletableFuture<Throwable>()
        val model = model({ endless(gone) })
        val upstreams = UpstreamPool().also(open::add).upstreams(listOf(model), Forwarding(), Random(1))
        val reply = finishing { upstreams.send(exchange(model, seconds = 1)) } as Reply.Served
        gone.get(WAIT_SECONDS, TimeUnit.SECONDS)
        val reader = Reader().also(reply.body::subscribe)
        reader.next() shouldBe "deadline_exceeded"
    }

    @Test
    fun `cancelling the body ends the upstream's request`() {
        val gone = CompletableFuture<Throwable>()
        val reader = Reader().also(served(model({ endless(gone) })).body::subscribe)
        reader.ask(1)
        reader.next() shouldBe "one"
        reader.subscription.join().cancel()
        gone.get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    @Test
    fun `cancelling the coroutine ends the upstream's request`() {
        val gone = CompletableFuture<Throwable>()
        val asked = CompletableFuture<Unit>()
        val model =
            model({
                HttpResponse.streaming().also { writer ->
                    writer.whenComplete().whenComplete { _, cause -> gone.complete(cause) }
                    asked.complete(Unit)
                }
            })
        val upstreams = UpstreamPool().also(open::add).upstreams(listOf(model), Forwarding(), Random(1))
        val client = CoroutineScope(Dispatchers.Default)
        client.launch { upstreams.send(exchange(model)) }
        asked.get(WAIT_SECONDS, TimeUnit.SECONDS)
        client.cancel()
        gone.get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    @Test
    fun `a body is read once`() {
        val reply = served(model(ok))
        finishing { reply.body.text() } shouldBe "ok"
        val second = Reader().also(reply.body::subscribe)
        second.next() shouldBe
            "java.lang.IllegalStateException: the body of an answer can be read only once, and not after it was cancelled"
    }

    @Test
    fun `a long error answer is served whole although it was only begun before it was served`() {
        val text = "x".repeat(300_000)
        val reply = served(model(status(500, body = text), status(500, body = text)))
        finishing { reply.body.text() } shouldBe text
        reply.attempts.told() shouldBe "a/1 500 SERVER_ERROR, a/1 500 SERVER_ERROR"
    }

    /** Answers "one" and goes on until the client leaves, which completes [gone]. */
    private fun endless(gone: CompletableFuture<Throwable>): HttpResponse {
        val writer = HttpResponse.streaming()
        writer.write(ResponseHeaders.of(200))
        writer.write(HttpData.ofUtf8("one"))
        writer.whenComplete().whenComplete { _, cause -> gone.complete(cause) }
        return writer
    }
}
