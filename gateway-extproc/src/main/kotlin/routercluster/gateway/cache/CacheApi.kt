package routercluster.gateway.cache

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.ContentTooLargeException
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.HttpService
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import org.slf4j.LoggerFactory
import routercluster.gateway.admin.only
import routercluster.gateway.classify.ApiBody
import routercluster.gateway.http.bodyTooLarge
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.internalError
import routercluster.policy.Policy
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.CacheAct
import routercluster.policy.cache.CacheAction
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.LedgerFailure
import routercluster.policy.request.BadRequest
import routercluster.policy.vectors.Refusal
import routercluster.policy.vectors.VectorFailure
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage

/**
 * Kept answers for operators, on their port: what there is and what it brings, what is not to be given any more, and who did what. What is
 * acknowledged is durable and in force. Texts of requests and answers are told to callers of this machine alone, and that they were is noted.
 *
 * @param policy in force
 */
internal class CacheApi(private val operations: CacheOperations, private val clock: Clock, private val policy: () -> Policy) {
    private val query = CacheQuery(operations::namespace)

    fun addTo(server: ServerBuilder) {
        server.add(HttpMethod.GET, "stats") { _, _ -> operations.stats().thenApply { json(HttpStatus.OK, it) } }
        server.add(HttpMethod.GET, "entries") { ctx, _ -> entries(ctx) }
        server.add(HttpMethod.GET, "audit") { ctx, _ -> audit(ctx) }
        server.add(HttpMethod.POST, "invalidate") { ctx, req -> body(req).thenCompose { invalidate(ctx, it) } }
        server.add(HttpMethod.POST, "flush") { ctx, req -> body(req).thenCompose { flush(ctx, it) } }
    }

    private fun ServerBuilder.add(
        method: HttpMethod,
        name: String,
        answer: (ServiceRequestContext, HttpRequest) -> CompletionStage<HttpResponse>,
    ) {
        val service = HttpService { ctx, req ->
            val answered =
                try {
                    answer(ctx, req)
                } catch (bad: BadRequest) {
                    CompletableFuture.failedStage(bad)
                }
            HttpResponse.of(answered.exceptionally { refusal(errorOf(it)) })
        }
        route()
            .path("$PATH/$name")
            .maxRequestLength(BODY_BYTES_MAX)
            .requestTimeout(TIMEOUT)
            .build(only(method, service))
    }

    private fun invalidate(ctx: ServiceRequestContext, body: ApiBody): CompletionStage<HttpResponse> {
        val filter = query.filter(body.section("filter"), "filter.")
        val isDry = body.flag("dry_run") ?: true
        body.close()
        if (filter.isAll) throw ApiBody.wrong("filter", "say which answers are meant; a flush means all")
        return act(ctx, CacheAction.INVALIDATE, filter, isDry)
    }

    private fun flush(ctx: ServiceRequestContext, body: ApiBody): CompletionStage<HttpResponse> {
        val isDry = body.flag("dry_run") ?: false
        body.close()
        return act(ctx, CacheAction.FLUSH, EntryFilter.ALL, isDry)
    }

    private fun act(ctx: ServiceRequestContext, action: CacheAction, filter: EntryFilter, isDry: Boolean): CompletionStage<HttpResponse> =
        operations.meant(filter).thenCompose { meant ->
            val json = nodes.objectNode().put("dry_run", isDry)
            json.putObject("entries").put("exact", meant.exact).put("semantic", meant.semantic)
            if (isDry) {
                CompletableFuture.completedStage(json(HttpStatus.OK, json.putNull("line")))
            } else {
                note(ctx, action, filter, meant.exact + (meant.semantic ?: 0)).thenApply {
                    json.set<ObjectNode>("line", it.toJson())
                    json(HttpStatus.OK, json)
                }
            }
        }

    private fun note(ctx: ServiceRequestContext, action: CacheAction, filter: EntryFilter, entries: Long): CompletionStage<AuditLine> {
        val lasts = policy().longestKept()
        val act = CacheAct(action, filter, ctx.remoteAddress().address.hostAddress, entries, lasts)
        // Elsewhere than in the ledger, so that a ledger that was written anew as a whole is found out.
        return operations.note(act).thenApply { it.also { log.info("cache audit line {}: {}, hash {}", it.number, action.label, it.hash) } }
    }

    private fun entries(ctx: ServiceRequestContext): CompletionStage<HttpResponse> {
        val body = CacheQuery.bodyOf(ctx.queryParams(), flags = setOf("text"), numbers = setOf("limit"))
        val filter = query.filter(body)
        val isSemantic = body.oneOf("tier", tiers) ?: false
        val limit = body.count("limit", ENTRIES_MAX) ?: ENTRIES_USUAL
        val after = body.name("after")
        val showsText = body.flag("text") ?: false
        body.close()
        if (showsText && !ctx.remoteAddress().address.isLoopbackAddress) throw NOT_FROM_HERE
        val page = if (isSemantic) {
            operations.pages.semantic(filter, after, limit)
        } else {
            CompletableFuture.completedStage(operations.pages.exact(filter, after, limit))
        }
        return page.thenCompose { told ->
            val answer = json(HttpStatus.OK, pageJson(told, showsText))
            if (showsText) {
                note(ctx, CacheAction.READ, filter, told.answers.size.toLong()).thenApply { answer }
            } else {
                CompletableFuture.completedStage(answer)
            }
        }
    }

    private fun pageJson(page: AnswerPage, showsText: Boolean): ObjectNode {
        val json = nodes.objectNode()
        val list = json.putArray("entries")
        val now = clock.instant()
        for (seen in page.answers) {
            val kept = seen.kept
            val entry = list.addObject().put("id", seen.id).put("recipe", kept.recipe)
            entry
                .put("decision", kept.decision)
                .put("category", kept.category)
                .put("model", kept.model)
                .put("namespace", kept.namespace)
                .put("kept_at", kept.keptAt.toString())
                .put("age_seconds", Duration.between(kept.keptAt, now).toSeconds().coerceAtLeast(0))
                .put("expires_at", seen.expiresAt.toString())
                .put("bytes", seen.bytes)
                .put("cost", kept.cost)
            if (showsText) entry.putObject("text").put("request", seen.request).put("answer", kept.answer.text)
        }
        return json.put("next", page.next)
    }

    private fun audit(ctx: ServiceRequestContext): CompletionStage<HttpResponse> {
        val body = CacheQuery.bodyOf(ctx.queryParams(), flags = emptySet(), numbers = setOf("limit", "after"))
        val after = body.count("after", Int.MAX_VALUE) ?: 0
        val limit = body.count("limit", AUDIT_MAX) ?: AUDIT_USUAL
        body.close()
        return operations.audit(after.toLong(), limit).thenApply { page ->
            val json = nodes.objectNode().put("first", page.first).put("cut", page.cut)
            val lines = json.putArray("lines")
            page.lines.forEach { lines.add(it.toJson()) }
            json(HttpStatus.OK, json)
        }
    }

    private fun body(req: HttpRequest): CompletionStage<ApiBody> {
        if (req.contentType()?.isJson != true) throw BadRequest(415, "unsupported_content_type", "Content-Type must be application/json")
        return req.aggregate().thenApply { ApiBody.of(it.content().array()) }
    }

    private fun errorOf(failure: Throwable): ApiError =
        when (val cause = generateSequence(failure) { it.cause.takeIf { _ -> it is CompletionException } }.last()) {
            is BadRequest -> {
                ApiError(cause.status, cause.code, cause.message, cause.param)
            }

            is ContentTooLargeException -> {
                errorOf(bodyTooLarge(BODY_BYTES_MAX))
            }

            is LedgerFailure.Full -> {
                ApiError(409, "too_many_invalidations", "${cause.message}")
            }

            is LedgerFailure.Unavailable -> {
                ApiError(503, "ledger_unavailable", "It is not known to be kept: ${cause.message}", retryAfterSeconds = 1)
            }

            is VectorFailure -> {
                errorOf(cause)
            }

            else -> {
                internalError(cause)
            }
        }

    private fun errorOf(failure: VectorFailure): ApiError =
        if (failure is VectorFailure.Refused && failure.refusal == Refusal.CURSOR) {
            ApiError(422, "invalid_value", "`after` must be what the page before has as its next.", "after")
        } else {
            ApiError(503, "store_unavailable", "${failure.message}", retryAfterSeconds = 1)
        }

    private fun refusal(error: ApiError): HttpResponse {
        val headers = ResponseHeaders.builder(HttpStatus.valueOf(error.status)).contentType(MediaType.JSON_UTF_8)
        error.retryAfterSeconds?.let { headers.set("retry-after", "$it") }
        return HttpResponse.of(headers.build(), ClientProtocol.OPENAI.body(error, ""))
    }

    private fun json(status: HttpStatus, body: ObjectNode): HttpResponse = HttpResponse.of(
        status,
        MediaType.JSON_UTF_8,
        body.toPrettyString(),
    )

    companion object {
        const val PATH = "/api/v1/cache"
        private const val BODY_BYTES_MAX = 64L * 1024

        /** Longer than the ledger waits for its store. */
        private val TIMEOUT: Duration = Duration.ofSeconds(30)
        private const val ENTRIES_MAX = 100
        private const val ENTRIES_USUAL = 20
        private const val AUDIT_MAX = 1_000
        private const val AUDIT_USUAL = 100
        private val tiers = mapOf("exact" to false, "semantic" to true)
        private val NOT_FROM_HERE =
            BadRequest(403, "only_from_this_machine", "Texts are shown to callers of this machine alone: this port knows no operators.")
        private val nodes: JsonNodeFactory = JsonNodeFactory.instance
        private val log = LoggerFactory.getLogger("routercluster.cache")
    }
}

/** How long an answer is kept at most by this policy. */
private fun Policy.longestKept(): Duration =
    recipes.values
        .flatMap { it.caches.values }
        .flatMap { settings -> listOf(settings.ttl) + settings.categories.values.map { it.ttl } }
        .mapNotNull { it }
        .plus(cache.ttl)
        .max()
