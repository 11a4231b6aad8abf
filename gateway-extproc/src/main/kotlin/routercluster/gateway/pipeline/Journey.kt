package routercluster.gateway.pipeline

import com.linecorp.armeria.common.RequestHeaders
import routercluster.gateway.cache.CacheVisit
import routercluster.gateway.cache.CachedNote
import routercluster.gateway.limits.JourneyLimits
import routercluster.gateway.upstream.Target
import routercluster.policy.answer.AnswerContract
import routercluster.policy.answer.UsageFilter
import routercluster.policy.answer.UsageScanner
import routercluster.policy.conversations.ConversationName
import routercluster.policy.limits.LimitCaller
import routercluster.policy.models.Upstream
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.DecisionRecord
import routercluster.policy.request.Identity
import routercluster.policy.routing.Plan
import routercluster.policy.selectors.contextPoint
import routercluster.telemetry.AttemptSpan
import routercluster.telemetry.RequestSpan
import java.net.InetAddress

/**
 * One request on its way: what is known of it before its body is read. Both doors start one and hand it down.
 *
 * @property seesAnswer whether the answer's body comes by here and can be changed
 * @property outcomes what attempts come to is told there
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
    val seesAnswer: Boolean = true,
    val outcomes: Outcomes = Outcomes.NONE,
    private val replayIds: ReplayIds = ReplayIds.PLAIN,
) {
    val path: String = headers.path().substringBefore('?')
    val protocol: ClientProtocol = ClientProtocol.of(path)

    val operation: String = operationOf(path)

    /** Who asks, for limits. */
    val caller: LimitCaller by lazy(LazyThreadSafetyMode.NONE) { snapshot.edge.caller(headers, peer) }

    /** What was reserved of limits. */
    val limits = JourneyLimits()

    /** In the order of their numbers. */
    val begun: List<BegunAttempt> get() = attempts
    private val attempts = ArrayList<BegunAttempt>(1)

    /** Why it went where it went; null until that is decided. */
    var record: DecisionRecord? = null

    /** The conversation that it is of; null until its body is read, and where it says nothing of one. */
    var conversation: ConversationName? = null

    /** What it asks of the form of its answer; null where nothing is, or nobody wants to know. */
    var contract: AnswerContract? = null

    /** What is known of it for answers that are kept; null where none are. */
    var cache: CacheVisit? = null

    /** A digest of its messages; null where nobody wants to know. */
    var asked: String? = null
    val debug: Boolean get() = headers.get("x-vsr-debug") == "true"

    /** An attempt's request is made; the account tells when it has left the model. */
    fun began(attempt: BegunAttempt) {
        attempts.add(attempt)
        outcomes.began(attempt.model)
    }

    /** By what feedback names this request, [model] having answered it; null where none has. */
    fun replayId(plan: Plan, model: String?): String =
        if (model == null) id else replayIds.of(RoutedRequest(id, plan.key, model, plan.traits.contextPoint()))
}

/** A try at an [upstream] whose request was made, whatever becomes of it. */
class BegunAttempt(val model: String, val upstream: Upstream, val span: AttemptSpan, val startNanos: Long, val hedge: Boolean)

/** What is asked for at [path], in the words of the GenAI conventions where they have one. */
internal fun operationOf(path: String): String =
    when {
        path == Upstream.CHAT_COMPLETIONS -> "chat"
        path.endsWith("/embeddings") -> "embeddings"
        path.endsWith("/completions") -> "text_completion"
        path.startsWith("/v1/") && path.length <= OPERATION_LENGTH_MAX -> path.removePrefix("/v1/").replace('/', '_')
        else -> "other"
    }

private const val OPERATION_LENGTH_MAX = 40

/** What is to be done with a request. */
sealed interface Route {
    val plan: Plan?
    val stream: Boolean

    /**
     * Send to the first of [targets] that answers.
     *
     * @property hidesUsage whether an upstream is asked for token usage that the client did not ask for and must not see
     */
    class Forward(
        override val plan: Plan,
        override val stream: Boolean,
        val targets: List<Target>,
        val hidesUsage: (Upstream) -> Boolean = { false },
    ) : Route {
        /** Takes out of an answer of [upstream] what the client is not to see; null where it gets everything. */
        fun filter(upstream: Upstream, head: AnswerHead): UsageFilter? {
            val isStream = head.isGood && head.isPlain && head.format == UsageScanner.Format.EVENT_STREAM
            return if (isStream && hidesUsage(upstream)) UsageFilter() else null
        }
    }

    /**
     * Answer with a text that is at hand, in the client's protocol.
     *
     * @property cached where the text is one that a model gave before; null where the policy says it
     */
    class Answer(
        override val plan: Plan,
        override val stream: Boolean,
        val message: String,
        val cached: CachedNote? = null,
    ) : Route

    /** Refuse; the plan is there when the policy itself refused. */
    class Refuse(val error: ApiError, override val plan: Plan? = null) : Route {
        override val stream: Boolean get() = false
    }
}
