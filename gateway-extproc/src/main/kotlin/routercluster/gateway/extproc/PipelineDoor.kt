package routercluster.gateway.extproc

import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.RequestHeaders
import io.netty.util.NetUtil
import routercluster.gateway.feedback.Caller
import routercluster.gateway.feedback.FeedbackApi
import routercluster.gateway.http.Admission
import routercluster.gateway.http.BodyHold
import routercluster.gateway.http.modelsAnswer
import routercluster.gateway.limits.addLimits
import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.AnswerObserver
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.Door
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.OwnAnswer
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.ResponsePath
import routercluster.gateway.pipeline.Route
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.pipeline.addDecision
import routercluster.gateway.pipeline.internalError
import routercluster.gateway.responses.isResponsesPath
import routercluster.gateway.upstream.Picked
import routercluster.policy.request.BadRequest
import routercluster.telemetry.AnswerPath
import java.time.Clock
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.ScheduledExecutorService

/**
 * [Pipeline] as the ExtProc door asks for it: Envoy does the forwarding, so one upstream is picked and no attempt is ours.
 *
 * @param responses whether the HTTP door offers the Responses API, whose requests Envoy then sends there
 */
class PipelineDoor(
    private val snapshot: () -> Snapshot,
    private val pipeline: Pipeline,
    private val accounts: Accounts,
    private val admission: Admission,
    private val clock: Clock,
    private val feedback: FeedbackApi,
    private val responses: Boolean = false,
) : Door {
    override fun hold(): BodyHold {
        val now = snapshot()
        try {
            return admission.bodies.hold(now.policy.gateway.limits.bodyBytesInFlightMax)
        } finally {
            now.release()
        }
    }

    override fun plan(request: DoorRequest, loop: ScheduledExecutorService): CompletableFuture<DoorPlan> {
        val startNanos = System.nanoTime()
        val method = HttpMethod.tryParse(request.method)
            ?: return now(refuse(request.path, 405, "method_not_allowed", "No such method here"))
        val snapshot = snapshot()
        val headers = RequestHeaders.builder(method, request.path)
        request.headers.forEach { (name, value) -> headers.add(name, value) }
        // Null for what is no address, such as the path of a socket; such a peer is not trusted.
        val peer = request.peer?.let(NetUtil::createInetAddressFromIpAddressString)
        val journey = pipeline.begin(snapshot, headers.build(), peer, startNanos, request.seesAnswer)
        val account = accounts.open(journey)
        val shut = snapshot.starting ?: admission.enter(snapshot.policy.gateway.limits.concurrentRequestsMax)
        if (shut != null) return now(refusal(journey, account, shut, null))
        if (method == HttpMethod.POST && journey.path == FeedbackApi.FEEDBACK) return fedBack(journey, account, request.body, loop)
        val routeStart = System.nanoTime()
        if (responses && isResponsesPath(journey.path)) return now(handedOver(journey, account, request.body))
        val routing = routing(journey, request, loop) ?: return now(left(models(journey, account)))
        if (routing.isDone) return now(told(journey, account, routing, routeStart))
        val plan = CompletableFuture<DoorPlan>()
        routing.whenComplete { _, _ -> if (!plan.isDone) plan.complete(told(journey, account, routing, routeStart)) }
        plan.whenComplete { _, _ -> if (plan.isCancelled) abandoned(account, routing) }
        return plan
    }

    /** It has left the house when it is answered, also where nobody waits for that any more. */
    private fun fedBack(journey: Journey, account: Account, body: ByteArray, loop: ScheduledExecutorService): CompletableFuture<DoorPlan> {
        val plan = CompletableFuture<DoorPlan>()
        val caller = Caller.of(journey.snapshot, journey.headers, journey.peer)
        feedback.fromClient(body, journey.headers, caller).thenAccept { answer ->
            loop.execute {
                account.answered(answer.status)
                plan.complete(left(told(answer)))
            }
        }
        return plan
    }

    /** Null for what is not routed. */
    private fun routing(
        journey: Journey,
        request: DoorRequest,
        loop: ScheduledExecutorService,
    ): CompletableFuture<Route>? =
        try {
            pipeline.check(journey)
            if (request.method == "GET") null else pipeline.route(journey, request.body, loop)
        } catch (bad: BadRequest) {
            CompletableFuture.failedFuture(bad)
        } catch (failure: RuntimeException) {
            CompletableFuture.failedFuture(failure)
        }

    /** What comes of a [routing] that is done. */
    private fun told(journey: Journey, account: Account, routing: CompletableFuture<Route>, startNanos: Long): DoorPlan {
        val plan =
            try {
                routed(journey, account, routing.join(), startNanos)
            } catch (failed: RuntimeException) {
                refusal(journey, account, errorOf(failed), null)
            }
        return left(plan)
    }

    private fun errorOf(failed: RuntimeException): ApiError {
        val cause = (failed as? CompletionException)?.cause ?: failed
        return if (cause is BadRequest) ApiError(cause.status, cause.code, cause.message, cause.param) else internalError(cause)
    }

    private fun routed(journey: Journey, account: Account, route: Route, startNanos: Long): DoorPlan {
        account.routed(route, System.nanoTime() - startNanos)
        return when (route) {
            is Route.Refuse -> refusal(journey, account, route.error, route)
            is Route.Answer -> fixed(journey, account, route)
            is Route.Forward -> forward(journey, account, route)
        }
    }

    /** A request that we answer ourselves has left the house; that of another leaves with its answer. */
    private fun left(plan: DoorPlan): DoorPlan {
        if (plan is DoorPlan.Answer) admission.leave()
        return plan
    }

    private fun abandoned(account: Account, routing: CompletableFuture<Route>) {
        routing.cancel(false)
        admission.leave()
        account.end(Account.CLIENT_LEFT)
    }

    private fun now(plan: DoorPlan): CompletableFuture<DoorPlan> = CompletableFuture.completedFuture(plan)

    override fun refuse(path: String, status: Int, code: String, message: String): DoorPlan.Answer {
        val body = ClientProtocol.of(path).body(ApiError(status, code, message), "")
        return DoorPlan.Answer(status, listOf("content-type" to "application/json"), body.array())
    }

    private fun forward(journey: Journey, account: Account, route: Route.Forward): DoorPlan {
        val picked = journey.snapshot.upstreams.pick(route.targets.map { it.model })
        return try {
            forward(journey, account, route, picked)
        } catch (failure: RuntimeException) {
            picked.ended(whole = false)
            throw failure
        }
    }

    private fun forward(journey: Journey, account: Account, route: Route.Forward, picked: Picked): DoorPlan {
        val target = route.targets.first { it.model.name == picked.model.name }
        val upstream = picked.upstream
        val outgoing = target.request(upstream)
        val kept = outgoing.headers
            .names()
            .map { it.toString() }
            .toSet()
        val observer = ForwardedAnswer(journey, account, accounts, admission, route, picked)
        val answerHeaders = HttpHeaders.builder()
        answerHeaders.addDecision(journey, route.plan, ResponsePath.UPSTREAM, target.model.name)
        answerHeaders.addLimits(journey.limits)
        answerHeaders.set("x-router-upstream", upstream.id)
        return DoorPlan.Forward(
            path = outgoing.headers.path(),
            body = outgoing.body.array(),
            setHeaders =
                outgoing.headers
                    .filterNot { (name, value) -> name.startsWith(":") || journey.headers.get(name) == value }
                    .map { (name, value) -> name.toString() to value },
            removeHeaders = journey.headers
                .names()
                .map { it.toString() }
                .filter { it !in kept && !isProxys(it) },
            destination = "${upstream.host}:${upstream.port}",
            upstream = upstream.id,
            model = target.model.name,
            responseHeaders = answerHeaders.build().map { (name, value) -> name.toString() to value },
            clearRouteCache = journey.snapshot.policy.clearRouteCache,
            observer = observer,
            answerFilter = observer.takeIf { route.hidesUsage(upstream) },
            metadata = mapOf(
                "model" to target.model.name,
                "decision" to route.plan.decision
                    ?.name
                    .orEmpty(),
                "upstream" to upstream.id,
            ),
        )
    }

    /** The HTTP door counts and bills it, so that here it has left the house. Who a stranger claims to be does not get there. */
    private fun handedOver(journey: Journey, account: Account, body: ByteArray): DoorPlan {
        val edge = journey.snapshot.edge
        val claims = journey.headers.names().filter { edge.namesCaller(it) && !edge.trusts(journey.peer) }
        account.answered(200)
        admission.leave()
        return DoorPlan.Forward(
            path = journey.headers.path(),
            body = body,
            setHeaders = listOf("x-request-id" to journey.id),
            removeHeaders = claims.map { it.toString() },
            destination = DoorPlan.HTTP_DOOR,
            upstream = DoorPlan.HTTP_DOOR,
            model = DoorPlan.HTTP_DOOR,
            responseHeaders = emptyList(),
            clearRouteCache = journey.snapshot.policy.clearRouteCache,
            observer = Unobserved,
        )
    }

    private fun fixed(journey: Journey, account: Account, route: Route.Answer): DoorPlan {
        account.answered(200, if (route.cached == null) AnswerPath.FAST_RESPONSE else AnswerPath.CACHE)
        return told(OwnAnswer.fixed(journey, route, clock.instant().epochSecond))
    }

    private fun refusal(journey: Journey, account: Account, error: ApiError, route: Route?): DoorPlan {
        account.refused(error)
        return told(OwnAnswer.refusal(journey, error, route))
    }

    private fun models(journey: Journey, account: Account): DoorPlan {
        val body =
            modelsAnswer(journey.path, journey.snapshot.policy) ?: return refusal(journey, account, OwnAnswer.nothingAt(journey.path), null)
        account.answered(200)
        return told(OwnAnswer.models(journey, body))
    }

    private fun told(answer: OwnAnswer) =
        DoorPlan.Answer(answer.status, answer.headers.map { (name, value) -> name.toString() to value }, answer.body.array())

    /** Envoy needs these on the way to the upstream or sets them itself; it refuses to have its own ones removed, and drops a client's. */
    private fun isProxys(name: String) = name.startsWith(":") || name.startsWith("x-envoy-") || name in PROXY_HEADERS

    private companion object {
        /** Envoy's own; it needs them on the way to the upstream or sets them itself. */
        val PROXY_HEADERS =
            setOf("content-length", "transfer-encoding", "connection", "host", "x-forwarded-proto", "x-forwarded-for", "x-request-id")
    }
}

/** For answers that another door watches. */
private object Unobserved : AnswerObserver {
    override fun headers(status: Int, headers: List<Pair<String, String>>) = Unit

    override fun chunk(bytes: ByteArray) = Unit

    override fun end() = Unit

    override fun aborted() = Unit
}
