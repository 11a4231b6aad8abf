package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpData
import routercluster.gateway.upstream.Attempt
import routercluster.policy.FailureClass
import routercluster.policy.answer.Usage
import routercluster.policy.answer.UsageScanner
import routercluster.policy.models.Model
import routercluster.policy.models.Pricing
import routercluster.policy.models.Upstream
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.telemetry.AnswerPath
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.util.concurrent.atomic.AtomicBoolean

/** Opens an [Account] for every request, whichever door it came through. */
class Accounts(private val events: Events) {
    fun open(journey: Journey): Account {
        events.publish(RouterEvent.Entered)
        return Account(journey, events)
    }
}

/**
 * What one request came to: tells telemetry once, when its answer has ended. Called by one thread at a time, in the order of
 * the answer.
 */
class Account(private val journey: Journey, private val events: Events) {
    private val closed = AtomicBoolean()
    private var route: Route? = null
    private var status = 0
    private var model: Model? = null
    private var upstream: Upstream? = null
    private var firstByteNanos = 0L
    private var scanner: UsageScanner? = null
    private var failure: String? = null
    private var unservedCost = 0.0

    /** [decideNanos] is what [Pipeline.route] took. */
    fun routed(route: Route, decideNanos: Long) {
        this.route = route
        val plan = route.plan ?: return
        val first = (plan.action as? Action.Forward)?.first
        val event = RouterEvent.Routed(plan.recipe, plan.decision?.name, first?.model?.name, plan.readings, decideNanos)
        journey.span.routed(event)
        events.publish(event)
    }

    /** Every attempt counts, served or not. */
    fun attempts(attempts: List<Attempt>) {
        attempts.forEachIndexed { index, attempt ->
            journey.attemptSpans.getOrNull(index)?.end(attempt.status, attempt.failure)
            val known = journey.snapshot.policy.models[attempt.model]
            val provider = known?.upstreams?.find { it.id == attempt.upstream }?.provider.orEmpty()
            val nanos = attempt.endNanos - attempt.startNanos
            events.publish(
                RouterEvent.AttemptEnded(attempt.model, attempt.upstream, provider, attempt.status, attempt.failure, nanos, attempt.hedge),
            )
            known?.pricing?.let { unservedCost += unservedCost(attempt, it) }
        }
    }

    /** The answer's head arrived from [upstream]. */
    fun headers(status: Int, model: Model, upstream: Upstream, contentType: String) {
        this.status = status
        this.model = model
        this.upstream = upstream
        if (status in 200..299) scanner = UsageScanner(UsageScanner.Format.of(contentType))
    }

    fun chunk(data: HttpData) {
        if (firstByteNanos == 0L) firstByteNanos = System.nanoTime()
        scanner?.feed(data.array())
    }

    /** The answer broke off after it began. */
    fun broke(code: String) {
        failure = code
    }

    /** The answer has been passed on whole, or [cause] ended it: then the client left. */
    fun end(cause: Throwable?) {
        if (cause != null && failure == null) failure = "client_left"
        close(AnswerPath.UPSTREAM)
    }

    /** Answered by ourselves. */
    fun answered(status: Int) {
        this.status = status
        close(AnswerPath.FAST_RESPONSE)
    }

    fun refused(error: ApiError) {
        status = error.status
        failure = error.code
        close(AnswerPath.ERROR)
    }

    private fun close(path: AnswerPath) {
        if (!closed.compareAndSet(false, true)) return
        val plan = route?.plan
        if (plan == null) {
            val event = RouterEvent.Refused(failure ?: "none", status)
            if (failure != null) events.publish(event)
            journey.span.end(event)
        } else {
            val event = completed(plan, path, scanner?.facts?.usage)
            events.publish(event)
            journey.span.end(event)
        }
        events.publish(RouterEvent.Left)
    }

    private fun completed(plan: Plan, path: AnswerPath, usage: Usage?): RouterEvent.Completed {
        val pricing = model?.pricing
        val served = if (pricing != null && usage != null) cost(pricing, usage.promptTokens, usage.completionTokens, usage.cachedTokens ?: 0) else null
        return RouterEvent.Completed(
            operation = route?.operation ?: "chat",
            askedModel = plan.asked.base,
            model = model?.name,
            provider = upstream?.provider,
            recipe = plan.recipe,
            decision = plan.decision?.name,
            status = status,
            path = path,
            nanos = System.nanoTime() - journey.startNanos,
            errorCode = failure,
            stream = route?.stream ?: false,
            firstByteNanos = firstByteNanos.takeIf { it != 0L }?.minus(journey.startNanos),
            promptTokens = usage?.promptTokens?.toInt(),
            completionTokens = usage?.completionTokens?.toInt(),
            cachedTokens = usage?.cachedTokens?.toInt(),
            cost = if (served == null && unservedCost == 0.0) null else (served ?: 0.0) + unservedCost,
            currency = pricing?.currency,
        )
    }

    /**
     * An attempt that reached a model but was not waited for is billed by its provider all the same. Its tokens are not told, so
     * the estimated prompt stands for them.
     */
    private fun unservedCost(attempt: Attempt, pricing: Pricing): Double {
        val reached = attempt.cancelled || attempt.failure == FailureClass.TIMEOUT
        val facts = route?.plan?.facts
        if (!reached || facts == null) return 0.0
        return cost(pricing, facts.promptTokens.toLong(), 0, 0)
    }
}

/** Price of one answer in the pricing's currency; cached prompt tokens cost their own price where the policy gives one. */
fun cost(pricing: Pricing, promptTokens: Long, completionTokens: Long, cachedTokens: Long): Double {
    val cachedPrice = pricing.cachedInputPerMillion ?: pricing.promptPerMillion
    val fresh = (promptTokens - cachedTokens).coerceAtLeast(0)
    return (fresh * pricing.promptPerMillion + cachedTokens * cachedPrice + completionTokens * pricing.completionPerMillion) / 1_000_000
}
