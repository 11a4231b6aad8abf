package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpData
import routercluster.gateway.cache.AnswerDesk
import routercluster.gateway.upstream.Attempt
import routercluster.gateway.upstream.failureClass
import routercluster.policy.FailureClass
import routercluster.policy.answer.AnswerCheck
import routercluster.policy.answer.AnswerFacts
import routercluster.policy.answer.AnswerForm
import routercluster.policy.answer.UsageScanner
import routercluster.policy.cache.AnswerCollector
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.conversations.Use
import routercluster.policy.limits.Amounts
import routercluster.policy.models.Model
import routercluster.policy.models.Pricing
import routercluster.policy.models.Upstream
import routercluster.policy.outcomes.AnswerOutcome
import routercluster.policy.outcomes.AttemptOutcome
import routercluster.policy.record.EndNote
import routercluster.policy.record.RecordSink
import routercluster.policy.record.Records
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.selectors.regretOf
import routercluster.telemetry.AdviceCost
import routercluster.telemetry.AnswerPath
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Clock
import java.time.Duration
import java.util.concurrent.atomic.AtomicBoolean

/** Opens an [Account] for every request, whichever door it came through. */
class Accounts(
    private val events: Events,
    private val clock: Clock,
    private val records: Records = Records.NONE,
    private val notes: ConversationNotes? = null,
    private val answers: AnswerDesk? = null,
    private val sink: RecordSink? = null,
) {
    private val hints = Hints(events, clock)

    fun open(journey: Journey): Account {
        events.publish(RouterEvent.Entered)
        return Account(journey, events, clock, records, notes, hints, answers, sink)
    }

    /** A proxy that sends for us sent a request to [upstream] more than once: so many [times] in vain. */
    fun resent(model: String, upstream: Upstream, times: Int) {
        if (times > 0) events.publish(RouterEvent.Resent(model, upstream.id, times))
    }
}

/**
 * What one request came to: tells telemetry once, when its answer has ended. Called by one thread at a time, in the order of
 * the answer.
 */
class Account(
    private val journey: Journey,
    private val events: Events,
    private val clock: Clock,
    private val records: Records,
    private val notes: ConversationNotes?,
    private val hints: Hints,
    private val answers: AnswerDesk?,
    private val sink: RecordSink?,
) {
    private val closed = AtomicBoolean()
    private var route: Route? = null
    private var status = 0
    private var model: Model? = null
    private var upstream: Upstream? = null
    private var firstByteNanos = 0L

    /** Null where no answer is served that costs anything. */
    private var scanner: UsageScanner? = null
    private var check: AnswerCheck? = null

    /** Null where the answer is not kept. */
    private var collector: AnswerCollector? = null
    private var isReadable = true
    private var failure: String? = null

    /** The attempt that may be the one that answers; it is at its model until the answer ends. */
    private var serving: BegunAttempt? = null

    /** Attempts whose end was told, by their number. */
    private var told = 0

    /** Models that have had the request, answered or not; one for each attempt. */
    private val reached = ArrayList<String>(1)

    /** Models of attempts that are billed though nobody waited for them. */
    private val unserved = ArrayList<String>(0)

    /** [decideNanos] is what [Pipeline.route] took. */
    fun routed(route: Route, decideNanos: Long) {
        this.route = route
        val plan = route.plan ?: return
        val first = (plan.action as? Action.Forward)?.takeIf { route is Route.Forward }?.ranked?.first()
        val picked = first?.candidate?.model?.name
        val event =
            RouterEvent.Routed(
                plan.recipe,
                plan.decision?.name,
                picked,
                plan.readings,
                decideNanos,
                calls = plan.calls,
                regret = picked?.let { model ->
                    plan.decision?.let { regretOf(model, it.candidates, journey.outcomes.measured(plan.key)) }
                },
                explored = first?.isExplored == true,
                switched = picked != null && plan.traits.session
                    ?.model
                    .let { it != null && it != picked },
            )
        journey.span.routed(event)
        events.publish(event)
        hints.routed(journey, plan)
    }

    /** All attempts of the request that were begun, in the order of their ends. Every one counts, served or not. */
    fun attempts(attempts: List<Attempt>) {
        for (attempt in attempts) {
            val begun = journey.begun.getOrNull(attempt.number - 1) ?: continue
            val nanos = attempt.endNanos - attempt.startNanos
            ended(begun, attempt.status, attempt.failure, nanos, attempt.cancelled)
        }
        told = attempts.size
    }

    private fun ended(begun: BegunAttempt, status: Int?, failed: FailureClass?, nanos: Long, cancelled: Boolean) {
        begun.span.end(status, failed)
        val upstream = begun.upstream
        events.publish(RouterEvent.AttemptEnded(begun.model, upstream.id, upstream.provider, status, failed, nanos, begun.hedge, cancelled))
        if (failed != FailureClass.CONNECT) reached.add(begun.model)
        if (failed == null && !cancelled) serving = begun else gone(begun, failed.takeIf { !cancelled })
        // It reached a model, and whoever runs the model bills it all the same.
        if (cancelled || failed == FailureClass.TIMEOUT) unserved.add(begun.model)
    }

    /** An attempt that answers nobody has left its model, for the reason [failed] where that was the model's fault. */
    private fun gone(begun: BegunAttempt, failed: FailureClass?) {
        journey.outcomes.left(begun.model)
        if (failed != null) tellOutcome(begun, failed)
    }

    private fun tellOutcome(begun: BegunAttempt, failed: FailureClass?, answer: AnswerOutcome? = null, costNanos: Long = 0) {
        val key = route?.plan?.key ?: return
        journey.outcomes.attempted(AttemptOutcome(key, begun.model, begun.upstream.id, clock.instant(), failed, answer, costNanos))
    }

    /** The answer's head arrived from [upstream]. */
    fun headers(head: AnswerHead, model: Model, upstream: Upstream) {
        this.status = head.status
        this.model = model
        this.upstream = upstream
        isReadable = head.isPlain
        if (head.isGood) scanner = UsageScanner(head.format) else failure = "upstream_${head.status}"
        if (head.isGood) check = journey.contract?.let { AnswerCheck(it, head.format, AnswerSchema::follows) }
        if (head.status == OK && head.isPlain) collector = collector(head.format)
    }

    private fun collector(format: UsageScanner.Format): AnswerCollector? {
        val plan = route?.plan ?: return null
        return if (answers?.collects(journey, plan) == true) AnswerCollector(format, plan.policy.cache.answerBytesMax) else null
    }

    fun chunk(data: HttpData) {
        if (firstByteNanos == 0L) firstByteNanos = System.nanoTime()
        if (!isReadable) return
        scanner?.feed(data.array())
        check?.feed(data.array())
        collector?.feed(data.array())
    }

    /** The answer broke off after it began. */
    fun broke(code: String) {
        failure = code
    }

    /** The answer has been passed on whole, or it ended early for the reason [code]; see [CLIENT_LEFT]. */
    fun end(code: String?) {
        // A good status was sent before the model failed, and then it said so in the answer itself.
        if (failure == null) failure = code ?: "upstream_error".takeIf { scanner?.facts?.error == true }
        close(AnswerPath.UPSTREAM)
    }

    /** Answered by ourselves, or with what a model said before. */
    fun answered(status: Int, path: AnswerPath = AnswerPath.FAST_RESPONSE) {
        this.status = status
        close(path)
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
            journey.limits.settle(Amounts.NONE)
            val event = RouterEvent.Refused(code, status)
            events.publish(event)
            journey.span.end(event)
        } else {
            val answer = bill(scanner?.facts, model?.pricing, unserved.mapNotNull(::pricingOf)) { plan?.facts?.promptTokens?.toLong() ?: 0 }
            val advice = plan?.let(::adviceCost)
            val bill = answer.with(advice)
            settleLimits(bill, plan)
            journey.record?.let {
                it.ended(bill.note(), model?.name, endNote())
                journey.snapshot.policy.gateway.decisionsKeptFor
                    ?.let { time -> records.keep(it, time) }
                sink?.offer(it)
            }
            served(answer)
            note(bill, plan)
            hint(plan)
            keep(plan, bill)
            val event = completed(plan, path, scanner?.facts, bill, advice)
            // What was neither routed nor refused, such as a list of models, is no request to a model.
            if (plan != null) events.publish(event)
            journey.span.end(event)
        }
        answers?.left(journey)
        events.publish(RouterEvent.Left)
    }

    /** The Responses API keeps its own turns. */
    private fun note(bill: Bill, plan: Plan?) {
        val name = journey.conversation?.takeIf { it.isNamed && !journey.path.startsWith(RESPONSES) } ?: return
        val answered = model?.name ?: return
        val usage = bill.usage
        val costMicros = ((bill.cost ?: 0.0) * MICROS_PER_UNIT).toLong()
        val use = Use(usage?.promptTokens ?: 0, usage?.completionTokens ?: 0, costMicros)
        val status = if (failure == null) TurnStatus.COMPLETED else TurnStatus.FAILED
        val turn = Turn(journey.id, null, clock.instant(), status, model = answered, decision = plan?.decision?.name, use = use)
        notes?.note(journey.snapshot.edge.tenant(journey.headers, journey.peer), name.id, turn)
    }

    /** What is broken off lets nothing on. */
    private fun hint(plan: Plan?) {
        val answered = model?.name
        if (plan == null || answered == null || failure != null) return
        hints.answered(journey, plan, answered, check?.takeIf { isReadable }?.form() ?: AnswerForm.UNKNOWN)
    }

    private fun keep(plan: Plan?, bill: Bill) {
        val answered = model?.name
        if (plan == null || answered == null || failure != null) return
        collector?.let { answers?.keep(journey, plan, answered, it.collected(), bill.cost) }
    }

    private fun pricingOf(model: String): Pricing? = journey.snapshot.policy.models[model]
        ?.pricing

    private fun settleLimits(bill: Bill, plan: Plan?) {
        if (reached.isEmpty() || journey.snapshot.policy.limits.isEmpty) return journey.limits.settle(Amounts.NONE)
        val shares = Shares(bill, model?.name, reached, unserved, plan?.facts?.promptTokens?.toLong() ?: 0, ::pricingOf)
        val first = (plan?.action as? Action.Forward)?.first?.model?.name
        journey.limits.settle(shares.all(), if (reached.all { it == first }) null else shares.byModel())
    }

    /** Tells what came of the attempt that answered; what the client cut short says nothing of the model. */
    private fun served(bill: Bill) {
        val begun = serving ?: return
        journey.outcomes.left(begun.model)
        if (failure == CLIENT_LEFT) return
        val nowNanos = System.nanoTime()
        val answer = answerOutcome(begun.startNanos, firstByteNanos, nowNanos, route?.stream ?: false, bill.usage)
        val costNanos = ((bill.cost ?: 0.0) * NANOS_PER_UNIT).toLong()
        tellOutcome(begun, brokeAs(failure), answer.takeIf { failure == null }, costNanos)
    }

    /** Attempts that another proxy makes for us, and those under way when the client left. */
    private fun endUntold() {
        val answered = status.takeIf { model != null }
        for (begun in journey.begun.drop(told)) {
            val nanos = System.nanoTime() - begun.startNanos
            ended(begun, answered, answered?.let(::failureClass), nanos, cancelled = answered == null)
        }
    }

    private fun endNote(): EndNote {
        val firstByte = firstByteNanos.takeIf { it != 0L }?.let { Duration.ofNanos(it - journey.startNanos) }
        return EndNote(status, failure, firstByte, Duration.ofNanos(System.nanoTime() - journey.startNanos))
    }

    private fun completed(plan: Plan?, path: AnswerPath, facts: AnswerFacts?, bill: Bill, advice: AdviceCost?): RouterEvent.Completed {
        val usage = bill.usage
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
            tokensEstimated = bill.isEstimated,
            cost = bill.cost,
            costEstimated = bill.costEstimated,
            currency = bill.currency,
            finishReasons = facts?.finishReasons.orEmpty(),
            compared = plan?.let { comparedCost(it, model, usage) },
            advice = advice,
        )
    }

    companion object {
        /** The client went away before its answer was whole. */
        const val CLIENT_LEFT = "client_left"

        /** What proxies write into their logs where the client left before there was a status. */
        private const val CLIENT_LEFT_STATUS = 499
        private const val OK = 200
        private const val NANOS_PER_UNIT = 1e9
        private const val MICROS_PER_UNIT = 1e6
        private const val RESPONSES = "/v1/responses"
    }
}
