package routercluster.gateway.upstream

import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpResponseWriter
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.common.stream.StreamMessage
import com.linecorp.armeria.server.Server
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.future.await
import kotlinx.coroutines.future.future
import org.reactivestreams.Publisher
import java.io.IOException
import java.net.ServerSocket
import java.util.concurrent.BlockingQueue
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

internal typealias Answer = (AggregatedHttpRequest) -> HttpResponse

/** A server on a free port that answers each request with the next of [answers], then with "ok" for ever. */
internal class ScriptedUpstream(vararg answers: Answer, tls: Boolean = false) : AutoCloseable {
    val requests: BlockingQueue<AggregatedHttpRequest> = LinkedBlockingQueue()
    val clientPorts = ConcurrentLinkedQueue<Int>()
    private val script = ConcurrentLinkedQueue(answers.toList())
    private val server =
        Server
            .builder()
            .apply { if (tls) https(0).tlsSelfSigned() else http(0) }
            .requestTimeoutMillis(0)
            .serviceUnder("/") { context, request ->
                clientPorts.add(context.remoteAddress().port)
                HttpResponse.of(
                    request.aggregate().thenApply {
                        requests.add(it)
                        (script.poll() ?: ok)(it)
                    },
                )
            }.build()

    init {
        server.start().join()
    }

    val port: Int get() = server.activeLocalPort()

    /** Answers so after all that it is to answer before. */
    fun then(answer: Answer) {
        script.add(answer)
    }

    fun nextRequest(): AggregatedHttpRequest = requireNotNull(requests.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "no request came" }

    /** Does not wait: a server takes seconds to end its threads. */
    override fun close() {
        server.closeAsync()
    }
}

internal const val WAIT_SECONDS = 30L

internal val ok: Answer = { HttpResponse.of("ok") }

internal fun status(code: Int, headers: Map<String, String> = emptyMap(), body: String = "$code"): Answer =
    {
        val builder = ResponseHeaders.builder(HttpStatus.valueOf(code))
        headers.forEach { (name, value) -> builder.add(name, value) }
        HttpResponse.of(builder.build(), HttpData.ofUtf8(body))
    }

/** Takes the request and says nothing. */
internal val silent: Answer = { HttpResponse.streaming() }

/** Sends 200 and then nothing. */
internal val headersOnly: Answer = { HttpResponse.streaming().also { it.write(ResponseHeaders.of(200)) } }

/** Sends 200 and dies before the first byte of the body. */
internal val headersThenCut: Answer = { streamed { cut() } }

/** Sends 200 and one chunk, and dies. */
internal val chunkThenCut: Answer = { streamed("one ") { cut() } }

/** An answer that [then] goes on with, once its headers and [chunks] are on their way. */
internal fun streamed(vararg chunks: String, then: HttpResponseWriter.() -> Unit): HttpResponse {
    val writer = HttpResponse.streaming()
    writer.write(ResponseHeaders.of(200))
    chunks.forEach { writer.write(HttpData.ofUtf8(it)) }
    writer.whenConsumed().thenRun { writer.then() }
    return writer
}

internal fun HttpResponseWriter.cut() = close(IOException("cut by the script"))

/** A port that nobody listens on. */
internal fun refusingPort(): Int = ServerSocket(0).use { it.localPort }

internal suspend fun Publisher<HttpData>.text(): String =
    StreamMessage
        .of(this)
        .collect()
        .await()
        .joinToString("") { it.toStringUtf8() }

/** Runs [block] to its end, within a bound. */
internal fun <T> finishing(block: suspend CoroutineScope.() -> T): T =
    CoroutineScope(Dispatchers.Default).future(block = block).get(WAIT_SECONDS, TimeUnit.SECONDS)
