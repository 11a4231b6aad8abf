package routercluster.cluster.fleet

import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.kit.load.DoorClient
import routercluster.kit.load.Exchange
import routercluster.kit.process.NodeProcess
import routercluster.kit.process.freePort
import routercluster.mock.Script
import routercluster.mock.mockLlm
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/**
 * `router serve` as the nodes of a cluster, a process for each of [roles], over one simulated model.
 *
 * @param javaOptions of the node of that index
 */
class ServedCluster(private val roles: List<String>, javaOptions: (Int) -> List<String> = { emptyList() }) : AutoCloseable {
    private val model = mockLlm(Script(models = listOf("small")))
    private val folder: Path = Files.createTempDirectory("served")
    private val policy = Files.writeString(folder.resolve("policy.yaml"), policyText())
    private val ports = roles.map { freePort() }
    val nodes = roles.mapIndexed { index, role -> NodeProcess.router("$role-$index", arguments(index, role), HOST, javaOptions(index)) }
    private val gateways = nodes.filterIndexed { index, _ -> isGateway(index) }
    private val client = DoorClient({ gateways.filter { it.isAlive }.map { it.door } }, ASK_MAX)

    fun start() {
        val started = nodes.filterNot { it.isAlive }
        started.forEach { it.launch() }
        started.forEach { it.awaitReady() }
        started.forEach { node -> node.await("a cluster of ${nodes.size}", JOIN_MAX) { Unit.takeIf { membersUp(node) == nodes.size } } }
    }

    fun isGateway(index: Int) = listOf("gateway", "all").any { it in roles[index] }

    fun chat(client: Int, count: Int): Exchange = this.client.send("$client-$count", client, "/v1/chat/completions", CHAT)

    private fun membersUp(node: NodeProcess): Int? {
        val members = node.admin("/cluster")?.takeIf { it.statusCode() == OK }?.let { json.readTree(it.body()).path("nodes") }
        return members?.count { it.path("status").asText() == "up" && it.path("reachable").asBoolean() }
    }

    private fun arguments(index: Int, role: String): List<String> {
        val joins = ports.take(SEEDS).joinToString(",") { "$HOST:$it" }
        return listOf("--config", "$policy", "--no-watch", "--data-dir", "${folder.resolve("data-$index")}", "--cluster", "test") +
            listOf("--role", role, "--cluster-port", "${ports[index]}", "--join", joins)
    }

    private fun policyText() =
        """
        version: v0.3
        providers:
          defaults: {default_model: small}
          models:
            - {name: small, backend_refs: [{base_url: "http://127.0.0.1:${model.port}/v1"}]}
        routing: {decisions: []}
        gateway: {drain_timeout: 5s}
        """.trimIndent()

    override fun close() {
        nodes.forEach(NodeProcess::close)
        model.close()
        folder.toFile().deleteRecursively()
    }

    private companion object {
        const val HOST = "127.0.0.1"
        const val OK = 200
        const val SEEDS = 2
        const val CHAT = """{"model":"auto","messages":[{"role":"user","content":"Hello"}]}"""
        val ASK_MAX: Duration = Duration.ofSeconds(30)
        val JOIN_MAX: Duration = Duration.ofSeconds(60)
        val json = ObjectMapper()
    }
}
