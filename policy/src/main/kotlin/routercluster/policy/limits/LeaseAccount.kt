package routercluster.policy.limits

import java.util.concurrent.CompletableFuture

/** What one limit says to one request. */
internal sealed interface Asked {
    class Held(val hold: Hold) : Asked

    class Denied(val standing: Standing, val retryMillis: Long) : Asked

    class Away(val retryMillis: Long) : Asked
}

/** A request's part of what a node holds of a limit. */
internal class Hold(val account: LeaseAccount, val generation: Long, val amount: Long)

/**
 * What this node holds of one count: leased from the authority, given out to requests without asking, asked for again when it is not
 * enough. Requests that wait for an answer are answered in their order. Guarded by its own lock; what it sends and completes happens
 * outside of it.
 *
 * @param send asks the authority; told back by [answered] or [failed]
 */
internal class LeaseAccount(
    val counter: String,
    private val holder: String,
    private val send: (LeaseAccount, Sync) -> Unit,
) {
    private class Waiter(val need: Long, val promise: CompletableFuture<Asked>) {
        /** The question that asked for it too. */
        var number = 0L
    }

    private var rule: LimitRule? = null
    private var available = 0L
    private var held = 0L
    private var spent = 0L
    private var extra = 0L

    /** Counts up when what was held has become void. */
    private var generation = 0L
    private var validUntil = Long.MIN_VALUE
    private var lastNumber = 0L

    /** Sent and not answered; it is repeated until it is. */
    private var open: Sync? = null
    private var sentAt: Long? = null
    private val waiters = ArrayDeque<Waiter>()
    private var takenSinceAsked = 0L
    private var usedAt = Long.MIN_VALUE
    private var deniedUntil = Long.MIN_VALUE
    private var deniedNeed = 0L
    private var pauseUntil = Long.MIN_VALUE
    private var pause = PAUSE_MIN
    private var known: LeaseReply? = null
    private var knownAt = 0L
    private var closed = false

    /** Milliseconds since the authority last answered, where something is held; else null. */
    @Synchronized
    fun ageMillis(now: Long): Long? = if (available + held + spent > 0) now - knownAt else null

    @get:Synchronized
    val pace: Pace? get() = rule?.pace

    /** Null where this account is closed: another one is to be opened. */
    fun reserve(rule: LimitRule, need: Long, now: Long): CompletableFuture<Asked>? {
        val promise = CompletableFuture<Asked>()
        val question =
            synchronized(this) {
                if (closed) return null
                this.rule = rule
                expire(now)
                usedAt = now
                atOnce(need, now)?.let { return CompletableFuture.completedFuture(it) }
                waiters += Waiter(need, promise)
                question(now)
            }
        question?.let { send(this, it) }
        return promise
    }

    private fun atOnce(need: Long, now: Long): Asked? =
        when {
            waiters.isEmpty() && need <= available -> Asked.Held(take(need))
            now < deniedUntil && need >= deniedNeed -> Asked.Denied(standing(now), deniedUntil - now)
            now < pauseUntil -> Asked.Away(pauseUntil - now)
            waiters.size >= WAITERS_MAX -> Asked.Away(PAUSE_MIN)
            else -> null
        }

    private fun take(need: Long): Hold {
        available -= need
        held += need
        takenSinceAsked += need
        return Hold(this, generation, need)
    }

    fun settle(hold: Hold, actual: Long) =
        synchronized(this) {
            if (hold.generation == generation) {
                val used = minOf(actual, hold.amount)
                held -= hold.amount
                spent += used
                available += hold.amount - used
            }
            // Of what became void, all is counted as spent.
            pay(maxOf(0, actual - hold.amount))
        }

    /** Pays [amount] that nobody has reserved. False where this account is closed: another one is to be opened. */
    fun charge(rule: LimitRule, amount: Long, now: Long): Boolean =
        synchronized(this) {
            if (closed) return false
            this.rule = rule
            expire(now)
            // Where nobody asks, what was spent is told with the next tick.
            if (usedAt == Long.MIN_VALUE) usedAt = now - IDLE
            pay(amount)
            true
        }

    private fun pay(amount: Long) {
        val own = minOf(amount, available)
        available -= own
        spent += own
        extra += amount - own
    }

    /**
     * Keeps alive what requests hold, gives back what nobody uses, tells what was spent. Whether this account can be forgotten.
     *
     * @param isLast nothing more will be asked for
     */
    fun tick(now: Long, isLast: Boolean = false): Boolean {
        val question =
            synchronized(this) {
                expire(now)
                val isIdle = isLast || now - usedAt >= IDLE
                val holds = available + held + spent + extra > 0
                if (isIdle && !holds && open == null && waiters.isEmpty()) {
                    closed = true
                    return true
                }
                val isDue = holds && ((isIdle && available + spent + extra > 0) || validUntil - now < leaseMillis() / 2)
                if (open == null && !isDue) null else question(now, returns = isIdle)
            }
        question?.let { send(this, it) }
        return false
    }

    /** The next question to send, or the last one again; null while one is under way or none may be. */
    private fun question(now: Long, returns: Boolean = false): Sync? {
        if (sentAt != null || now < pauseUntil) return null
        val next = open ?: nextSync(if (returns) available else 0)
        open = next
        sentAt = now
        return next
    }

    private fun nextSync(returned: Long): Sync {
        val number = ++lastNumber
        waiters.forEach { it.number = number }
        val waiting = waiters.sumOf { it.need }
        val kept = available - returned
        val sync =
            Sync(
                holder = holder,
                number = number,
                spent = spent,
                returned = returned,
                extra = extra,
                needed = maxOf(0, (waiters.minOfOrNull { it.need } ?: 0) - kept),
                waiting = maxOf(0, waiting - kept),
                ahead = if (waiters.isEmpty()) 0 else AHEAD * (takenSinceAsked + waiting),
            )
        spent = 0
        extra = 0
        available -= returned
        takenSinceAsked = 0
        return sync
    }

    fun answered(reply: LeaseReply, now: Long) {
        val done = ArrayList<() -> Unit>()
        val question =
            synchronized(this) {
                val sent = sentAt
                if (reply.number != open?.number || sent == null) return
                open = null
                sentAt = null
                expire(now)
                if (reply.isNew) forget()
                available += reply.granted
                validUntil = sent + reply.lastsMillis
                expire(now)
                known = reply
                knownAt = now
                pause = PAUSE_MIN
                pauseUntil = Long.MIN_VALUE
                serve(reply, now, done)
                if (waiters.isEmpty()) null else question(now)
            }
        done.forEach { it() }
        question?.let { send(this, it) }
    }

    /** Those who were asked for and got nothing are refused; those who came later are asked for next. */
    private fun serve(reply: LeaseReply, now: Long, done: MutableList<() -> Unit>) {
        val left = ArrayDeque<Waiter>()
        for (waiter in waiters) {
            val answer =
                when {
                    waiter.need <= available -> Asked.Held(take(waiter.need))
                    waiter.number == reply.number -> denied(waiter.need, reply, now)
                    else -> null
                }
            if (answer == null) left += waiter else done += { waiter.promise.complete(answer) }
        }
        waiters.clear()
        waiters += left
    }

    private fun denied(need: Long, reply: LeaseReply, now: Long): Asked {
        val retry = maxOf(reply.retryMillis, 1)
        deniedNeed = if (now < deniedUntil) minOf(deniedNeed, need) else need
        deniedUntil = now + minOf(retry, DENIED_FOR)
        return Asked.Denied(standing(now), retry)
    }

    /** The authority did not answer: whoever waits is told so, and nobody asks for a while. */
    fun failed(now: Long) {
        val waiting =
            synchronized(this) {
                sentAt = null
                pauseUntil = now + pause
                pause = minOf(2 * pause, PAUSE_MAX)
                waiters.toList().also { waiters.clear() }
            }
        waiting.forEach { it.promise.complete(Asked.Away(PAUSE_MAX)) }
    }

    @Synchronized
    fun standing(now: Long): Standing {
        val rule = checkNotNull(rule) { "$counter was never asked" }
        val reply = known
        val capacity = rule.pace.capacity
        val free = reply?.free ?: 0
        val reset = reply?.let { maxOf(0, it.fullMillis - (now - knownAt)) } ?: 0
        return Standing(rule.name, rule.kind, capacity, minOf(capacity, free + available), reset)
    }

    /** What is held past its time may be granted to others: none of it is given out, and all of it is told as spent. */
    private fun expire(now: Long) {
        if (now < validUntil || available + held == 0L) return
        spent += available + held
        available = 0
        held = 0
        generation++
    }

    private fun forget() {
        available = 0
        held = 0
        spent = 0
        generation++
    }

    private fun leaseMillis() = rule?.pace?.let(Ledger::leaseMillis) ?: 0

    private companion object {
        /** Requests that wait for one answer; those beyond are told to come again. */
        const val WAITERS_MAX = 10_000

        /** What is asked for ahead, in parts of what was needed since the last time. */
        const val AHEAD = 2

        /** Milliseconds without a request after which nothing is kept for the next. */
        const val IDLE = 1_000L

        /** A denial is believed for so long, so that a flood of requests is not one of questions. */
        const val DENIED_FOR = 200L
        const val PAUSE_MIN = 100L
        const val PAUSE_MAX = 1_000L
    }
}
