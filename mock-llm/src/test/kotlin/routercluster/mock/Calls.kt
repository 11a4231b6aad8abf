package routercluster.mock

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.linecorp.armeria.client.WebClient
import com.linecorp.armeria.common.AggregatedHttpResponse
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpObject
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import org.reactivestreams.Subscriber
import org.reactivestreams.Subscription
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

internal val mapper = ObjectMapper()

internal fun RunningMock.client(protocol: String = "h1c"): WebClient =
    WebClient.builder("$protocol://127.0.0.1:$port").responseTimeout(Duration.ofSeconds(30)).build()

internal fun request(path: String, json: String): HttpRequest =
    HttpRequest
        .builder()
        .post(path)
        .content(MediaType.JSON, json)
        .build()

internal fun RunningMock.post(path: String, json: String): AggregatedHttpResponse =
    client().execute(request(path, json)).aggregate().join()

internal fun AggregatedHttpResponse.json(): JsonNode = mapper.readTree(contentUtf8())

/** The `data:` of each event, `[DONE]` included. */
internal fun AggregatedHttpResponse.events(): List<String> =
    contentUtf8().lines().filter { it.startsWith("data: ") }.map { it.removePrefix("data: ") }

internal fun chat(text: String = "hello there", more: String = ""): String =
    """{"model":"m1","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"$text"}]$more}"""

/** What came of a response while it comes; nothing is lost where it breaks. */
internal class Arrival(response: HttpResponse) : Subscriber<HttpObject> {
    private val items = LinkedBlockingQueue<HttpObject>()
    private var subscription: Subscription? = null

    /** Null for a sound end. */
    val end = CompletableFuture<Throwable?>()

    init {
        response.subscribe(this)
    }

    fun headers(): ResponseHeaders = next() as ResponseHeaders

    fun chunk(): String = (next() as HttpData).toStringUtf8()

    fun rest(): List<HttpObject> = items.toList()

    fun cancel() = subscription?.cancel()

    override fun onSubscribe(s: Subscription) {
        subscription = s
        s.request(Long.MAX_VALUE)
    }

    override fun onNext(item: HttpObject) {
        items += item
    }

    override fun onError(error: Throwable) {
        end.complete(error)
    }

    override fun onComplete() {
        end.complete(null)
    }

    private fun next(): HttpObject = checkNotNull(items.poll(10, TimeUnit.SECONDS)) { "waited 10 s for the next part of a response" }
}
