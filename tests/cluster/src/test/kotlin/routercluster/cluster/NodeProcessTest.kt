package routercluster.cluster

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.kit.load.DoorClient
import routercluster.kit.process.NodeProcess

/** The tool itself, with a node that is alone. */
class NodeProcessTest {
    @Test
    fun `a node that was killed answers at the same ports when it is started again`() {
        NodeProcess.router("alone", emptyList()).use { node ->
            val client = DoorClient({ listOf(node.door) })
            repeat(2) {
                node.launch()
                node.awaitReady()
                client.send("hello", 0, "/v1/chat/completions", HELLO).status shouldBe 200
                node.kill()
                client.send("hello", 0, "/v1/chat/completions", HELLO).status shouldBe null
            }
        }
    }

    @Test
    fun `a node that is held answers once it goes on, and ends in order when asked to`() {
        NodeProcess.router("alone", emptyList()).use { node ->
            node.launch()
            node.awaitReady()
            node.pause()
            node.resume()
            node.isReady() shouldBe true
            node.stop()
            node.isAlive shouldBe false
        }
    }

    private companion object {
        const val HELLO = """{"model":"auto","messages":[{"role":"user","content":"Hello"}]}"""
    }
}
