package routercluster.gateway.responses

import com.linecorp.armeria.common.HttpMethod
import kotlinx.coroutines.future.await
import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.AnswerHead
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.Route
import routercluster.gateway.upstream.Exchange
import routercluster.gateway.upstream.Reply
import java.util.concurrent.ScheduledExecutorService

/** What came of a request before the first word of its answer. */
internal sealed interface Opened {
    class Refused(val error: ApiError, val route: Route?) : Opened

    /** The policy answers with a fixed text. */
    class Fixed(val route: Route.Answer) : Opened

    /** An upstream answers, with whatever status. */
    class Served(val route: Route.Forward, val reply: Reply.Served, val head: AnswerHead) : Opened
}

/** Routes [prepared] as the chat completion that it stands for, and sends it. */
internal suspend fun Pipeline.open(prepared: Prepared, journey: Journey, account: Account, loop: ScheduledExecutorService): Opened {
    val startNanos = System.nanoTime()
    val route = route(journey, prepared.chat, loop, prepared.translated).await()
    account.routed(route, System.nanoTime() - startNanos)
    return when (route) {
        is Route.Refuse -> Opened.Refused(route.error, route)
        is Route.Answer -> Opened.Fixed(route)
        is Route.Forward -> send(route, journey, account)
    }
}

private suspend fun send(route: Route.Forward, journey: Journey, account: Account): Opened {
    val total = journey.snapshot.policy.gateway.forwarding.totalTimeout
    val reply = journey.snapshot.upstreams.send(Exchange(journey.id, HttpMethod.POST, route.targets, journey.startNanos + total.toNanos()))
    account.attempts(reply.attempts)
    return when (reply) {
        is Reply.Failed -> {
            Opened.Refused(ApiError(reply.status, reply.code, reply.message, retryAfterSeconds = 1, retryable = false), route)
        }

        is Reply.Served -> {
            val head = AnswerHead(reply.headers.status().code(), reply.headers.get("content-type"), reply.headers.get("content-encoding"))
            account.headers(head, reply.model, reply.upstream)
            Opened.Served(route, reply, head)
        }
    }
}
