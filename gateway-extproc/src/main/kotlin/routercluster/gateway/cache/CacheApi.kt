package routercluster.gateway.cache

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import org.slf4j.LoggerFactory
import routercluster.gateway.classify.ApiBody
import routercluster.policy.Policy
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.CacheAct
import routercluster.policy.cache.CacheAction
import routercluster.policy.cache.EntryFilter
import routercluster.policy.request.BadRequest
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
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
        CacheCalls.add(server, HttpMethod.GET, "stats") { _, _ -> operations.stats().thenApply { CacheCalls.json(HttpStatus.OK, it) } }
        CacheCalls.add(server, HttpMethod.GET, "entries") { ctx, _ -> entries(ctx) }
        CacheCalls.add(server, HttpMethod.GET, "audit") { ctx, _ -> audit(ctx) }
        CacheCalls.add(server, HttpMethod.POST, "invalidate") { ctx, req -> CacheCalls.body(req).thenCompose { invalidate(ctx, it) } }
        CacheCalls.add(server, HttpMethod.POST, "flush") { ctx, req -> CacheCalls.body(req).thenCompose { flush(ctx, it) } }
        CacheCalls.add(server, HttpMethod.POST, "export") { ctx, req -> CacheCalls.body(req).thenCompose { export(ctx, it) } }
        CacheCalls.add(server, HttpMethod.POST, "warm-up") { ctx, req -> CacheCalls.body(req).thenCompose { warmUp(ctx, it) } }
    }

    private fun invalidate(ctx: ServiceRequestContext, body: ApiBody): CompletionStage<HttpResponse> {
        val filter = query.filter(body.section("filter"), "filter.")
        val isDry = body.flag("dry_run") ?: true
        body.close()
        if (filter.isAll) throw NOTHING_MEANT
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
                CompletableFuture.completedStage(CacheCalls.json(HttpStatus.OK, json.putNull("line")))
            } else {
                note(ctx, action, filter, meant.exact + (meant.semantic ?: 0)).thenApply {
                    json.set<ObjectNode>("line", it.toJson())
                    CacheCalls.json(HttpStatus.OK, json)
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
        if (showsText) CacheCalls.requireLocal(ctx)
        val page = if (isSemantic) {
            operations.pages.semantic(filter, after, limit)
        } else {
            CompletableFuture.completedStage(operations.pages.exact(filter, after, limit))
        }
        return page.thenCompose { told ->
            val answer = CacheCalls.json(HttpStatus.OK, pageJson(told, showsText))
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

    private fun export(ctx: ServiceRequestContext, body: ApiBody): CompletionStage<HttpResponse> {
        CacheCalls.requireLocal(ctx)
        val filter = query.filter(body.section("filter"), "filter.")
        val isSemantic = body.oneOf("tier", tiers) ?: false
        val limit = body.count("limit", ENTRIES_MAX) ?: ENTRIES_MAX
        val after = body.name("after")
        body.close()
        val pages = operations.pages
        val page = if (isSemantic) {
            pages.semantic(filter, after, limit, withVectors = true)
        } else {
            CompletableFuture.completedStage(pages.exact(filter, after, limit))
        }
        return page.thenCompose { told ->
            val json = nodes.objectNode()
            val list = json.putArray("entries")
            val revision = policy().revision
            told.answers.forEach { list.add(operations.transfer.write(it, revision)) }
            json.put("next", told.next)
            note(ctx, CacheAction.EXPORT, filter, told.answers.size.toLong()).thenApply { CacheCalls.json(HttpStatus.OK, json) }
        }
    }

    /** Entries that do not fit are left out, and told; the others are noted before they are taken. */
    private fun warmUp(ctx: ServiceRequestContext, body: ApiBody): CompletionStage<HttpResponse> {
        val entries = body.elements("entries")
        val isDry = body.flag("dry_run") ?: true
        body.close()
        val policy = policy()
        val checked = entries.map { operations.transfer.check(it, policy) }
        val fit = checked.filterIsInstance<Checked.Fit>()
        val json = nodes.objectNode().put("dry_run", isDry).put("fit", fit.size)
        val refused = json.putArray("refused")
        checked.forEachIndexed { index, each ->
            if (each is Checked.Refused) refused.addObject().put("entry", index).put("reason", each.reason)
        }
        if (isDry || fit.isEmpty()) return CompletableFuture.completedStage(CacheCalls.json(HttpStatus.OK, json.putNull("line")))
        return note(ctx, CacheAction.WARM_UP, EntryFilter.ALL, fit.size.toLong()).thenCompose { line ->
            json.set<ObjectNode>("line", line.toJson())
            val taken = fit.map { it.take().toCompletableFuture() }
            CompletableFuture.allOf(*taken.toTypedArray()).thenApply { CacheCalls.json(HttpStatus.OK, json) }
        }
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
            CacheCalls.json(HttpStatus.OK, json)
        }
    }

    private companion object {
        private const val ENTRIES_MAX = 100
        private const val ENTRIES_USUAL = 20
        private const val AUDIT_MAX = 1_000
        private const val AUDIT_USUAL = 100
        private val tiers = mapOf("exact" to false, "semantic" to true)
        private val NOTHING_MEANT =
            BadRequest(422, "invalid_value", "`filter` must say which answers are meant; a flush means all.", "filter")
        private val nodes: JsonNodeFactory = JsonNodeFactory.instance
        private val log = LoggerFactory.getLogger("routercluster.cache")
    }
}

/** How long an answer is kept at most by this policy. */
private fun Policy.longestKept(): Duration =
    recipes.values
        .flatMap { it.caches.values }
        .maxOfOrNull { it.lifeMax(cache) } ?: Duration.ZERO
