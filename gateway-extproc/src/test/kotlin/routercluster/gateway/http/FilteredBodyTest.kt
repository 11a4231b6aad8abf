package routercluster.gateway.http

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.stream.StreamMessage
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.reactivestreams.Subscriber
import org.reactivestreams.Subscription
import routercluster.policy.answer.UsageFilter
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

class FilteredBodyTest {
    private val usage = """data: {"choices":[],"usage":{"prompt_tokens":1}}""" + "\n\n"

    /** Asks for one chunk at a time; writes down what comes. */
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
            events.add("failed: ${cause.message}")
        }

        fun next(): String? {
            subscription.get(WAIT_SECONDS, TimeUnit.SECONDS).request(1)
            return events.poll(WAIT_SECONDS, TimeUnit.SECONDS)
        }
    }

    private fun read(vararg chunks: String, failure: Throwable? = null): List<String> {
        val whole = StreamMessage.of(*chunks.map(HttpData::ofUtf8).toTypedArray())
        val body = if (failure == null) whole else StreamMessage.concat(whole, StreamMessage.aborted(failure))
        val reader = Reader().also(body.passing(UsageFilter())::subscribe)
        val read = ArrayList<String>()
        do {
            read += reader.next() ?: error("nothing came after $read")
        } while (read.last() != "end" && !read.last().startsWith("failed"))
        return read
    }

    @Test
    fun `what is taken out costs the reader no demand`() {
        read("data: a\n\n", usage, usage, "data: [DONE]\n\n") shouldBe listOf("data: a\n\n", "data: [DONE]\n\n", "end")
        read(usage, usage) shouldBe listOf("end")
        read() shouldBe listOf("end")
    }

    @Test
    fun `what was held back comes at the end, but not after a failure`() {
        read("data: a\n\ndata: {", "\"choices\"") shouldBe listOf("data: a\n\n", "data: {\"choices\"", "end")
        read("data: a\n\ndata: {", failure = IllegalStateException("cut")) shouldBe listOf("data: a\n\n", "failed: cut")
    }

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
