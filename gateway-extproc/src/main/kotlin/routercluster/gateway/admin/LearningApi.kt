package routercluster.gateway.admin

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import routercluster.gateway.PolicyKeeper
import routercluster.policy.Policy
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.file.BadLearntState
import routercluster.policy.outcomes.file.ImportMode
import routercluster.policy.outcomes.file.LearntDecision
import routercluster.policy.outcomes.file.LearntState
import routercluster.policy.outcomes.file.LearntStateLimits
import routercluster.policy.outcomes.file.importParts
import routercluster.policy.outcomes.file.readLearntState
import routercluster.policy.outcomes.file.toJson
import java.security.MessageDigest
import java.time.Duration
import java.time.InstantSource
import java.util.HexFormat
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * What was learnt, as a file: `GET /learning` writes it down, all of it or one decision's, `POST /learning` takes one over. The answer says for each
 * decision what changes; a changed one is durable by then.
 */
class LearningApi(private val outcomes: Outcomes, private val clock: InstantSource, private val policy: () -> Policy) {
    fun addTo(server: ServerBuilder) {
        server
            .route()
            .get(PATH)
            .requestTimeout(TIMEOUT)
            .build { ctx, _ -> HttpResponse.of(export(ctx.queryParam("recipe"), ctx.queryParam("decision"))) }
        server
            .route()
            .post(PATH)
            .maxRequestLength(LearntStateLimits.BYTES_MAX)
            .requestTimeout(TIMEOUT)
            .build(::received)
    }

    private fun export(recipe: String?, decision: String?): CompletionStage<HttpResponse> {
        val policy = policy()
        val keys = policy.selectionKeys().filter {
            (recipe == null || it.recipe == recipe) && (decision == null || it.decision == decision)
        }
        if (keys.isEmpty()) return done(error(HttpStatus.NOT_FOUND, "the policy has no such decision with models to choose between"))
        return known(keys).handle { known, failure ->
            if (failure != null) {
                error(HttpStatus.SERVICE_UNAVAILABLE, AWAY)
            } else {
                val learnt = known.filter { it.value != DecisionStatistics.NONE }.map { LearntDecision(it.key, it.value) }
                json(HttpStatus.OK, LearntState(clock.instant(), policy.revision, learnt).toJson())
            }
        }
    }

    /** Of each of [keys], one after another. */
    private fun known(keys: List<SelectionKey>): CompletionStage<Map<SelectionKey, DecisionStatistics>> =
        keys.fold(CompletableFuture.completedStage(emptyMap())) { before, key ->
            before.thenCompose { known -> outcomes.learnt(key).thenApply { known + (key to it) } }
        }

    /** A page in an operator's browser cannot send this type to another place unasked. */
    private fun received(ctx: ServiceRequestContext, request: HttpRequest): HttpResponse {
        if (request.contentType()?.isJson != true) return error(HttpStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json")
        val order =
            try {
                order(ctx)
            } catch (bad: IllegalArgumentException) {
                return error(HttpStatus.BAD_REQUEST, bad.message.orEmpty())
            }
        return HttpResponse.of(request.aggregate().thenComposeAsync({ import(order, it.contentUtf8()) }, ctx.blockingTaskExecutor()))
    }

    private class Order(val mode: ImportMode, val weight: Double, val isDryRun: Boolean)

    private fun order(ctx: ServiceRequestContext): Order {
        val unknown = ctx.queryParams().names().firstOrNull { it !in parameters }
        require(unknown == null) { "$unknown is unknown here; accepted: ${parameters.joinToString()}" }
        val mode = modes[ctx.queryParam("mode")]
        require(mode != null) { "mode must be one of ${modes.keys.joinToString()}" }
        val weight = ctx.queryParam("weight")
        val verdicts = if (weight == null) PRIOR_WEIGHT else weight.toDoubleOrNull() ?: 0.0
        require(verdicts > 0.0 && verdicts <= WEIGHT_MAX) { "weight must be a number above 0, at most $WEIGHT_MAX" }
        require(weight == null || mode == ImportMode.PRIOR) { "weight is for mode=prior alone" }
        val dry = ctx.queryParam("dry_run") ?: "false"
        require(dry == "true" || dry == "false") { "dry_run must be true or false" }
        return Order(mode, verdicts, dry == "true")
    }

    private fun import(order: Order, text: String): CompletionStage<HttpResponse> {
        val file =
            try {
                readLearntState(text, clock.instant())
            } catch (bad: BadLearntState) {
                return done(error(HttpStatus.BAD_REQUEST, "the file cannot be used, nothing was changed: ${bad.message}"))
            }
        val policy = policy()
        val keys = policy.selectionKeys().toSet()
        val digest = MessageDigest.getInstance("SHA-256").digest(text.encodeToByteArray())
        val id = HexFormat.of().formatHex(digest, 0, ID_BYTES)
        return known(file.decisions.map { it.key }.filter { it in keys })
            .thenCompose { known ->
                val plans = file.decisions.map { decision ->
                    val before = known[decision.key]
                    if (before == null) UnknownDecision(decision.key) else plan(id, order, decision, before, policy)
                }
                if (order.isDryRun) done(plans.map { it.told(ImportPlan.WOULD_CHANGE) }) else taken(plans)
            }.handle { told, failure ->
                if (failure !=
                    null
                ) {
                    error(HttpStatus.SERVICE_UNAVAILABLE, "$AWAY; nothing was changed")
                } else {
                    report(order, file, policy, told)
                }
            }
    }

    private fun plan(id: String, order: Order, decision: LearntDecision, before: DecisionStatistics, policy: Policy): ImportPlan {
        val candidates = policy.candidates(decision.key)
        val parts = importParts(id, order.mode, order.weight, decision.statistics, before, candidates)
        return ImportPlan(decision, before, parts, candidates, clock.instant())
    }

    /** One decision after another; what is behind one that was not kept is not tried. */
    private fun taken(plans: List<Planned>): CompletionStage<List<ObjectNode>> =
        plans.fold(CompletableFuture.completedStage(emptyList())) { before, plan ->
            before.thenCompose { told ->
                val isAway = told.any { it.path("state").textValue() == ImportPlan.NOT_KEPT }
                (if (isAway) done(plan.told(ImportPlan.NOT_KEPT)) else plan.take(outcomes)).thenApply { told + listOf(it) }
            }
        }

    private fun report(order: Order, file: LearntState, policy: Policy, told: List<ObjectNode>): HttpResponse {
        val body = nodes
            .objectNode()
            .put("mode", order.mode.name.lowercase())
            .put("dry_run", order.isDryRun)
            .put("file_policy_revision", file.policyRevision)
            .put("policy_revision", policy.revision)
        if (order.mode == ImportMode.PRIOR) body.put("weight", order.weight)
        body.putArray("decisions").addAll(told)
        if (told.none { it.path("state").textValue() == ImportPlan.NOT_KEPT }) return json(HttpStatus.OK, body)
        val reason = told.firstNotNullOfOrNull { it.path("reason").textValue() } ?: AWAY
        body.putObject("error").put("message", "not all was kept, send the file again: $reason")
        return json(HttpStatus.SERVICE_UNAVAILABLE, body)
    }

    private fun error(status: HttpStatus, message: String): HttpResponse {
        val body = nodes.objectNode()
        body.putObject("error").put("message", message)
        return json(status, body)
    }

    private fun json(status: HttpStatus, body: ObjectNode) = HttpResponse.of(status, MediaType.JSON_UTF_8, body.toPrettyString())

    private fun <T> done(value: T): CompletionStage<T> = CompletableFuture.completedStage(value)

    companion object {
        const val PATH = "/learning"

        /** Verdicts that what is imported as known beforehand counts as, at most. */
        const val PRIOR_WEIGHT = 20.0
        private const val WEIGHT_MAX = 1e6
        private const val ID_BYTES = 16
        private const val AWAY = "the statistics cannot be read or kept now"
        private val TIMEOUT = Duration.ofMinutes(2)
        private val parameters = listOf("mode", "weight", "dry_run")
        private val modes = ImportMode.entries.associateBy { it.name.lowercase() }
        private val nodes = JsonNodeFactory.instance
    }
}

/** What was learnt: shown, and carried over. */
internal fun ServerBuilder.addLearnt(outcomes: Outcomes, clock: InstantSource, keeper: PolicyKeeper): ServerBuilder {
    val policy = { keeper.snapshot().policy }
    return apply(SelectionApi(outcomes, policy)::addTo).apply(LearningApi(outcomes, clock, policy)::addTo)
}
