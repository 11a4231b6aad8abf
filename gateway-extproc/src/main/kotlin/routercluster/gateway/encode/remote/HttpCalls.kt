package routercluster.gateway.encode.remote

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.client.ClientFactory
import com.linecorp.armeria.client.Endpoint
import com.linecorp.armeria.client.RequestOptions
import com.linecorp.armeria.client.UnprocessedRequestException
import com.linecorp.armeria.client.WebClient
import com.linecorp.armeria.common.AggregatedHttpResponse
import com.linecorp.armeria.common.CommonPools
import com.linecorp.armeria.common.ContentTooLargeException
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.SessionProtocol
import com.linecorp.armeria.common.TimeoutException
import routercluster.policy.encode.EncodeFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit
import routercluster.policy.catalog.Endpoint as Address

internal val mapper = ObjectMapper()

/** Bytes of [json] in UTF-8; a lone surrogate, which has none, becomes a question mark. */
internal fun bytesOf(json: JsonNode): ByteArray = json.toString().encodeToByteArray()

/** What [answer] holds as JSON. */
internal fun jsonOf(answer: ByteArray): JsonNode =
    try {
        mapper.readTree(answer).takeUnless { it.isMissingNode } ?: throw malformed("is empty")
    } catch (_: JsonProcessingException) {
        // Its message would quote the answer, which may quote the text.
        throw malformed("is not JSON")
    }

/** @param what continues "the answer" */
internal fun malformed(what: String) = EncodeFailure.Unavailable("the answer $what")

/**
 * Posts JSON to one address. Errors have names and never quote what was sent or answered.
 *
 * @param answerBytesMax of one answer
 * @param retries after a failure to connect, 429, 502, 503 and 504
 * @param timer waits between two tries
 */
internal class HttpCalls(
    private val address: Address,
    factory: ClientFactory,
    answerBytesMax: Int,
    private val retries: Int,
    private val timer: ScheduledExecutorService,
    private val nanos: () -> Long = System::nanoTime,
) {
    private val client =
        WebClient
            .builder(if (address.tls) SessionProtocol.HTTPS else SessionProtocol.H1C, Endpoint.of(address.host, address.port))
            .factory(factory)
            .maxResponseLength(answerBytesMax.toLong())
            .setHeader(HttpHeaderNames.USER_AGENT, "RouterCluster")
            .build()
    private val bytesMax = answerBytesMax

    /** The answer of status 2xx to [body], posted to [path] below the address. */
    fun post(path: String, body: ObjectNode, timeout: Duration): CompletableFuture<JsonNode> {
        val attempt = Attempt(headers(path).build(), bytesOf(body), nanos() + timeout.toNanos())
        attempt.send(0)
        return attempt.answer.thenCompose(::parsed).alsoCancels(attempt.answer)
    }

    /** Long answers would hold up an event loop. */
    private fun parsed(answer: AggregatedHttpResponse): CompletableFuture<JsonNode> {
        val bytes = answer.content().array()
        if (bytes.size <= PARSED_HERE_BYTES_MAX) return CompletableFuture.completedFuture(jsonOf(bytes))
        return CompletableFuture.supplyAsync({ jsonOf(bytes) }, CommonPools.blockingTaskExecutor())
    }

    /** One try with more [headers], for protocols that look at the head of an answer. Any status is an answer. */
    fun exchange(headers: RequestHeaders, body: ByteArray, timeout: Duration): CompletableFuture<AggregatedHttpResponse> {
        val attempt = Attempt(headers, body, nanos() + timeout.toNanos(), takesAnyStatus = true)
        attempt.send(retries)
        return attempt.answer
    }

    fun headers(path: String, method: HttpMethod = HttpMethod.POST) =
        RequestHeaders
            .builder(method, (address.path + path).ifEmpty { "/" })
            .contentType(MediaType.JSON)
            .set(HttpHeaderNames.ACCEPT, MediaType.JSON.toString())
            .also { head -> address.headers.forEach { (name, value) -> head.set(name, value.reveal()) } }
            .also { head -> address.key?.let { head.set(HttpHeaderNames.AUTHORIZATION, "Bearer ${it.reveal()}") } }

    private inner class Attempt(
        private val headers: RequestHeaders,
        private val body: ByteArray,
        private val deadline: Long,
        private val takesAnyStatus: Boolean = false,
    ) {
        val answer = CompletableFuture<AggregatedHttpResponse>()

        fun send(tries: Int) {
            if (answer.isDone) return
            val left = maxOf(MIN_NANOS, deadline - nanos())
            val options = RequestOptions.builder().responseTimeout(Duration.ofNanos(left)).build()
            val response = client.execute(HttpRequest.of(headers, HttpData.wrap(body)), options)
            answer.whenComplete { _, _ -> if (answer.isCancelled) response.abort() }
            response.aggregate().whenComplete { whole, failure -> take(whole, failure, tries, left) }
        }

        private fun take(whole: AggregatedHttpResponse?, failure: Throwable?, tries: Int, left: Long) {
            val fault = if (whole == null) nameOf(failure, left) else faultOf(whole.status()).takeUnless { takesAnyStatus }
            if (fault == null) {
                answer.complete(whole)
                return
            }
            val pause = PAUSE_NANOS shl minOf(tries, PAUSE_DOUBLINGS_MAX)
            if (tries < retries && isPassing(whole, failure) && nanos() + pause < deadline) {
                timer.schedule({ send(tries + 1) }, pause, TimeUnit.NANOSECONDS)
            } else {
                answer.completeExceptionally(fault)
            }
        }
    }

    private fun isPassing(whole: AggregatedHttpResponse?, failure: Throwable?): Boolean =
        if (whole == null) causeOf(failure) is UnprocessedRequestException else whole.status().code() in passing

    fun faultOf(status: HttpStatus): EncodeFailure? {
        val told = "${status.code()} from $address"
        return when (status.code()) {
            in SUCCESS -> null
            401, 403 -> EncodeFailure.Unavailable("$told: the key was not accepted")
            404 -> EncodeFailure.Unavailable("$told: it has no such path")
            400, 413, 422, 424 -> EncodeFailure.Refused("$told: it does not take the request")
            429, 503 -> EncodeFailure.Overloaded(told)
            else -> EncodeFailure.Unavailable(told)
        }
    }

    private fun nameOf(failure: Throwable?, left: Long): EncodeFailure =
        when (val cause = causeOf(failure)) {
            is EncodeFailure -> cause
            is UnprocessedRequestException -> EncodeFailure.Unavailable("cannot connect to $address", cause)
            is TimeoutException -> EncodeFailure.TimedOut("no answer from $address within ${TimeUnit.NANOSECONDS.toMillis(left)} ms")
            is ContentTooLargeException -> EncodeFailure.Unavailable("an answer of more than $bytesMax bytes from $address")
            else -> EncodeFailure.Unavailable("the connection to $address broke off", cause)
        }

    private fun causeOf(failure: Throwable?) = if (failure is CompletionException) failure.cause else failure

    private companion object {
        val SUCCESS = 200..299
        val passing = setOf(429, 502, 503, 504)
        const val PARSED_HERE_BYTES_MAX = 256 * 1024
        const val MIN_NANOS = 1_000_000L
        const val PAUSE_NANOS = 50_000_000L
        const val PAUSE_DOUBLINGS_MAX = 6
    }
}

/** This future, which cancels [source] when it is cancelled itself. */
internal fun <T> CompletableFuture<T>.alsoCancels(source: CompletableFuture<*>): CompletableFuture<T> {
    whenComplete { _, _ -> if (isCancelled) source.cancel(true) }
    return this
}
