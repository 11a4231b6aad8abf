package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpData
import routercluster.gateway.upstream.Attempt
import routercluster.gateway.upstream.failureClass
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

    /** Attempts whose end was told, by their number. */
    private var told = 0

    /** The prices of attempts that are billed though nobody waited for them. */
    private val unserved = ArrayList<Pricing>(0)

    /** [decideNanos] is what [Pipeline.route] took. */
    fun routed(route: Route, decideNanos: Long) {
        this.route = route
        val plan = route.plan ?: return
        val first = (plan.action as? Action.Forward)?.first
        val event =
            RouterEvent.Routed(plan.recipe, plan.decision?.name, first?.model?.name, plan.readings, decideNanos, calls = plan.calls)
        journey.span.routed(event)
        events.publish(event)
    }

    /** All attempts of the request that were begun, in the order of their ends. Every one counts, served or not. */
    fun attempts(attempts: List<Attempt>) {
        for (attempt in attempts) {
            val begun = journey.begun.getOrNull(attempt.number - 1) ?: continue
            val nanos = attempt.endNanos - attempt.startNanos
            ended(begun, attempt.status, attempt.failure, nanos, attempt.hedge, attempt.cancelled)
        }
        told = attempts.size
    }

    private fun ended(begun: BegunAttempt, status: Int?, failed: FailureClass?, nanos: Long, hedge: Boolean, cancelled: Boolean) {
        begun.span.end(status, failed)
        val upstream = begun.upstream
        events.publish(RouterEvent.AttemptEnded(begun.model, upstream.id, upstream.provider, status, failed, nanos, hedge, cancelled))
        // It reached a model, and whoever runs the model bills it all the same.
        if (cancelled || failed == FailureClass.TIMEOUT) {
            journey.snapshot.policy.models[begun.model]
                ?.pricing
                ?.let(unserved::add)
        }
    }

    /** The answer's head arrived from [upstream]. */
    fun headers(status: Int, model: Model, upstream: Upstream, contentType: String) {
        this.status = status
        this.model = model
        this.upstream = upstream
        if (status in 200..299) scanner = UsageScanner(UsageScanner.Format.of(contentType)) else failure = "upstream_$status"
    }

    fun chunk(data: HttpData) {
        if (firstByteNanos == 0L) firstByteNanos = System.nanoTime()
        scanner?.feed(data.array())
    }

    /** The answer broke off after it began. */
    fun broke(code: String) {
        failure = code
    }

    /** The answer has been passed on whole, or it ended early for the reason [code]; see [CLIENT_LEFT]. */
    fun end(code: String?) {
        if (failure == null) failure = code
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
        journey.snapshot.release()
        endUntold()
        val code = failure
        if (status == 0) status = CLIENT_LEFT_STATUS
        val plan = route?.plan
        if (plan == null && code != null) {
            val event = RouterEvent.Refused(code, status)
            events.publish(event)
            journey.span.end(event)
        } else {
            val event = completed(plan, path, scanner?.facts?.usage)
            // What was neither routed nor refused, such as a list of models, is no request to a model.
            if (plan != null) events.publish(event)
            journey.span.end(event)
        }
        events.publish(RouterEvent.Left)
    }

    /** Attempts that another proxy makes for us, and those under way when the client left. */
    private fun endUntold() {
        val answered = status.takeIf { model != null }
        for (begun in journey.begun.drop(told)) {
            val nanos = System.nanoTime() - begun.startNanos
            ended(begun, answered, answered?.let(::failureClass), nanos, hedge = false, cancelled = answered == null)
        }
    }

    private fun completed(plan: Plan?, path: AnswerPath, usage: Usage?): RouterEvent.Completed {
        val pricing = model?.pricing
        return RouterEvent.Completed(
            operation = journey.operation,
            askedModel = plan?.asked?.base.orEmpty(),
            model = model?.name,
            provider = upstream?.provider,
            recipe = plan?.recipe,
            decision = plan?.decision?.name,
            status = status,
            path = path,
            nanos = System.nanoTime() - journey.startNanos,
            errorCode = failure,
            stream = route?.stream ?: false,
            firstByteNanos = firstByteNanos.takeIf { it != 0L }?.minus(journey.startNanos),
            promptTokens = usage?.promptTokens?.toInt(),
            completionTokens = usage?.completionTokens?.toInt(),
            cachedTokens = usage?.cachedTokens?.toInt(),
            cost = cost(pricing, usage),
            currency = (pricing ?: unserved.firstOrNull())?.currency,
        )
    }

    /**
     * The price of the answer and of the attempts that were billed without one. The tokens of those are not told, so the estimated
     * prompt stands for them. Attempts billed in another currency than the answer are left out.
     */
    private fun cost(pricing: Pricing?, usage: Usage?): Double? {
        val served = if (pricing != null &&
            usage != null
        ) {
            cost(pricing, usage.promptTokens, usage.completionTokens, usage.cachedTokens ?: 0)
        } else {
            null
        }
        val facts = route?.plan?.facts
        if (unserved.isEmpty() || facts == null) return served
        val currency = (pricing ?: unserved.first()).currency
        val attempts = unserved.filter { it.currency == currency }.sumOf { cost(it, facts.promptTokens.toLong(), 0, 0) }
        return (served ?: 0.0) + attempts
    }

    companion object {
        /** The client went away before its answer was whole. */
        const val CLIENT_LEFT = "client_left"

        /** What proxies write into their logs where the client left before there was a status. */
        private const val CLIENT_LEFT_STATUS = 499
    }
}

/** Price of one answer in the pricing's currency; cached prompt tokens cost their own price where the policy gives one. */
fun cost(pricing: Pricing, promptTokens: Long, completionTokens: Long, cachedTokens: Long): Double {
    val cachedPrice = pricing.cachedInputPerMillion ?: pricing.promptPerMillion
    val fresh = (promptTokens - cachedTokens).coerceAtLeast(0)
    return (fresh * pricing.promptPerMillion + cachedTokens * cachedPrice + completionTokens * pricing.completionPerMillion) / 1_000_000
}
