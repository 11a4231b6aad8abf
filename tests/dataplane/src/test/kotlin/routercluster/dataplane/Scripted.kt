package routercluster.dataplane

import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.Server
import routercluster.gateway.http.BodyHold
import routercluster.gateway.http.BodyRoom
import routercluster.gateway.pipeline.AnswerFilter
import routercluster.gateway.pipeline.AnswerObserver
import routercluster.gateway.pipeline.Door
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit

internal val LARGE_ANSWER = ByteArray(12 * 1024 * 1024) { (it % 251).toByte() }

/** Decides by path and records what it is told. */
class ScriptedDoor(private val upstreamPort: () -> Int) : Door {
    private val upstreams = mapOf("/v1/unknown-upstream" to "no/such", "/v1/for-http-door" to DoorPlan.HTTP_DOOR)
    val peers = LinkedBlockingQueue<String>()
    val observations = LinkedBlockingQueue<List<String>>()

    fun observation(): List<String> = checkNotNull(observations.poll(30, TimeUnit.SECONDS)) { "No observation ended" }

    override fun hold(): BodyHold = BodyRoom().hold(Long.MAX_VALUE)

    override fun plan(request: DoorRequest, loop: ScheduledExecutorService): CompletableFuture<DoorPlan> =
        CompletableFuture.completedFuture(plan(request))

    private fun plan(request: DoorRequest): DoorPlan {
        request.peer?.let(peers::add)
        if (request.path == "/v1/refused") return refuse(request.path, 403, "denied", "")
        if (request.path == "/v1/broken") return refuse(request.path, 500, "broken", "")
        return DoorPlan.Forward(
            path = "/rewritten${request.path}",
            body = request.body + " for large".toByteArray(),
            setHeaders = listOf("authorization" to "Bearer upstream-key", "content-length" to "999"),
            removeHeaders = listOf("x-vsr-debug"),
            destination = "127.0.0.1:${upstreamPort()}",
            upstream = upstreams[request.path] ?: "large/main",
            model = "large",
            responseHeaders = listOf("x-vsr-selected-model" to "large"),
            clearRouteCache = true,
            observer = Recorder(),
            answerFilter = if (request.path == "/v1/filtered") WithoutTwo() else null,
            metadata = mapOf("decision" to "example"),
        )
    }

    override fun refuse(path: String, status: Int, code: String, message: String): DoorPlan.Answer =
        DoorPlan.Answer(status, listOf("content-type" to "application/json"), """{"error":{"code":"$code"}}""".toByteArray())

    /** Takes an event out and adds one at the end. */
    private class WithoutTwo : AnswerFilter {
        override fun pass(bytes: ByteArray, last: Boolean): ByteArray {
            val text = String(bytes).replace("data: two\n\n", "")
            return if (last) {
                (text + "data: end\n\n").toByteArray()
            } else if (text.length == bytes.size) {
                bytes
            } else {
                text.toByteArray()
            }
        }
    }

    private inner class Recorder : AnswerObserver {
        private val events = mutableListOf<String>()
        private val body = StringBuilder()

        override fun headers(status: Int, headers: List<Pair<String, String>>) {
            events += "headers $status"
        }

        override fun chunk(bytes: ByteArray) {
            body.append(String(bytes))
        }

        override fun end() = finish("end")

        override fun aborted() = finish("aborted")

        private fun finish(how: String) {
            if (body.isNotEmpty()) events += "$body"
            observations.add(events + how)
        }
    }
}

/** Answers 200, or on `/v1/stream` as the test writes it. */
class ScriptedUpstream {
    val requests = LinkedBlockingQueue<AggregatedHttpRequest>()
    val streams = LinkedBlockingQueue<ScriptedStream>()
    private val server =
        Server
            .builder()
            .http(0)
            .serviceUnder("/") { _, request -> answer(request) }
            .build()
    val port get() = server.activeLocalPort()

    fun start() {
        server.start().join()
    }

    fun next(): AggregatedHttpRequest = checkNotNull(requests.poll(30, TimeUnit.SECONDS)) { "No request reached the upstream" }

    fun stop(): CompletableFuture<Void> = server.stop()

    private fun answer(request: HttpRequest): HttpResponse =
        HttpResponse.of(
            request.aggregate().thenApply { whole ->
                requests.add(whole)
                when (whole.path().removePrefix("/rewritten")) {
                    "/v1/stream", "/v1/filtered" -> ScriptedStream().also(streams::add).response
                    "/v1/large" -> HttpResponse.of(HttpStatus.OK, MediaType.OCTET_STREAM, LARGE_ANSWER)
                    else -> HttpResponse.of("{}")
                }
            },
        )
}

class ScriptedStream : AutoCloseable {
    private val writer = HttpResponse.streaming()
    val response: HttpResponse get() = writer
    val cancelled = CompletableFuture<Unit>()

    init {
        writer.write(ResponseHeaders.builder(HttpStatus.OK).contentType(MediaType.EVENT_STREAM).build())
        writer.whenComplete().whenComplete { _, failure -> if (failure != null) cancelled.complete(Unit) }
    }

    fun write(text: String) = check(writer.tryWrite(HttpData.ofUtf8(text))) { "The stream is closed" }

    override fun close() = writer.close()
}
