package routercluster.policy.limits

import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.LongAdder

/**
 * How often a node had to ask.
 *
 * @property calls questions to the authority
 * @property failures of these
 * @property oldestMillis since the authority last answered for something that is still held
 * @property counters that are known here
 */
data class LeaseStats(val calls: Long, val failures: Long, val oldestMillis: Long, val counters: Int)

/**
 * Reserves by leases from [authority], so that most requests ask nobody. [tick] is to be called several times a second.
 *
 * @param holder names this run of this node; never used by another run
 * @param nowMillis a clock that never goes back; its zero does not matter
 */
class LeasedReservations(
    private val holder: String,
    private val authority: LimitAuthority,
    private val nowMillis: () -> Long,
) : Reservations, AutoCloseable {
    private val accounts = ConcurrentHashMap<String, LeaseAccount>()
    private val calls = LongAdder()
    private val failures = LongAdder()

    override fun reserve(rules: List<LimitRule>, facts: LimitFacts, estimate: Amounts): CompletableFuture<Reserved> {
        val asked = rules.mapNotNull { rule -> rule.counterOf(facts)?.let { rule to ask(rule, it.text, estimate.of(rule.kind)) } }
        val answers = asked.map { it.second }
        if (answers.all { it.isDone }) return CompletableFuture.completedFuture(outcome(rules, facts, asked))
        return CompletableFuture.allOf(*answers.toTypedArray()).thenApply { outcome(rules, facts, asked) }
    }

    private fun ask(rule: LimitRule, counter: String, amount: Long): CompletableFuture<Asked> {
        // What is dearer than the whole limit waits for all of it, rather than for ever.
        val need = minOf(amount, rule.pace.capacity)
        while (true) {
            val account = accounts[counter] ?: open(counter) ?: return CompletableFuture.completedFuture(Asked.Away(RETRY_MILLIS))
            account.reserve(rule, need, nowMillis())?.let { return it }
            accounts.remove(counter, account)
        }
    }

    private fun open(counter: String): LeaseAccount? =
        if (accounts.size >= COUNTERS_MAX) null else accounts.computeIfAbsent(counter) { LeaseAccount(it, holder, ::send) }

    private fun send(account: LeaseAccount, sync: Sync) {
        calls.increment()
        val pace = account.pace ?: return
        authority.sync(account.counter, pace, sync).whenComplete { reply, failure ->
            if (failure == null) {
                account.answered(reply, nowMillis())
            } else {
                failures.increment()
                account.failed(nowMillis())
            }
        }
    }

    private fun outcome(rules: List<LimitRule>, facts: LimitFacts, asked: List<Pair<LimitRule, CompletableFuture<Asked>>>): Reserved {
        val answers = asked.map { (rule, answer) -> rule to answer.join() }
        val holds = answers.mapNotNull { (rule, answer) -> (answer as? Asked.Held)?.let { rule to it.hold } }
        val denied = answers.mapNotNull { it.second as? Asked.Denied }.maxByOrNull { it.retryMillis }
        val away = answers.filter { it.second is Asked.Away }
        val closed = away.firstOrNull { !it.first.failOpen }
        if (denied == null && closed == null) return Reserved.Granted(Held(rules, facts, holds, away.map { it.first.name }))
        holds.forEach { (_, hold) -> hold.account.settle(hold, 0) }
        if (denied != null) return Reserved.Denied(denied.standing, denied.retryMillis)
        val (rule, answer) = checkNotNull(closed)
        return Reserved.Unavailable(rule.name, (answer as Asked.Away).retryMillis)
    }

    /** @param rules that were asked; a model that answers instead of the one of [facts] may be on other counts of them */
    private inner class Held(
        private val rules: List<LimitRule>,
        private val facts: LimitFacts,
        private val holds: List<Pair<LimitRule, Hold>>,
        override val unasked: List<String>,
    ) : Reservation {
        private val settled = AtomicBoolean()

        override val standings: List<Standing>
            get() = nowMillis().let { now -> holds.map { (_, hold) -> hold.account.standing(now) } }

        override fun settle(actual: Amounts, byModel: Map<String, Amounts>?) {
            if (!settled.compareAndSet(false, true)) return
            holds.forEach { (rule, hold) -> if (byModel == null || !rule.isOfModel) hold.account.settle(hold, actual.of(rule.kind)) }
            if (byModel != null) rules.forEach { if (it.isOfModel) pay(it, byModel) }
        }

        private fun pay(rule: LimitRule, byModel: Map<String, Amounts>) {
            val due = HashMap<String, Amounts>()
            byModel.forEach { (model, amounts) -> rule.counterOf(facts.at(model))?.let { due.merge(it.text, amounts, Amounts::and) } }
            holds.firstOrNull { it.first === rule }?.second?.let { hold ->
                hold.account.settle(hold, due.remove(hold.account.counter)?.of(rule.kind) ?: 0)
            }
            due.forEach { (counter, amounts) -> charge(rule, counter, amounts.of(rule.kind)) }
        }
    }

    private fun charge(rule: LimitRule, counter: String, amount: Long) {
        if (amount == 0L) return
        while (true) {
            val account = accounts[counter] ?: open(counter) ?: return
            if (account.charge(rule, amount, nowMillis())) return
            accounts.remove(counter, account)
        }
    }

    /** Renews and returns what is held, and forgets counts that nobody asks for. */
    fun tick() {
        val now = nowMillis()
        accounts.values.forEach { if (it.tick(now)) accounts.remove(it.counter, it) }
    }

    /** Gives back what no request holds; called when requests have ended. */
    override fun close() {
        val now = nowMillis()
        accounts.values.forEach { it.tick(now, isLast = true) }
    }

    fun stats(): LeaseStats {
        val now = nowMillis()
        val oldest = accounts.values.mapNotNull { it.ageMillis(now) }.maxOrNull() ?: 0
        return LeaseStats(calls.sum(), failures.sum(), oldest, accounts.size)
    }

    private companion object {
        /** Counts that one node has to do with at a time; further ones cannot be asked. */
        const val COUNTERS_MAX = 200_000
        const val RETRY_MILLIS = 1_000L
    }
}
