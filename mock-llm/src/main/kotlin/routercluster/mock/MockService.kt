package routercluster.mock

import com.fasterxml.jackson.databind.JsonNode
import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.HttpService
import com.linecorp.armeria.server.ServiceRequestContext
import java.time.Clock
import java.util.Random
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicLong

/** What a request is answered with, before delays and faults. */
internal sealed interface Content {
    class Whole(val status: Int, val body: HttpData) : Content

    class Text(val dialect: Dialect, val asked: Asked, val answer: Generated) : Content
}

/** The API of a mock. Any prefix may stand before the paths, since upstreams differ in theirs. */
internal class MockService(private val state: MockState, private val random: Random, private val clock: Clock) : HttpService {
    private val ids = AtomicLong()

    override fun serve(ctx: ServiceRequestContext, req: HttpRequest): HttpResponse =
        when (ctx.path()) {
            "/health" -> health()
            "/stats" -> stats()
            "/script" -> HttpResponse.of(req.aggregate().thenApply { control(ctx, it) })
            else -> model(ctx, req)
        }

    private fun model(ctx: ServiceRequestContext, req: HttpRequest): HttpResponse {
        val delivery = Delivery(ctx, clock)
        val response =
            HttpResponse.of(
                req.aggregate().thenCompose { request ->
                    val received = Received(request.method().name, request.path(), request.headers(), request.content().array())
                    val script = state.arrived(received)
                    delivery.arrived = true
                    answer(ctx.path(), request, script, delivery)
                },
            )
        response.whenComplete().handle { _, error ->
            if (delivery.arrived) state.left(abandoned = error != null && !delivery.endedByUs)
        }
        return response
    }

    private fun answer(path: String, request: AggregatedHttpRequest, script: Script, delivery: Delivery): CompletableFuture<HttpResponse> {
        val dialect = if (path.endsWith("/messages")) AnthropicDialect else ChatDialect
        // A float is one atomic step of the generator: however requests interleave, the same seed draws the same numbers. A double takes two steps.
        val fault = script.fault?.takeIf { script.faultRate >= 1 || random.nextFloat() < script.faultRate }
        return delivery.deliver(content(path, request, script), dialect, script, fault)
    }

    private fun content(path: String, request: AggregatedHttpRequest, script: Script): Content {
        val post = request.method() == HttpMethod.POST
        return when {
            path.endsWith("/models") -> ok(modelList(script.models))
            !post -> error(405, "only POST is answered here")
            path.endsWith("/chat/completions") -> text(ChatDialect, request, script)
            path.endsWith("/completions") -> text(CompletionDialect, request, script)
            path.endsWith("/messages") -> text(AnthropicDialect, request, script)
            path.endsWith("/embeddings") -> fromJson(request) { ok(embeddings(it, script)) }
            path.endsWith("/moderations") -> fromJson(request) { ok(moderation(it, script)) }
            path.endsWith("/audio/transcriptions") || path.endsWith("/audio/translations") -> ok(transcription(script))
            "/images/" in path -> ok(image())
            else -> error(404, "the mock knows no such path")
        }
    }

    private fun text(dialect: Dialect, request: AggregatedHttpRequest, script: Script): Content {
        val body = objectIn(request.content().array()) ?: return Content.Whole(400, dialect.error(400, "the body is not a JSON object"))
        val asked = asked(body, script)
        return Content.Text(dialect, asked, generate("mock-${ids.incrementAndGet()}", asked, script))
    }

    private fun fromJson(request: AggregatedHttpRequest, make: (JsonNode) -> Content): Content =
        objectIn(request.content().array())?.let(make) ?: error(400, "the body is not a JSON object")

    private fun ok(body: HttpData) = Content.Whole(200, body)

    private fun error(status: Int, message: String) = Content.Whole(status, openAiError(status, message))

    private fun health(): HttpResponse =
        if (state.script.healthy) {
            HttpResponse.of(HttpStatus.OK, MediaType.JSON, "{\"status\":\"ok\"}")
        } else {
            HttpResponse.of(HttpStatus.SERVICE_UNAVAILABLE, MediaType.JSON, "{\"status\":\"unhealthy\"}")
        }

    private fun stats(): HttpResponse {
        val body =
            json {
                raw("{\"requests\":").number(state.requestCount)
                raw(",\"in_flight\":").number(state.inFlight)
                raw(",\"cancelled\":").number(state.cancelledCount).raw("}")
            }
        return HttpResponse.of(HttpStatus.OK, MediaType.JSON, body)
    }

    /** `POST /script` sets the script; with `?next=N` it is for the next N requests only. */
    private fun control(ctx: ServiceRequestContext, request: AggregatedHttpRequest): HttpResponse {
        if (request.method() != HttpMethod.POST) return HttpResponse.of(HttpStatus.METHOD_NOT_ALLOWED)
        return try {
            val script = readScript(request.content().array())
            val next = ctx.queryParam("next")
            if (next == null) state.script = script else state.queue(script, times(next))
            HttpResponse.of(HttpStatus.NO_CONTENT)
        } catch (e: InvalidScript) {
            refusal(e)
        } catch (e: IllegalArgumentException) {
            refusal(e)
        }
    }

    private fun times(next: String): Int = next.toIntOrNull() ?: throw InvalidScript("next: accepted: a whole number")

    private fun refusal(e: Exception): HttpResponse =
        HttpResponse.of(HttpStatus.BAD_REQUEST, MediaType.JSON, openAiError(400, e.message.orEmpty()))
}
