package routercluster.gateway.upstream

import com.linecorp.armeria.client.RequestOptions
import com.linecorp.armeria.common.ExchangeType
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.ResponseHeaders
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withTimeoutOrNull
import routercluster.policy.FailureClass
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/** One exchange on its way through attempts at its models. Used once. */
internal class Sending(private val exchange: Exchange, private val pools: Map<String, ModelPool>, private val means: Means) {
    private val settings = means.settings
    private val calls = ArrayList<Call>(2)
    private val attempts = ArrayList<Attempt>(2)

    /** The model being tried, its upstreams that were tried, and how often it was tried again. */
    private var position = 0
    private var tried = emptyList<Member>()
    private var retries = 0

    /** The last answer, if a bad one; served if nothing better comes. */
    private var spare: Outcome? = null

    suspend fun reply(): Reply =
        try {
            run()
        } catch (cause: Throwable) {
            calls.forEach { it.cancel() }
            throw cause
        }

    private suspend fun run(): Reply {
        position = usable(0)
        if (settings.hedgeAfter != null) means.hedges.deposit(pool().inFlight())
        while (true) {
            if (remainingNanos() <= 0) return late()
            val pool = pool()
            val panic = !pool.fit()
            if (retries == 0) pool.retries.deposit(pool.inFlight())
            val outcome = attempt(pool)
            if (outcome.failure == null && outcome.headers != null) return served(outcome, outcome.headers)
            val failure = outcome.failure ?: FailureClass.CONNECT
            tried = tried + outcome.call.member
            when (val step = standing(pool, outcome, failure).next(settings, means.random, pool.retries::withdraw)) {
                is Step.Again -> {
                    setAside(outcome)
                    retries++
                    means.pause(step.waitNanos)
                }

                Step.MoveOn -> {
                    setAside(outcome)
                    retries = 0
                    tried = emptyList()
                    position = usable(position + 1)
                }

                is Step.Stop -> {
                    return best(outcome) ?: failed(failure, panic, step.budgetSpent)
                }
            }
        }
    }

    private fun pool(at: Int = position): ModelPool {
        val name = exchange.targets[at].model.name
        return requireNotNull(pools[name]) { "model $name is not one of this policy's" }
    }

    /**
     * The next model from [from] on with a fit upstream; [from] itself where there is none, since an unfit upstream is better
     * than no answer, or where a failure to connect may not fall back.
     */
    private fun usable(from: Int): Int {
        if (pool(from).fit() || FailureClass.CONNECT !in settings.fallBackOn) return from
        return (from + 1..exchange.targets.lastIndex).firstOrNull { pool(it).fit() } ?: from
    }

    private fun remainingNanos(): Long = exchange.deadlineNanos - means.ticker()

    private fun standing(pool: ModelPool, outcome: Outcome, failure: FailureClass) =
        Standing(
            failure = failure,
            retries = retries,
            retriesMax = pool.model.reliability.retries,
            retryOn = pool.model.reliability.retryOn,
            attemptsLeft = settings.attemptsMax - calls.size,
            remainingNanos = remainingNanos(),
            retryAfterNanos = outcome.headers?.let { retryAfter(it, means.clock) }?.toNanos(),
            fresh = pool.fresh(tried),
            more = position < exchange.targets.lastIndex,
        )

    /** One attempt, or two where it is hedged. */
    private suspend fun attempt(pool: ModelPool): Outcome {
        val lead = open(pool, tried, hedge = false)
        val silence = settings.hedgeAfter?.toKotlinDuration()
        val mayHedge = silence != null && exchange.hedging && calls.size < settings.attemptsMax
        val outcome = if (silence != null && mayHedge) race(pool, lead, silence) else lead.outcome.await()
        log(outcome.call, outcome)
        return outcome
    }

    /** The first of the two to commit wins; one that fails leaves the other its time. */
    private suspend fun race(pool: ModelPool, lead: Call, silence: Duration): Outcome {
        withTimeoutOrNull(silence) { lead.outcome.await() }?.let { return it }
        if (!means.hedges.withdraw()) return lead.outcome.await()
        val rival = open(pool, tried + lead.member, hedge = true)
        val first =
            select {
                lead.outcome.onAwait { it }
                rival.outcome.onAwait { it }
            }
        val other = if (first.call === lead) rival else lead
        if (first.failure == null) {
            other.cancel()
            log(other, null)
            return first
        }
        log(first.call, first)
        setAside(first)
        tried = tried + first.call.member
        return other.outcome.await()
    }

    private fun open(pool: ModelPool, avoid: List<Member>, hedge: Boolean): Call {
        val member = pool.acquire(avoid)
        val response =
            try {
                val request = exchange.targets[position].request(member.upstream, hedge)
                val headers =
                    if (request.headers.authority() == null) {
                        request.headers
                    } else {
                        request.headers
                            .toBuilder()
                            .authority(member.endpoint.authority())
                            .build()
                    }
                member.client.execute(HttpRequest.of(headers, request.body), OPTIONS)
            } catch (cause: Throwable) {
                pool.release(member)
                throw cause
            }
        val call = Call(member, calls.size + 1, hedge, pool, response, exchange.deadlineNanos, means.timing)
        calls.add(call)
        call.start()
        return call
    }

    /** Keeps a bad answer that is whole, else ends it. */
    private fun setAside(outcome: Outcome) {
        if (outcome.headers != null && outcome.whole) spare = outcome else outcome.call.cancel()
    }

    private fun log(call: Call, outcome: Outcome?) {
        attempts.add(
            Attempt(
                number = call.number,
                model = exchange.targets[position].model.name,
                upstream = call.member.upstream.id,
                status = outcome?.status,
                failure = outcome?.failure,
                startNanos = call.startNanos,
                endNanos = means.ticker(),
                hedge = call.hedge,
                cancelled = outcome == null,
            ),
        )
    }

    private fun served(outcome: Outcome, headers: ResponseHeaders) =
        Reply.Served(
            outcome.call.model,
            outcome.call.member.upstream,
            headers,
            outcome.call,
            attempts,
            outcome.call.number,
            outcome.call::cancel,
        )

    /** What there is to serve of the answers so far. */
    private fun best(last: Outcome?): Reply? {
        val outcome = last?.takeIf { it.headers != null } ?: spare
        return outcome?.headers?.let { served(outcome, it) }
    }

    private fun late(): Reply = best(null) ?: failed(FailureClass.TIMEOUT, panic = false, budgetSpent = false)

    private fun failed(failure: FailureClass, panic: Boolean, budgetSpent: Boolean): Reply.Failed {
        val model = exchange.targets[position].model.name
        return when {
            failure == FailureClass.TIMEOUT -> {
                Reply.Failed(504, "upstream_timeout", "model $model did not answer in time", attempts)
            }

            budgetSpent -> {
                Reply.Failed(503, "retry_budget_spent", "model $model gave no answer and too many requests are being retried", attempts)
            }

            panic -> {
                Reply.Failed(503, "no_healthy_upstream", "model $model has no healthy upstream", attempts)
            }

            else -> {
                Reply.Failed(502, "upstream_unavailable", "model $model could not be reached", attempts)
            }
        }
    }

    private companion object {
        val OPTIONS: RequestOptions = RequestOptions.builder().exchangeType(ExchangeType.RESPONSE_STREAMING).build()
    }
}
