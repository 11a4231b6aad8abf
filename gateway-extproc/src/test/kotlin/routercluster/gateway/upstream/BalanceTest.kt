package routercluster.gateway.upstream

import com.linecorp.armeria.client.Endpoint
import com.linecorp.armeria.client.WebClient
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.FailureClass
import routercluster.policy.models.LoadBalancing
import routercluster.policy.models.Reliability
import java.time.Duration

class BalanceTest {
    private var seconds = 0L
    private val ticker = { seconds * 1_000_000_000 }

    private fun pool(vararg weights: Int, reliability: Reliability = Reliability()): ModelPool {
        val upstreams = weights.mapIndexed { index, weight -> upstream("a/${index + 1}", 1, weight) }
        val members = upstreams.map { Member(it, Endpoint.of("127.0.0.1", 1), WebClient.of(), Condition()) }
        return ModelPool(modelOf("a", *upstreams.toTypedArray(), reliability = reliability), members, 20, ticker)
    }

    private fun ModelPool.turn(tried: List<Member> = emptyList()) = choose(tried).upstream.id

    private fun ModelPool.fail(number: Int, times: Int = 5, failure: FailureClass = FailureClass.SERVER_ERROR) =
        repeat(times) { failed(members[number - 1], failure) }

    private fun ModelPool.fitness() = members.joinToString(" ") { if (it.condition.fit(ticker())) "fit" else "out" }

    @Test
    fun `round robin follows the weights and spreads them`() {
        val pool = pool(5, 1, 2)
        val turns = List(8) { pool.turn() }
        turns.joinToString(" ") { it.removePrefix("a/") } shouldBe "1 3 1 1 2 1 3 1"
        List(800) { pool.turn() }.groupingBy { it }.eachCount() shouldBe mapOf("a/1" to 500, "a/2" to 100, "a/3" to 200)
    }

    @Test
    fun `least request takes the emptiest for its weight`() {
        val pool = pool(1, 2, reliability = Reliability(loadBalancing = LoadBalancing.LEAST_REQUEST))
        List(6) { pool.acquire(emptyList()).upstream.id }.groupingBy { it }.eachCount() shouldBe mapOf("a/1" to 2, "a/2" to 4)
        repeat(2) { pool.release(pool.members[0]) }
        pool.turn() shouldBe "a/1"
    }

    @Test
    fun `one that was tried comes last`() {
        val pool = pool(9, 1)
        List(3) { pool.turn(listOf(pool.members[0])) } shouldBe List(3) { "a/2" }
        pool.turn(pool.members) shouldBe "a/1"
    }

    @Test
    fun `failures in a row eject, time brings back for one trial`() {
        val pool = pool(1, 1)
        pool.fail(1, times = 4)
        pool.succeeded(pool.members[0])
        pool.fail(1, times = 4)
        pool.fitness() shouldBe "fit fit"
        pool.fail(1, times = 1)
        pool.fitness() shouldBe "out fit"
        pool.members[0].condition.describe(ticker()) shouldBe "ejected for 30 s more"
        seconds = 30
        pool.fitness() shouldBe "fit fit"
        val trial = pool.acquire(listOf(pool.members[1]))
        trial.upstream.id shouldBe "a/1"
        pool.fitness() shouldBe "out fit"
        pool.committed(trial)
        pool.fitness() shouldBe "fit fit"
        pool.succeeded(trial)
        trial.condition.describe(ticker()) shouldBe "fit"
    }

    @Test
    fun `a failed trial ejects for longer, up to ten times as long`() {
        val pool = pool(1, 1)
        pool.fail(1)
        val lengths =
            List(6) {
                val until = generateSequence(seconds) { it + 1 }.first { pool.members[0].condition.fit(it * 1_000_000_000) }
                val length = until - seconds
                seconds = until
                pool.release(pool.acquire(listOf(pool.members[1])))
                pool.fail(1, times = 1)
                length
            }
        lengths shouldBe listOf<Long>(30, 60, 120, 240, 300, 300)
        seconds += 300 + 301
        pool.committed(pool.members[0])
        pool.fail(1)
        pool.members[0].condition.describe(ticker()) shouldBe "ejected for 30 s more"
    }

    @Test
    fun `never more are ejected than allowed`() {
        val pool = pool(1, 1, 1, 1)
        (1..4).forEach { pool.fail(it) }
        pool.fitness() shouldBe "out out fit fit"
        pool(1).also { it.fail(1) }.fitness() shouldBe "fit"
    }

    @Test
    fun `where all are out all are used`() {
        val pool = pool(1, 1, reliability = Reliability(maxEjectedPercent = 100, ejection = Duration.ofSeconds(9)))
        (1..2).forEach { pool.fail(it) }
        pool.fitness() shouldBe "out out"
        List(2) { pool.turn() }.toSet() shouldBe setOf("a/1", "a/2")
    }

    @Test
    fun `what is told of another's sending counts like an attempt of our own`() {
        val pool = pool(1, 1, reliability = Reliability(consecutiveFailures = 3))
        val (first, second) = pool.members.map { Picked(pool, it.also { member -> member.condition.begun(ticker()) }) }
        first.answered(FailureClass.SERVER_ERROR, attempts = 2)
        first.ended(whole = true)
        pool.fitness() shouldBe "fit fit"
        first.answered(FailureClass.CONNECT, attempts = 1)
        pool.fitness() shouldBe "out fit"
        second.answered(FailureClass.TIMEOUT, attempts = 2)
        second.answered(null, attempts = 1)
        second.ended(whole = true)
        second.answered(FailureClass.TIMEOUT, attempts = 2)
        pool.fitness() shouldBe "out fit"
        pool.inFlight() shouldBe 0
    }

    @Test
    fun `rate limits and refused keys eject nobody`() {
        val pool = pool(1, 1)
        pool.fail(1, times = 9, failure = FailureClass.RATE_LIMITED)
        pool.fail(1, times = 9, failure = FailureClass.CREDENTIALS)
        pool.fitness() shouldBe "fit fit"
    }
}
