package routercluster.cluster

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.cluster.fleet.ServedCluster
import routercluster.cluster.fleet.degraded
import routercluster.cluster.fleet.servedPolicy
import routercluster.kit.LogsOnFailure
import routercluster.kit.load.Exchange
import routercluster.kit.process.NodeProcess
import routercluster.kit.process.RedisProcess
import routercluster.kit.process.Relay
import routercluster.kit.process.freePort
import java.net.InetSocketAddress
import java.time.Duration

/** Two nodes as they are shipped, and one Redis: what is learnt at one node is known at the other, and outlives both. */
class SharedLearningTest {
    private val redis = RedisProcess.start()
    private val redisWay = Relay(InetSocketAddress(RedisProcess.HOST, freePort()), InetSocketAddress(RedisProcess.HOST, redis.port))
    private val cluster = ServedCluster(listOf("all", "all"), policyText = { servedPolicy(it, ROUTING, redisWay.address.port, KEPT) })

    @RegisterExtension
    val logs = LogsOnFailure("the nodes", cluster::logs)

    @AfterEach
    fun close() {
        cluster.close()
        redisWay.close()
        redis.close()
    }

    @Test
    fun `feedback at one node changes the picks of the other, counts once, and survives the end of both`() {
        cluster.start()
        val judged = replayId(0)
        opinions.forEach { judge(0, judged, it) shouldBe (202 to false) }
        awaitPicks(1)
        // Any node knows the request by its id, and what was said of it, whoever says it again and in whichever order.
        record(1, judged).shouldNotBeNull()
        opinions.reversed().forEach { judge(1, judged, it) shouldBe (202 to true) }
        judge(1, judged, opinions.first().copy(verdict = "failed")).first shouldBe 409
        evidence(1) shouldBe EVIDENCE

        cluster.nodes.forEach(NodeProcess::kill)
        cluster.start()
        (0..1).forEach { node ->
            awaitPicks(node)
            record(node, judged).shouldNotBeNull()
        }
        opinions.shuffled().forEach { judge(0, judged, it) shouldBe (202 to true) }
        evidence(1) shouldBe EVIDENCE
    }

    @Test
    fun `a node whose Redis is away, slow or full is ready, says what is wrong, and no more once it is well`() {
        cluster.start()
        awaitDegraded("a Redis that is well") { it shouldBe null }
        redis.kill()
        awaitDegraded("the loss of Redis") { it shouldBe "kept state: Redis cannot be reached or written" }
        cluster.chat(0, 0).status shouldBe 200
        redis.restart()
        awaitDegraded("the return of Redis") { it shouldBe null }
        redisWay.slowDown(SLOW_MILLIS)
        awaitDegraded("a slow Redis") { it.shouldNotBeNull() shouldStartWith "kept state: Redis is slow" }
        redisWay.slowDown(0)
        awaitDegraded("a quick Redis") { it shouldBe null }
        redis.limitMemory(1)
        awaitDegraded("a full Redis") { it shouldBe "kept state: Redis is full" }
        redis.limitMemory(0)
        awaitDegraded("room in Redis") { it shouldBe null }
    }

    private fun awaitDegraded(what: String, check: (String?) -> Unit) =
        (0..1).forEach { index ->
            cluster.nodes[index].await(what, SOON) { Unit.takeIf { runCatching { check(cluster.nodes[index].degraded()) }.isSuccess } }
        }

    /** Of a request that a node has routed, once it has the secret of all. */
    private fun replayId(index: Int): String = cluster.nodes[index].await("the secret of replay ids", SOON) {
        ask(index).headers["x-vsr-replay-id"]?.takeIf { it.startsWith("r1.") }
    }

    private fun ask(index: Int): Exchange =
        cluster.client.send("ask", index, "/v1/chat/completions", ASK).also { withClue(it.body) { it.status shouldBe 200 } }

    private data class Opinion(val source: String, val model: String, val verdict: String)

    /** The status, and whether it had been said before. */
    private fun judge(index: Int, id: String, opinion: Opinion): Pair<Int?, Boolean> {
        val body = json
            .createObjectNode()
            .put("replay_id", id)
            .put("source", opinion.source)
            .put("target", "model")
        body.put("target_ref", opinion.model).put("verdict", opinion.verdict)
        val told = cluster.admin(index).send("judge", 0, "/v1/router/outcomes", "$body")
        return told.status to json.readTree(told.body).path("repeated").asBoolean()
    }

    private fun record(index: Int, id: String): JsonNode? =
        cluster
            .admin(index)
            .send("record", 0, "/decisions/$id", null)
            .takeIf { it.status == 200 }
            ?.let { json.readTree(it.body) }

    /** What a node's selector goes by: the verdicts of each model. */
    private fun evidence(index: Int): Map<String, String> {
        val record =
            checkNotNull(record(index, checkNotNull(ask(index).headers["x-request-id"]))) { "a node has lost what it has just decided" }
        return record
            .path(
                "candidates",
            ).associate { it.path("model").textValue() to it.path("reason").textValue().substringAfter(" from ") }
    }

    /** By these verdicts the other model is as good as never drawn. */
    private fun awaitPicks(index: Int) {
        cluster.nodes[index].await("the verdicts of all", SOON) { Unit.takeIf { evidence(index) == EVIDENCE } }
        repeat(PICKS) { ask(index).headers["x-vsr-selected-model"] shouldBe "large" }
    }

    private companion object {
        const val ROUTING =
            "{signals: {keywords: [{name: hello, operator: OR, keywords: [hello]}]}, decisions: [{name: greet, priority: 1, " +
                "rules: {type: keyword, name: hello}, modelRefs: [{model: small}, {model: large}], algorithm: {type: thompson}}]}"
        const val KEPT = ", decisions_kept_for: 1h"
        const val ASK = """{"model":"auto","messages":[{"role":"user","content":"hello"}]}"""
        const val VERDICTS = 25
        const val PICKS = 10

        /** Either way. */
        const val SLOW_MILLIS = 400L
        val opinions =
            (1..VERDICTS).flatMap { listOf(Opinion("good-$it", "large", "good_fit"), Opinion("bad-$it", "small", "failed")) }
        val EVIDENCE = mapOf("large" to "25.0 good and 0.0 bad verdicts", "small" to "0.0 good and 25.0 bad verdicts")
        val SOON: Duration = Duration.ofSeconds(20)
        val json = ObjectMapper()
    }
}
