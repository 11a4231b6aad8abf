package routercluster.kit

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.cache.CacheParts
import routercluster.grains.state.redis.RedisAnswers
import routercluster.grains.state.redis.RedisSettings
import routercluster.kit.process.RedisProcess
import routercluster.mock.mockLlm
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.net.http.HttpResponse
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit

/** Nodes whose exact tier is shared in a real Redis. */
class SharedAnswersTest {
    private val redis = RedisProcess.start()
    private val model = mockLlm()
    private val nodes = ArrayList<CachingNode>()
    private val sought = ConcurrentLinkedQueue<String>()

    private val heard = object : Events {
        override fun publish(event: RouterEvent) {
            if (event is RouterEvent.AnswerSought) sought.add(event.outcome)
        }
    }

    private fun node(): CachingNode {
        val settings = RedisSettings(RedisProcess.HOST, redis.port, timeout = Duration.ofSeconds(1))
        val answers = { RedisAnswers(settings, Duration.ofMillis(500)) }
        return CachingNode(model.port, CacheParts(answers), heard).also(nodes::add)
    }

    @AfterEach
    fun close() {
        nodes.forEach(CachingNode::close)
        redis.close()
        model.close()
    }

    private fun CachingNode.ask(prompt: String, tenant: String = "acme"): HttpResponse<String> =
        begin(prompt, tenant).get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun awaitKept(count: Long) {
        val began = System.nanoTime()
        while (redis.keyCount() < count) check(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(WAIT_SECONDS)) { "nothing is kept" }
    }

    @Test
    fun `what one node kept another gives, also when the first has gone, and to no other tenant`() {
        val first = node()
        first.ask("faq one").isHit() shouldBe false
        awaitKept(1)
        val second = node()
        second.ask("faq one").isHit() shouldBe true
        first.close()
        node().ask("faq one").isHit() shouldBe true
        model.requestCount shouldBe 1
        second.ask("faq one", "other").isHit() shouldBe false
        redis.kill()
        // It is in the process by now.
        second.ask("faq one").isHit() shouldBe true
    }

    @Test
    fun `while Redis is away requests are misses, counted, and no error`() {
        val node = node()
        redis.kill()
        node.ask("faq one").statusCode() shouldBe 200
        node.ask("faq two").statusCode() shouldBe 200
        sought.toList() shouldBe listOf("unavailable", "unavailable")
    }

    @Test
    fun `what is damaged in Redis is a miss`() {
        val first = node()
        first.ask("faq one")
        awaitKept(1)
        redis.command("EVAL", "redis.call('SET', redis.call('KEYS','router:answer:*')[1], '{\"format\":1,', 'PX', 60000)", "0")
        node().ask("faq one").isHit() shouldBe false
        model.requestCount shouldBe 2
    }

    private companion object {
        const val WAIT_SECONDS = 30L
    }
}
