package routercluster.cluster.fleet

import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.kit.load.DoorClient
import routercluster.kit.load.Exchange
import routercluster.kit.process.NodeProcess
import routercluster.kit.process.freePort
import routercluster.mock.Script
import routercluster.mock.mockLlm
import java.net.URI
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/**
 * `router serve` as the nodes of a cluster, a process for each of [roles], over one server of simulated models.
 *
 * @param script of the models
 * @param policyText of the cluster, for models at that port
 * @param javaOptions of the node of that index
 */
class ServedCluster(
    private val roles: List<String>,
    script: Script = Script(models = listOf("small")),
    policyText: (modelPort: Int) -> String = { servedPolicy(it) },
    javaOptions: (Int) -> List<String> = { emptyList() },
) : AutoCloseable {
    private val model = mockLlm(script)
    private val folder: Path = Files.createTempDirectory("served")
    private val policy = Files.writeString(folder.resolve("policy.yaml"), policyText(model.port))
    private val ports = roles.map { freePort() }
    val nodes = roles.mapIndexed { index, role -> NodeProcess.router("$role-$index", arguments(index, role), HOST, javaOptions(index)) }
    private val gateways = nodes.filterIndexed { index, _ -> isGateway(index) }

    /** Asks the doors of nodes that run. */
    val client = DoorClient({ gateways.filter { it.isAlive }.map { it.door } }, ASK_MAX)

    fun start() {
        val started = nodes.filterNot { it.isAlive }
        started.forEach { it.launch() }
        started.forEach { it.awaitReady() }
        started.forEach { node -> node.await("a cluster of ${nodes.size}", JOIN_MAX) { Unit.takeIf { membersUp(node) == nodes.size } } }
    }

    fun isGateway(index: Int) = listOf("gateway", "all").any { it in roles[index] }

    fun chat(client: Int, count: Int): Exchange = this.client.send("$client-$count", client, "/v1/chat/completions", CHAT)

    /** Asks the admin API of the node of that index. */
    fun admin(index: Int) = DoorClient({ listOf(URI("http://$HOST:${nodes[index].ports.admin}")) }, ASK_MAX)

    /** Grains of that kind that are awake on the node of that index, as it says itself; 0 where it says nothing. */
    fun awake(index: Int, kind: String): Int {
        val told = nodes[index].admin("/cluster")?.takeIf { it.statusCode() == OK }?.let { json.readTree(it.body()) } ?: return 0
        val own = told.path("nodes").find { it.path("address") == told.path("self") }
        return own
            ?.path("grains")
            ?.path(kind)
            ?.path("awake")
            ?.intValue() ?: 0
    }

    /** What the nodes wrote, for the report of a failure. */
    fun logs(): String = nodes.joinToString("\n") { "--- ${it.name}\n${it.log().takeLast(LOG_CHARS_MAX)}" }

    private fun membersUp(node: NodeProcess): Int? {
        val members = node.admin("/cluster")?.takeIf { it.statusCode() == OK }?.let { json.readTree(it.body()).path("nodes") }
        return members?.count { it.path("status").asText() == "up" && it.path("reachable").asBoolean() }
    }

    private fun arguments(index: Int, role: String): List<String> {
        val joins = ports.take(SEEDS).joinToString(",") { "$HOST:$it" }
        return listOf("--config", "$policy", "--no-watch", "--data-dir", "${folder.resolve("data-$index")}", "--cluster", "test") +
            listOf("--role", role, "--cluster-port", "${ports[index]}", "--join", joins)
    }

    override fun close() {
        nodes.forEach(NodeProcess::close)
        model.close()
        folder.toFile().deleteRecursively()
    }

    private companion object {
        const val HOST = "127.0.0.1"
        const val OK = 200
        const val SEEDS = 2
        const val LOG_CHARS_MAX = 3_000
        const val CHAT = """{"model":"auto","messages":[{"role":"user","content":"Hello"}]}"""
        val ASK_MAX: Duration = Duration.ofSeconds(30)
        val JOIN_MAX: Duration = Duration.ofSeconds(60)
        val json = ObjectMapper()
    }
}

/**
 * A policy of the models `small` and `large` at [modelPort].
 *
 * @param routing the section of that name, in one line
 * @param redisPort where states are kept; null names no Redis
 */
fun servedPolicy(modelPort: Int, routing: String = "{decisions: []}", redisPort: Int? = null, gateway: String = ""): String {
    val redis = redisPort?.let { "global: {services: {response_api: {redis: {address: \"127.0.0.1:$it\"}}}}" }.orEmpty()
    return """
        version: v0.3
        providers:
          defaults: {default_model: small}
          models:
            - {name: small, backend_refs: [{base_url: "http://127.0.0.1:$modelPort/v1"}]}
            - {name: large, backend_refs: [{base_url: "http://127.0.0.1:$modelPort/v1"}]}
        routing: $routing
        gateway: {drain_timeout: 5s$gateway}
        $redis
        """.trimIndent()
}
