package routercluster.policy.limits

import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeoutException
import kotlin.random.Random

/** What a request was let spend, and when. */
internal class Spent(val at: Long, var amount: Long, val reservation: Reservation) {
    var isSettled = false
}

/**
 * Nodes that reserve from one authority, in time that a test moves. Questions and answers wait until they are delivered, are lost, or
 * overtake each other; nodes die. All of it is drawn from [random].
 */
internal class Simulation(private val rule: LimitRule, nodeCount: Int, private val random: Random, private val amountMax: Long) {
    private class Question(val counter: String, val pace: Pace, val sync: Sync, val promise: CompletableFuture<LeaseReply>)

    private var now = 1_000_000L
    private var nodesMade = 0
    private val authority = MemoryAuthority { now }
    private val questions = ArrayList<Question>()
    private val answers = ArrayList<() -> Unit>()
    private val nodes = ArrayList<LeasedReservations>()
    val spent = ArrayList<Spent>()
    var denied = 0

    init {
        repeat(nodeCount) { nodes += node() }
    }

    private fun node() = LeasedReservations("node-${nodesMade++}", ::ask) { now }

    private fun ask(counter: String, pace: Pace, sync: Sync): CompletionStage<LeaseReply> {
        val promise = CompletableFuture<LeaseReply>()
        questions += Question(counter, pace, sync, promise)
        return promise
    }

    fun run(steps: Int) = repeat(steps) { step() }

    private fun step() {
        when (random.nextInt(20)) {
            in 0..6 -> reserve(nodes.random(random))
            in 7..9 -> settleOne()
            in 10..12 -> deliver()
            13, 14 -> answers.removeOneOrNull(random)?.invoke()
            15 -> lose()
            16 -> nodes.random(random).tick()
            17 -> now += random.nextLong(1, rule.pace.windowMillis / 3)
            18 -> now += random.nextLong(1, 60)
            else -> if (random.nextInt(10) == 0) nodes[random.nextInt(nodes.size)] = node()
        }
    }

    private fun reserve(node: LeasedReservations) {
        val amount = random.nextLong(1, amountMax + 1)
        node.reserve(listOf(rule), LimitFacts(LimitCaller(user = "ann")), Amounts(amount, amount, amount)).thenAccept { reserved ->
            when (reserved) {
                is Reserved.Granted -> spent += Spent(now, minOf(amount, rule.pace.capacity), reserved.reservation)
                is Reserved.Denied -> denied++
                is Reserved.Unavailable -> Unit
            }
        }
    }

    /** Of some of what was let through, less turns out to have been spent, or nothing. */
    private fun settleOne() {
        val open = spent.randomOrNull(random) ?: return
        val actual = random.nextLong(0, open.amount + 1)
        if (open.isSettled) return
        open.isSettled = true
        open.amount = actual
        open.reservation.settle(Amounts(actual, actual, actual))
    }

    private fun deliver() {
        val question = questions.removeOneOrNull(random) ?: return
        val reply = authority.sync(question.counter, question.pace, question.sync).toCompletableFuture().join()
        answers += { question.promise.complete(reply) }
    }

    /** A question or an answer is lost, which the node hears as a timeout; a question may arrive all the same afterwards. */
    private fun lose() {
        val question = questions.removeOneOrNull(random) ?: return
        if (random.nextBoolean()) authority.sync(question.counter, question.pace, question.sync)
        question.promise.completeExceptionally(TimeoutException("lost"))
    }

    private fun <T> ArrayList<T>.removeOneOrNull(random: Random): T? = if (isEmpty()) null else removeAt(random.nextInt(size))
}
