package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpMethod
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.policy.FailureClass
import routercluster.policy.Forwarding
import routercluster.policy.models.Model
import routercluster.policy.models.Reliability
import routercluster.policy.models.Upstream
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.random.Random

/** Each row: what the upstreams answer in turn, what the client gets, and every attempt on the way. */
class ScenariosTest {
    private val open = ArrayList<AutoCloseable>()
    private val waits = CopyOnWriteArrayList<Long>()

    @AfterEach
    fun close() = open.asReversed().forEach { it.close() }

    private val patient = Forwarding(backoff = Duration.ZERO)
    private val hasty = patient.copy(firstByteTimeout = Duration.ofMillis(400))
    private val noRetries = Reliability(retries = 0)

    private class Row(
        val name: String,
        val script: String,
        val reply: String,
        val attempts: String,
        val settings: Forwarding,
        val reliability: Reliability = Reliability(),
        val waitsMillis: List<Long> = emptyList(),
    )

    private val rows =
        listOf(
            Row("a good answer", "a/1: ok", "200 ok by a/1", "a/1 200", patient),
            Row(
                "429 with milliseconds, then good",
                "a/1: 429(retry-after-ms=30) ok",
                "200 ok by a/1",
                "a/1 429 RATE_LIMITED, a/1 200",
                patient,
                waitsMillis = listOf(30),
            ),
            Row(
                "429 with Azure's milliseconds, then good",
                "a/1: 429(x-ms-retry-after-ms=40) ok",
                "200 ok by a/1",
                "a/1 429 RATE_LIMITED, a/1 200",
                patient,
                waitsMillis = listOf(40),
            ),
            Row(
                "429 with seconds, then good",
                "a/1: 429(retry-after=1) ok",
                "200 ok by a/1",
                "a/1 429 RATE_LIMITED, a/1 200",
                patient,
                waitsMillis = listOf(1_000),
            ),
            Row(
                "429 with a date, then good",
                "a/1: 429(retry-after=Thu,_01_Jan_2026_00:00:02_GMT) ok",
                "200 ok by a/1",
                "a/1 429 RATE_LIMITED, a/1 200",
                patient,
                waitsMillis = listOf(2_000),
            ),
            Row(
                "429 that asks for too long goes to the next model at once",
                "a/1: 429(retry-after=3); b/1: ok",
                "200 ok by b/1",
                "a/1 429 RATE_LIMITED, b/1 200",
                patient,
            ),
            Row(
                "429 with another upstream left does not wait",
                "a/1: 429(retry-after=1); a/2: ok",
                "200 ok by a/2",
                "a/1 429 RATE_LIMITED, a/2 200",
                patient,
                waitsMillis = listOf(0),
            ),
            Row(
                "500, then another upstream",
                "a/1: 500; a/2: ok",
                "200 ok by a/2",
                "a/1 500 SERVER_ERROR, a/2 200",
                patient,
                waitsMillis = listOf(0),
            ),
            Row("529, then the next model", "a/1: 529; b/1: ok", "200 ok by b/1", "a/1 529 SERVER_ERROR, b/1 200", patient, noRetries),
            Row("refused, then the next model", "a/1: refused; b/1: ok", "200 ok by b/1", "a/1 CONNECT, b/1 200", patient, noRetries),
            Row(
                "refused everywhere",
                "a/1: refused; b/1: refused",
                "502 upstream_unavailable",
                "a/1 CONNECT, b/1 CONNECT",
                patient,
                noRetries,
            ),
            Row("silence, then the next model", "a/1: silent; b/1: ok", "200 ok by b/1", "a/1 TIMEOUT, b/1 200", hasty, noRetries),
            Row("headers, then silence", "a/1: headers; b/1: ok", "200 ok by b/1", "a/1 200 TIMEOUT, b/1 200", hasty, noRetries),
            Row("silence everywhere", "a/1: silent", "504 upstream_timeout", "a/1 TIMEOUT", hasty, noRetries),
            Row(
                "dies before the first byte",
                "a/1: headers-cut; a/2: ok",
                "200 ok by a/2",
                "a/1 200 CONNECT, a/2 200",
                patient,
                waitsMillis = listOf(0),
            ),
            Row("an empty good answer", "a/1: 204", "204 by a/1", "a/1 204", patient),
            Row("the client's own mistake", "a/1: 400 ok", "400 400 by a/1", "a/1 400", patient),
            Row("a conflict", "a/1: 409 ok", "409 409 by a/1", "a/1 409", patient),
            Row("refused credentials", "a/1: 401 ok; b/1: ok", "401 401 by a/1", "a/1 401 CREDENTIALS", patient),
            Row(
                "refused credentials that may fall back",
                "a/1: 403 ok; b/1: ok",
                "200 ok by b/1",
                "a/1 403 CREDENTIALS, b/1 200",
                patient.copy(fallBackOn = setOf(FailureClass.CREDENTIALS)),
            ),
            Row(
                "500 that may not fall back",
                "a/1: 500; b/1: ok",
                "500 500 by a/1",
                "a/1 500 SERVER_ERROR",
                patient.copy(fallBackOn = emptySet()),
                noRetries,
            ),
            Row(
                "attempts spent, the last status is served",
                "a/1: 500; a/2: 502; b/1: 503; b/2: ok",
                "503 503 by b/1",
                "a/1 500 SERVER_ERROR, a/2 502 SERVER_ERROR, b/1 503 SERVER_ERROR",
                patient,
                waitsMillis = listOf(0),
            ),
            Row(
                "an answer is served although a connection failed after it",
                "a/1: 429; b/1: refused",
                "429 429 by a/1",
                "a/1 429 RATE_LIMITED, b/1 CONNECT",
                patient,
                noRetries,
            ),
            Row("retry budget spent", "a/1: refused", "503 retry_budget_spent", "a/1 CONNECT", patient.copy(retryBudgetPercent = 0)),
            Row(
                "retry budget spent, but moving on costs none",
                "a/1: 500; b/1: ok",
                "200 ok by b/1",
                "a/1 500 SERVER_ERROR, b/1 200",
                patient.copy(retryBudgetPercent = 0),
            ),
        )

    @TestFactory
    fun `replies as the table says`(): List<DynamicTest> = rows.map { dynamicTest(it.name) { check(it) } }

    private fun check(row: Row) {
        waits.clear()
        val models = models(row)
        val reply = finishing { tell(upstreams(models, row.settings).send(exchange(*models.toTypedArray()))) }
        reply shouldBe (row.reply to row.attempts)
        waits.map { it / 1_000_000 } shouldBe row.waitsMillis
    }

    private fun upstreams(models: List<Model>, settings: Forwarding): Upstreams {
        val pool = UpstreamPool().also(open::add)
        val clock = Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC)
        return pool.upstreams(models, settings, Random(1), clock = clock, pause = { waits.add(it) }).also(open::add)
    }

    private suspend fun tell(reply: Reply): Pair<String, String> {
        val text =
            when (reply) {
                is Reply.Failed -> "${reply.status} ${reply.code}"

                is Reply.Served -> listOf("${reply.headers.status().code()}", reply.body.text(), "by ${reply.upstream.id}")
                    .filter {
                        it.isNotEmpty()
                    }.joinToString(" ")
            }
        return text to reply.attempts.told()
    }

    private fun models(row: Row): List<Model> {
        val upstreams = row.script.split("; ").map { entry -> upstream(entry.substringBefore(": "), entry.substringAfter(": ").split(" ")) }
        return upstreams.groupBy { it.id.substringBefore("/") }.map { (name, all) ->
            modelOf(name, *all.toTypedArray(), reliability = row.reliability)
        }
    }

    private fun upstream(id: String, words: List<String>): Upstream {
        if (words == listOf("refused")) return upstream(id, refusingPort())
        return upstream(id, ScriptedUpstream(*words.map(::answer).toTypedArray()).also(open::add).port)
    }

    private fun answer(word: String): Answer =
        when (word) {
            "ok" -> {
                ok
            }

            "silent" -> {
                silent
            }

            "headers" -> {
                headersOnly
            }

            "headers-cut" -> {
                headersThenCut
            }

            "204" -> {
                status(204, body = "")
            }

            else -> {
                val header = word.substringAfter("(", "").removeSuffix(")")
                val headers = if (header.isEmpty()) {
                    emptyMap()
                } else {
                    mapOf(header.substringBefore("=") to header.substringAfter("=").replace('_', ' '))
                }
                status(word.take(3).toInt(), headers)
            }
        }

    @Test
    fun `the deadline ends all attempts`() {
        val silent = ScriptedUpstream(silent, silent).also(open::add)
        val model = modelOf("a", upstream("a/1", silent.port))
        val soon = Exchange("x", HttpMethod.POST, exchange(model).targets, System.nanoTime() + 150_000_000)
        finishing { tell(upstreams(listOf(model), patient).send(soon)) } shouldBe ("504 upstream_timeout" to "a/1 TIMEOUT")
    }

    @Test
    fun `an exchange that comes too late is not sent`() {
        val server = ScriptedUpstream().also(open::add)
        val model = modelOf("a", upstream("a/1", server.port))
        finishing { tell(upstreams(listOf(model), patient).send(exchange(model, seconds = 0))) } shouldBe ("504 upstream_timeout" to "")
        server.requests.size shouldBe 0
    }

    @Test
    fun `each upstream is asked in its own way`() {
        val first = ScriptedUpstream(status(500)).also(open::add)
        val second = ScriptedUpstream().also(open::add)
        val model = modelOf("a", keyed("a/1", first.port, "k1"), keyed("a/2", second.port, "k2"))
        finishing { tell(upstreams(listOf(model), patient).send(exchange(model))) }.first shouldBe "200 ok by a/2"
        for ((server, key) in listOf(first to "k1", second to "k2")) {
            val request = server.nextRequest()
            request.path() shouldBe "/base-$key/v1/chat/completions?version=1"
            request.headers()["authorization"] shouldBe "Bearer $key"
            request.headers()["x-team"] shouldBe key
            request.authority() shouldBe "localhost:${server.port}"
            request.contentUtf8() shouldBe """{"model":"served-a/${key.last()}"}"""
        }
    }

    @Test
    fun `a model of another policy is refused`() {
        val model = modelOf("a", upstream("a/1", refusingPort()))
        val upstreams = upstreams(emptyList(), patient)
        val refusal = finishing { runCatching { upstreams.send(exchange(model)) } }
        refusal.exceptionOrNull()?.message shouldBe "model a is not one of this policy's"
        shouldThrow<IllegalArgumentException> { upstreams.pick(listOf(model)) }
    }
}
