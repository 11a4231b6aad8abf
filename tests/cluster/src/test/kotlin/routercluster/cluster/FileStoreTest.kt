package routercluster.cluster

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cluster.fleet.degraded
import routercluster.cluster.fleet.servedPolicy
import routercluster.kit.load.DoorClient
import routercluster.kit.load.Exchange
import routercluster.kit.load.Load
import routercluster.kit.load.report
import routercluster.kit.process.NodeProcess
import routercluster.mock.Answer
import routercluster.mock.Script
import routercluster.mock.mockLlm
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

/** One `router serve` that keeps conversations in its data folder. */
class FileStoreTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a router that is killed amid turns has every response that it acknowledged, and none twice`() {
        mockLlm(Script(answer = Answer.Echo, headersDelay = Duration.ofMillis(20), models = listOf("small"))).use { model ->
            val policy = Files.writeString(folder.resolve("policy.yaml"), servedPolicy(model.port))
            val arguments = listOf("--config", "$policy", "--no-watch", "--data-dir", "${folder.resolve("data")}")
            NodeProcess.router("alone", arguments).use { node ->
                val turns = Turns(DoorClient({ listOf(node.door) }))
                val all = mutableListOf<Exchange>()
                repeat(if (long) KILLS_OF_LONG else 1) {
                    start(node)
                    turns.checkAll(all)
                    all += Load(CLIENTS, turns::take).use { load ->
                        load.awaitAcknowledged(TURNS, PATIENCE)
                        node.kill()
                        load.stop()
                    }
                }
                withClue(all.report()) { all.count { it.isAcknowledged } shouldBeGreaterThan TURNS - 1 }
                start(node)
                turns.checkAll(all)
                turns.take(CLIENTS, 0).status shouldBe 200
            }
        }
    }

    @Test
    fun `a router that cannot write says so while it is ready, and no more once it can`() {
        mockLlm(Script(answer = Answer.Echo, models = listOf("small"))).use { model ->
            val policy = Files.writeString(folder.resolve("policy.yaml"), servedPolicy(model.port))
            val arguments = listOf("--config", "$policy", "--no-watch", "--data-dir", "${folder.resolve("data")}")
            NodeProcess.router("alone", arguments).use { node ->
                val turns = Turns(DoorClient({ listOf(node.door) }))
                start(node)
                val before = listOf(turns.take(0, 0))
                before.single().status shouldBe 200
                node.limitFileSize(1)
                turns.take(0, 1).status shouldBe 503
                node.degraded() shouldBe "kept state: the data folder cannot be reached or written"
                turns.stateless().status shouldBe 200
                turns.checkAll(before)

                node.limitFileSize(null)
                awaitWell(node)
                turns.checkAll(before + turns.take(0, 2).also { it.status shouldBe 200 })
            }
        }
    }

    private fun awaitWell(node: NodeProcess) = node.await("a store that is well", PATIENCE) { Unit.takeIf { node.degraded() == null } }

    private fun start(node: NodeProcess) {
        node.launch()
        node.awaitReady()
        awaitWell(node)
    }

    /** Turns of conversations, by their texts, which are all different and which the model repeats. */
    private class Turns(private val client: DoorClient) {
        private val conversations = ConcurrentHashMap<String, String>()
        private val counts = AtomicInteger()

        fun take(person: Int, count: Int): Exchange {
            val text = "turn ${counts.incrementAndGet()}"
            val fresh = if (count % TURNS_PER_CONVERSATION == 0) begin("$person-$count", text) else null
            if (fresh != null && !fresh.isAcknowledged) return fresh
            val conversation = conversations["$person-${count - count % TURNS_PER_CONVERSATION}"] ?: return lost(text)
            return client.send(
                "$conversation $text",
                0,
                "/v1/responses",
                """{"model":"small","input":"$text","conversation":"$conversation"}""",
            )
        }

        fun stateless(): Exchange = client.send("-", 0, "/v1/responses", """{"model":"small","input":"x","store":false}""")

        private fun begin(key: String, text: String): Exchange =
            client.send("- $text", 0, "/v1/conversations", "{}").also { made ->
                if (made.isAcknowledged) conversations[key] = json.readTree(made.body).path("id").textValue()
            }

        /** Its conversation was never made, so nothing was sent. */
        private fun lost(text: String) = Exchange("- $text", System.nanoTime(), 0, null, "no conversation")

        /** What was acknowledged is there, as it was told, and what is there is there once. */
        fun checkAll(all: List<Exchange>) {
            val acknowledged = all.filter { it.isAcknowledged && it.label.startsWith("conv_") }
            for (each in acknowledged) {
                val made = json.readTree(each.body)
                withClue(each.label) { get("/v1/responses/${made.path("id").textValue()}") shouldBe made }
            }
            for ((conversation, told) in acknowledged.groupBy { it.label.substringBefore(' ') }) {
                val items = get("/v1/conversations/$conversation/items?order=asc&limit=100").path("data")
                val said = items.groupBy({ it.path("role").textValue() }, ::textOf)
                val wanted = told.map { it.label.substringAfter(' ') }
                for (role in listOf("user", "assistant")) {
                    val kept = said[role].orEmpty()
                    withClue("$role of $conversation: $kept") {
                        kept shouldBe kept.distinct()
                        wanted.filterNot { it in kept } shouldBe emptyList()
                    }
                }
            }
        }

        private fun textOf(item: JsonNode): String = item.path("content").joinToString("") { it.path("text").asText() }

        private fun get(path: String): JsonNode {
            val told = client.send(path, 0, path, null)
            withClue("$path: ${told.body}") { told.status shouldBe 200 }
            return json.readTree(told.body)
        }
    }

    private companion object {
        const val CLIENTS = 6
        const val TURNS = 80
        const val TURNS_PER_CONVERSATION = 10
        const val KILLS_OF_LONG = 5
        val PATIENCE: Duration = Duration.ofSeconds(60)
        val json = ObjectMapper()
    }
}
