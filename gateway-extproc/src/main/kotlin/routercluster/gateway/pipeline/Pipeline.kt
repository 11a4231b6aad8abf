package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.RequestHeaders
import routercluster.gateway.cache.AnswerDesk
import routercluster.gateway.encode.Inquiry
import routercluster.gateway.limits.LimitDesk
import routercluster.gateway.limits.estimate
import routercluster.gateway.upstream.OutgoingRequest
import routercluster.gateway.upstream.Target
import routercluster.policy.Candidate
import routercluster.policy.answer.answerContract
import routercluster.policy.conversations.conversationOf
import routercluster.policy.models.Upstream
import routercluster.policy.outcomes.HintKind
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.plugins.askingUsage
import routercluster.policy.plugins.outgoingEdits
import routercluster.policy.plugins.streamsWithoutUsage
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.DecisionRing
import routercluster.policy.request.BadRequest
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Facts
import routercluster.policy.request.apply
import routercluster.policy.request.multipartBoundary
import routercluster.policy.request.parseChat
import routercluster.policy.request.parseModel
import routercluster.policy.request.parseMultipartModel
import routercluster.policy.routing.Action
import routercluster.policy.routing.MeasuredOf
import routercluster.policy.routing.OpenPlan
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Planning
import routercluster.policy.routing.begin
import routercluster.policy.routing.plan
import routercluster.policy.routing.resolve
import routercluster.policy.routing.wantsBudget
import routercluster.policy.selectors.SessionFacts
import routercluster.policy.selectors.unitOf
import routercluster.telemetry.TraceHeaders
import routercluster.telemetry.Tracing
import java.net.InetAddress
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ScheduledExecutorService
import kotlin.random.Random
import routercluster.policy.routing.Target as Asked

/**
 * What both doors share: from the request's wire form to a [Route]. Holds no state of a request; the only I/O is what encoders and
 * limits do.
 *
 * @param random drawn from by many threads
 */
class Pipeline(
    private val tracing: Tracing,
    private val decisions: DecisionRing,
    private val clock: Clock,
    private val random: Random,
    private val outcomes: Outcomes,
    private val replayIds: ReplayIds,
    private val limits: LimitDesk = LimitDesk.ofThisProcess(clock),
    private val sessions: Sessions = Sessions(null, clock),
    private val answers: AnswerDesk? = null,
) {
    private val measured: MeasuredOf = { recipe, decision -> outcomes.measured(SelectionKey(recipe, decision)) }

    /**
     * Starts a request's journey: its id, its caller, its policy snapshot.
     *
     * @param seesAnswer whether the answer's body will come by and can be changed
     */
    fun begin(snapshot: Snapshot, headers: RequestHeaders, peer: InetAddress?, startNanos: Long, seesAnswer: Boolean = true): Journey {
        val id = requestId(headers, random)
        val span = tracing.start(
            operationOf(headers.path().substringBefore('?')),
            null,
            TraceHeaders(headers.get("traceparent"), headers.get("tracestate")),
        )
        val identity = snapshot.edge.identity(headers, peer)
        return Journey(id, snapshot, headers, peer, identity, startNanos, span, seesAnswer, outcomes, replayIds)
    }

    /**
     * Refuses what can be refused before the body is read.
     *
     * @throws BadRequest for headers beyond the limits and for compressed bodies
     */
    fun check(journey: Journey) {
        journey.snapshot.edge.checkHeaders(journey.headers)
        checkEncoding(journey.headers)
    }

    /**
     * Decides what to do with a request that passed [check]. Where no encoder and no other node has to be asked the route is there at
     * once; else it comes on [loop], and cancelling it ends what is done for it.
     *
     * @param translated where [body] stands for a request of another API
     * @throws BadRequest for a body that cannot be understood
     */
    fun route(
        journey: Journey,
        body: ByteArray,
        loop: ScheduledExecutorService,
        translated: Translated? = null,
    ): CompletableFuture<Route> =
        if (journey.path == Upstream.CHAT_COMPLETIONS) {
            routeChat(journey, body, loop, translated)
        } else {
            routeByName(journey, body, loop)
        }

    private fun routeChat(
        journey: Journey,
        bytes: ByteArray,
        loop: ScheduledExecutorService,
        translated: Translated?,
    ): CompletableFuture<Route> {
        val policy = journey.snapshot.policy
        checkJson(journey.headers)
        val body = parseChat(bytes, policy.gateway.limits)
        val hasState = body.hasProviderState || translated?.hasProviderState == true
        val facts = Facts(body.messages, body.toolCount, body.metadata, journey.identity, journey.snapshot.languages, hasState)
        journey.conversation = conversationOf(journey.headers::get, facts)
        val decided = { keptOrDecided(journey, body, facts, loop, translated) }
        if (policy.limits.isEmpty) return decided()
        val early = limits.early(journey) { estimate(body, facts.promptTokens, null) }
        return early.passed(loop) { decided().within(loop) { late(journey, it, body, loop) } }
    }

    /** Equal requests are answered before any signal is read. What the Responses API keeps itself is not kept twice. */
    private fun keptOrDecided(
        journey: Journey,
        body: ChatBody,
        facts: Facts,
        loop: ScheduledExecutorService,
        translated: Translated?,
    ): CompletableFuture<Route> {
        val target = journey.snapshot.policy.resolve(body.model)
        if (answers == null || translated != null) return decide(journey, body, facts, target, loop, translated)
        answers.exact(journey, body, facts, target)?.let { return CompletableFuture.completedFuture(it) }
        return answers.shared(journey, body, target, loop).within(loop) { found ->
            if (found != null) return@within CompletableFuture.completedFuture<Route>(found)
            decide(journey, body, facts, target, loop, translated)
                .within(loop) { answers.alike(journey, body, it, loop) }
                .within(loop) { answers.joined(journey, body, it, loop) }
        }
    }

    /** Asks the limits that depend on where the request is to go. */
    private fun late(journey: Journey, route: Route, body: ChatBody, loop: ScheduledExecutorService): CompletableFuture<Route> {
        val plan = (route as? Route.Forward)?.plan ?: return CompletableFuture.completedFuture(route)
        val asked = limits.late(journey, plan) {
            estimate(
                body,
                plan.facts?.promptTokens ?: 0,
                route.targets
                    .first()
                    .model.pricing,
            )
        }
        return asked.passed(loop, plan) { CompletableFuture.completedFuture(route) }
    }

    private fun decide(
        journey: Journey,
        body: ChatBody,
        facts: Facts,
        target: Asked,
        loop: ScheduledExecutorService,
        translated: Translated?,
    ): CompletableFuture<Route> =
        sessions.of(journey, target, facts, translated).within(loop) { session ->
            val left = if (target.wantsBudget()) limits.moneyLeft(journey) else CompletableFuture.completedFuture(null)
            left.within(loop) { decide(journey, body, facts, target, Circumstances(session, it), loop, translated) }
        }

    /** What a request stands in beside what it says. [moneyLeft] of its caller's. */
    private class Circumstances(val session: SessionFacts?, val moneyLeft: Double?)

    private fun decide(
        journey: Journey,
        body: ChatBody,
        facts: Facts,
        target: Asked,
        around: Circumstances,
        loop: ScheduledExecutorService,
        translated: Translated?,
    ): CompletableFuture<Route> {
        val policy = journey.snapshot.policy
        val unit = unitOf(journey.conversation, journey.identity.user, journey.id)
        val planning = policy.begin(
            target,
            facts,
            random,
            measured = measured,
            session = around.session,
            unit = unit,
            user = journey.identity.user,
            moneyLeft = around.moneyLeft,
        )
        val encoder = journey.snapshot.encoder
        if (planning is Plan || encoder == null) {
            return CompletableFuture.completedFuture(chatRoute(journey, body, settled(planning), translated))
        }
        val deadline = journey.startNanos + policy.gateway.forwarding.totalTimeout
            .toNanos()
        val plan = Inquiry(encoder, loop, journey.span, deadline).plan(planning)
        val route = plan.thenApply { chatRoute(journey, body, it, translated) }
        route.whenComplete { _, _ -> if (route.isCancelled) plan.cancel(false) }
        return route
    }

    /** Without an encoder whatever asks for one has failed. */
    private fun settled(planning: Planning): Plan {
        var next = planning
        while (true) {
            when (next) {
                is Plan -> return next
                is OpenPlan -> next = next.failed("there is no encoder", Duration.ZERO)
            }
        }
    }

    private fun chatRoute(journey: Journey, body: ChatBody, made: Plan, translated: Translated?): Route {
        val plan = recorded(journey, made)
        return when (val action = plan.action) {
            is Action.Answer -> Route.Answer(plan, body.stream, action.message)
            is Action.Refuse -> refusal(plan, action)
            is Action.Forward -> forward(journey, body, plan, action, translated)
        }
    }

    private fun forward(journey: Journey, body: ChatBody, plan: Plan, action: Action.Forward, translated: Translated?): Route.Forward {
        if (journey.seesAnswer && plan.policy.gateway.hints
                .any { it in formHints }
        ) {
            val asked = answerContract(body)
            journey.contract = if (HintKind.JSON_SCHEMA in plan.policy.gateway.hints) asked else asked?.copy(schema = null)
        }
        val untold = journey.seesAnswer && streamsWithoutUsage(body, plan.decision?.plugins.orEmpty())
        val hidesUsage = { upstream: Upstream -> untold && upstream.id !in plan.policy.gateway.noStreamUsageFrom }
        val targets = action.ranked.map { chatTarget(journey, body, plan, it.candidate, hidesUsage, translated) }
        return Route.Forward(plan, body.stream, targets, hidesUsage)
    }

    private fun chatTarget(
        journey: Journey,
        body: ChatBody,
        plan: Plan,
        candidate: Candidate,
        asksUsage: (Upstream) -> Boolean,
        translated: Translated?,
    ): Target {
        val plugins = plan.decision?.plugins.orEmpty()
        return Target(candidate.model) { upstream, hedge ->
            val edits = outgoingEdits(body, candidate, upstream.model, plugins, plan.policy.defaultEffort)
            val native = translated?.takeIf { upstream.id in plan.policy.gateway.speakResponses }
            val path = if (native == null) journey.headers.path() else native.path
            val headers = outgoingHeaders(journey, upstream, plugins, candidate.model.name, hedge, path)
            val all = if (translated == null) edits else translated.hidden.fold(edits) { left, field -> left.remove(field) }
            val bytes = body.apply(if (native == null && asksUsage(upstream)) all.askingUsage() else all)
            OutgoingRequest(headers, HttpData.wrap(native?.body(bytes) ?: bytes))
        }
    }

    /** Any other path: the model is asked for by name and nothing but the name in the body changes. */
    private fun routeByName(journey: Journey, bytes: ByteArray, loop: ScheduledExecutorService): CompletableFuture<Route> {
        if (journey.snapshot.policy.limits.isEmpty) return CompletableFuture.completedFuture(namedRoute(journey, bytes))
        val answers = journey.operation != EMBEDDINGS
        return limits.early(journey) { estimate(bytes.size, answers, null) }.passed(loop) {
            val route = namedRoute(journey, bytes)
            val plan = (route as? Route.Forward)?.plan ?: return@passed CompletableFuture.completedFuture(route)
            val asked = limits.late(journey, plan) {
                estimate(
                    bytes.size,
                    answers,
                    route.targets
                        .first()
                        .model.pricing,
                )
            }
            asked.passed(loop, plan) { CompletableFuture.completedFuture(route) }
        }
    }

    private fun namedRoute(journey: Journey, bytes: ByteArray): Route {
        val policy = journey.snapshot.policy
        val boundary = multipartBoundary(journey.headers.get("content-type").orEmpty())
        val limits = policy.gateway.limits
        val field = if (boundary == null) parseModel(bytes, limits) else parseMultipartModel(bytes, boundary, limits)
        val asked = policy.resolve(field.model)
        if (asked is Asked.Routed) {
            val message = "${journey.path} needs the name of a model: only chat completions are routed"
            return Route.Refuse(ApiError(400, "auto_needs_chat", message, "model"))
        }
        val plan = recorded(journey, policy.plan(asked, NO_FACTS, random))
        return when (val action = plan.action) {
            is Action.Refuse -> {
                refusal(plan, action)
            }

            is Action.Answer -> {
                Route.Answer(plan, field.stream, action.message)
            }

            is Action.Forward -> {
                val model = action.first.model
                val target =
                    Target(model) { upstream, hedge ->
                        OutgoingRequest(
                            outgoingHeaders(journey, upstream, emptyList(), model.name, hedge),
                            HttpData.wrap(field.renamed(upstream.model)),
                        )
                    }
                Route.Forward(plan, field.stream, listOf(target))
            }
        }
    }

    private fun recorded(journey: Journey, plan: Plan): Plan {
        decisions.add(DecisionRecord.of(journey.id, clock.instant(), plan, journey.conversation?.id).also { journey.record = it })
        return plan
    }

    private fun refusal(plan: Plan, action: Action.Refuse): Route {
        val param = if (action.status == 403) null else "model"
        return Route.Refuse(ApiError(action.status, action.code, action.message, param), plan)
    }

    private fun checkJson(headers: RequestHeaders) {
        if (headers.get("content-type") == null) return
        val type = headers.contentType()
        if (type == null || !type.isJson) {
            throw BadRequest(415, "unsupported_content_type", "Content-Type must be application/json")
        }
    }

    private fun checkEncoding(headers: RequestHeaders) {
        val encoding = headers.get("content-encoding") ?: return
        if (encoding != "identity") {
            throw BadRequest(415, "unsupported_content_encoding", "Request bodies must not be compressed, but Content-Encoding was given")
        }
    }

    private companion object {
        /** What is known of a request that no signal reads. */
        val NO_FACTS = Facts(emptyList())
        const val EMBEDDINGS = "embeddings"
        val formHints = setOf(HintKind.TOOL_CALLS, HintKind.STRUCTURED_OUTPUT, HintKind.JSON_SCHEMA)
    }
}
