package routercluster.gateway.extproc

import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.RequestHeaders
import io.netty.util.NetUtil
import routercluster.gateway.http.Admission
import routercluster.gateway.http.modelsAnswer
import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.Accounts
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
import routercluster.gateway.upstream.Picked
import routercluster.policy.request.BadRequest
import java.time.Clock

/** [Pipeline] as the ExtProc door asks for it: Envoy does the forwarding, so one upstream is picked and no attempt is ours. */
class PipelineDoor(
    private val snapshot: () -> Snapshot,
    private val pipeline: Pipeline,
    private val accounts: Accounts,
    private val admission: Admission,
    private val clock: Clock,
) : Door {
    override fun plan(request: DoorRequest): DoorPlan {
        val startNanos = System.nanoTime()
        val method = HttpMethod.tryParse(request.method) ?: return refuse(request.path, 405, "method_not_allowed", "No such method here")
        val now = snapshot()
        val headers = RequestHeaders.builder(method, request.path)
        request.headers.forEach { (name, value) -> headers.add(name, value) }
        // Null for what is no address, such as the path of a socket; such a peer is not trusted.
        val peer = request.peer?.let(NetUtil::createInetAddressFromIpAddressString)
        val journey = pipeline.begin(now, headers.build(), peer, startNanos, request.seesAnswer)
        val account = accounts.open(journey)
        admission.enter(now.policy.gateway.limits.concurrentRequestsMax)?.let { return refusal(journey, account, it, null) }
        val plan = decided(journey, account, request)
        if (plan is DoorPlan.Answer) admission.leave()
        return plan
    }

    private fun decided(journey: Journey, account: Account, request: DoorRequest): DoorPlan =
        try {
            pipeline.check(journey)
            if (request.method == "GET") models(journey, account) else routed(journey, account, request.body)
        } catch (bad: BadRequest) {
            refusal(journey, account, ApiError(bad.status, bad.code, bad.message, bad.param), null)
        } catch (failure: RuntimeException) {
            refusal(journey, account, internalError(failure), null)
        }

    private fun routed(journey: Journey, account: Account, body: ByteArray): DoorPlan {
        val startNanos = System.nanoTime()
        val route = pipeline.route(journey, body)
        account.routed(route, System.nanoTime() - startNanos)
        return when (route) {
            is Route.Refuse -> refusal(journey, account, route.error, route)
            is Route.Answer -> fixed(journey, account, route)
            is Route.Forward -> forward(journey, account, route)
        }
    }

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
        answerHeaders.addDecision(journey.id, route.plan, ResponsePath.UPSTREAM, journey.debug, target.model.name)
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

    private fun fixed(journey: Journey, account: Account, route: Route.Answer): DoorPlan {
        account.answered(200)
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
