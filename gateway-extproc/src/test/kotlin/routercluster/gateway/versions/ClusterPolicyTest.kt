package routercluster.gateway.versions

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.contracts.MemoryPolicyLog
import routercluster.gateway.Answer
import routercluster.gateway.KEY
import routercluster.gateway.TestGateway
import routercluster.gateway.policyOf
import routercluster.gateway.policyText
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.atomic.AtomicBoolean

/** Gateways that run one policy. */
class ClusterPolicyTest {
    @TempDir
    lateinit var folder: Path

    private val log = MemoryPolicyLog()
    private val one = policyText(1)
    private val two = policyText(1, mapOf("two" to "modelRefs: [{model: large}]"))
    private val three = policyText(1, mapOf("three" to "modelRefs: [{model: large}]"))
    private val nodes = LinkedHashMap<String, TestGateway>()

    @AfterEach
    fun close() = nodes.values.forEach { it.close() }

    @Test
    fun `a file that changes on one node changes what all run`() {
        listOf("a", "b", "c").forEach { start(it, one) }
        nodes.keys.forEach { until(it) { runs(it, 1, one) } }
        Files.writeString(file("b"), two)
        nodes.keys.forEach { until(it) { runs(it, 2, two) } }
        cluster("a")["proposed_by"].textValue() shouldBe "b"
        val before = lastLoad("c")
        Files.writeString(file("c"), two)
        // Files that change at once race each other, and the last one wins; here c's is read first.
        until("c") { lastLoad("c").let { it != before && it["last_load_ok"].booleanValue() } }
        Files.writeString(file("a"), three)
        nodes.keys.forEach { until(it) { runs(it, 3, three) } }
    }

    @Test
    fun `a node that starts with another file runs what the cluster runs, unless its file is to come first`() {
        start("a", two)
        until("a") { runs("a", 1, two) }
        start("b", one)
        until("b") { runs("b", 1, two) }
        start("c", three, fileComesFirst = true)
        nodes.keys.forEach { until(it) { runs(it, 2, three) } }
    }

    @Test
    fun `a node that cannot load a version stays on the old one, says so, and takes it when it can`() {
        val isAble = AtomicBoolean()
        val unable = { text: String, name: String -> if (text == two && !isAble.get()) throw invalid() else policyOf(text, name) }
        start("a", one)
        start("b", one, load = unable)
        nodes.keys.forEach { until(it) { runs(it, 1, one) } }
        Files.writeString(file("a"), two)
        until("a") { runs("a", 2, two) }
        until("b") { ready("b").json.has("degraded") }
        val ready = ready("b")
        ready.status shouldBe 200
        ready.json["degraded"].single().textValue() shouldContain
            Regex("policy: policy [0-9a-f]{12}, version 2 of the cluster cannot be loaded: ")
        runs("b", 1, one) shouldBe true
        cluster("b")["wanted"].longValue() shouldBe 2
        cluster("b")["fault"].textValue() shouldContain "cannot be loaded"
        isAble.set(true)
        until("b") { runs("b", 2, two) }
        until("b") { !ready("b").json.has("degraded") }
    }

    @Test
    fun `a node that never had the cluster's policy is not ready`() {
        start("a", two)
        until("a") { runs("a", 1, two) }
        start("b", one, load = { text, name -> if (text == two) throw invalid() else policyOf(text, name) })
        until("b") { "cannot be loaded" in ready("b").body }
        ready("b").status shouldBe 503
    }

    @Test
    fun `without the log a first start waits, and a change is proposed when the log is back`() {
        log.isSilent = true
        start("a", one)
        until("a") { "does not answer" in ready("a").body }
        ready("a").status shouldBe 503
        log.isSilent = false
        until("a") { ready("a").status == 200 }
        log.isSilent = true
        Files.writeString(file("a"), two)
        until("a") { "proposed again" in status("a")["policy"].path("last_load_error").asText() }
        ready("a").status shouldBe 200
        log.isSilent = false
        until("a") { runs("a", 2, two) }
    }

    @Test
    fun `what was missed in a time of silence is made good by the newest`() {
        listOf("a", "b").forEach { start(it, one) }
        nodes.keys.forEach { until(it) { runs(it, 1, one) } }
        log.isSilent = true
        nodes.getValue("b").use { }
        nodes.remove("b")
        log.isSilent = false
        apply("a", two).status shouldBe 200
        apply("a", three).json["version"].longValue() shouldBe 3
        start("b", one)
        nodes.keys.forEach { until(it) { runs(it, 3, three) } }
    }

    @Test
    fun `a policy is given to the cluster through any node, proven first`() {
        listOf("a", "b").forEach { start(it, one) }
        nodes.keys.forEach { until(it) { runs(it, 1, one) } }
        val refused = apply("b", one.replace("default_model: small", "default_model: smal"))
        refused.status shouldBe 409
        refused.json["error"]["message"].textValue() shouldContain "smal"
        apply("b", two).json["version"].longValue() shouldBe 2
        nodes.keys.forEach { until(it) { runs(it, 2, two) } }
    }

    @Test
    fun `a policy with a secret in clear does not leave its node`() {
        start("a", one)
        until("a") { runs("a", 1, one) }
        val answer = apply("a", one + "\n# api_key: $KEY\n")
        answer.status shouldBe 409
        answer.json["error"]["message"].textValue() shouldContain "holds a secret in clear text"
        answer.body.contains(KEY) shouldBe false
    }

    @Test
    fun `a node alone has no policy of a cluster`() {
        nodes["a"] = TestGateway(one)
        status("a")["policy"].has("cluster") shouldBe false
        apply("a", two).json["error"]["message"].textValue() shouldBe "this router is in no cluster: write its policy file"
    }

    private fun start(
        name: String,
        text: String,
        fileComesFirst: Boolean = false,
        load: (String, String) -> Policy = ::policyOf,
    ) {
        Files.writeString(file(name), text)
        nodes[name] = TestGateway(text, file(name), sharing = PolicySharing(log, name, fileComesFirst, Duration.ofSeconds(5)), load = load)
    }

    private fun file(name: String): Path = Files.createDirectories(folder.resolve(name)).resolve("policy.yaml")

    private fun runs(name: String, number: Long, text: String): Boolean {
        val policy = status(name)["policy"]
        return policy["cluster"]["running"].longValue() == number && policy["revision"].textValue() == policyOf(text).revision
    }

    private fun lastLoad(name: String): JsonNode = (status(name)["policy"] as ObjectNode).retain("last_load", "last_load_ok")

    private fun cluster(name: String): JsonNode = status(name)["policy"]["cluster"]

    private fun status(name: String): JsonNode = nodes.getValue(name).admin("/status").json

    private fun ready(name: String): Answer = nodes.getValue(name).admin("/readyz")

    private fun apply(name: String, text: String): Answer {
        val body = ObjectMapper().createObjectNode().put("policy", text).put("file", "policy.yaml")
        return nodes.getValue(name).call("/policy", "$body")
    }

    private fun invalid(): InvalidPolicy = runCatching { policyOf("version: [", "policy.yaml") }.exceptionOrNull() as InvalidPolicy

    /** Asks the node until it says so. */
    private fun until(name: String, condition: () -> Boolean) {
        val limit = System.nanoTime() + WAIT.toNanos()
        while (!condition()) check(System.nanoTime() < limit) { "$name: ${ready(name).body} ${cluster(name)}" }
    }

    private companion object {
        val WAIT: Duration = Duration.ofSeconds(20)
    }
}
