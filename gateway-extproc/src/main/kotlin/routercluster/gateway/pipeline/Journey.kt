package routercluster.gateway.pipeline

import com.linecorp.armeria.common.RequestHeaders
import routercluster.gateway.upstream.Target
import routercluster.policy.request.Identity
import routercluster.policy.routing.Plan
import routercluster.telemetry.AttemptSpan
import routercluster.telemetry.RequestSpan
import java.net.InetAddress

/**
 * One request on its way: what is known of it before its body is read. Both doors start one and hand it down.
 *
 * @property debug whether the debug headers were asked for by header; the model string can ask too
 */
class Journey(
    val id: String,
    val snapshot: Snapshot,
    val headers: RequestHeaders,
    val peer: InetAddress?,
    val identity: Identity,
    val startNanos: Long,
    val span: RequestSpan,
) {
    val path: String = headers.path().substringBefore('?')
    val protocol: ClientProtocol = ClientProtocol.of(path)

    /** One per attempt, in the order in which they were begun. */
    val attemptSpans = ArrayList<AttemptSpan>(1)
    val debug: Boolean get() = headers.get("x-vsr-debug") == "true"
}

/** What is to be done with a request. */
sealed interface Route {
    val plan: Plan?
    val operation: String
    val stream: Boolean

    /** Send to the first of [targets] that answers. */
    class Forward(
        override val plan: Plan,
        override val operation: String,
        override val stream: Boolean,
        val targets: List<Target>,
    ) : Route

    /** Answer with a fixed text in the client's protocol. */
    class Answer(override val plan: Plan, override val stream: Boolean, val message: String) : Route {
        override val operation: String get() = "chat"
    }

    /** Refuse; the plan is there when the policy itself refused. */
    class Refuse(val error: ApiError, override val plan: Plan? = null) : Route {
        override val operation: String get() = "chat"
        override val stream: Boolean get() = false
    }
}
