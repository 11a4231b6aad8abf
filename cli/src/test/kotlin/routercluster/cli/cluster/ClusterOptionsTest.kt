package routercluster.cli.cluster

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.option
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.cli.ExitStatus
import routercluster.cli.record
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.Joining
import routercluster.silo.config.NodeAddress
import routercluster.silo.config.Role

class ClusterOptionsTest {
    private class Node : CoreCliktCommand("node") {
        private val host by option("--host")
        private val cluster by ClusterOptions()
        var config: ClusterConfig? = null

        override fun run() {
            config = cluster.config(host)
        }
    }

    private fun config(vararg args: String, environment: Map<String, String> = emptyMap()): ClusterConfig? {
        val node = Node()
        withClue(args.toList()) { record(node, "node", *args, environment = environment).status shouldBe 0 }
        return node.config
    }

    private fun refusal(vararg args: String): String {
        val refused = record(Node(), "node", *args)
        refused.status shouldBe ExitStatus.USAGE
        return refused.err
    }

    @Test
    fun `without a cluster's name a node is alone`() {
        config() shouldBe null
        listOf(
            listOf("--role", "silo"),
            listOf("--join", "a:1"),
            listOf("--cluster-tls-ca", "ca.crt", "--cluster-tls-key", "k", "--cluster-tls-cert", "c"),
        ).forEach { refusal(*it.toTypedArray()) shouldContain "need --cluster NAME" }
    }

    @Test
    fun `outside of Kubernetes there are no pods to join`() {
        refusal("--cluster", "prod", "--join", "kubernetes:app=router:7700") shouldContain "this process is in no pod of Kubernetes"
        refusal("--cluster", "prod", "--join", "kubernetes:7700") shouldContain "kubernetes:SELECTOR:PORT"
    }

    @Test
    fun `a node does everything, on loopback, and starts a cluster, unless told otherwise`() {
        val plain = checkNotNull(config("--cluster", "prod"))
        plain.roles shouldBe Role.entries.toSet()
        (plain.host to plain.port) shouldBe ("127.0.0.1" to 7700)
        plain.joining shouldBe Joining.Seeds(emptyList())
        plain.tls shouldBe null
        val told =
            checkNotNull(
                config(
                    "--cluster",
                    "prod",
                    "--role",
                    "gateway,worker",
                    "--host",
                    "127.0.0.2",
                    "--cluster-port",
                    "0",
                    "--join",
                    "a:1, b:2",
                ),
            )
        told.roles shouldBe setOf(Role.GATEWAY, Role.WORKER)
        (told.host to told.port) shouldBe ("127.0.0.2" to 0)
        told.joining shouldBe Joining.Seeds(listOf(NodeAddress("a", 1), NodeAddress("b", 2)))
        checkNotNull(config("--cluster", "prod", "--join", "dns:router.prod:7700")).joining shouldBe Joining.Dns("router.prod", 7700)
        val variables = mapOf("ROUTER_CLUSTER" to "prod", "ROUTER_ROLE" to "all", "ROUTER_CLUSTER_HOST" to "127.0.0.3")
        checkNotNull(config("--host", "0.0.0.0", environment = variables)).host shouldBe "127.0.0.3"
    }

    @Test
    fun `beyond loopback nodes prove who they are, or it is said that they need not`() {
        refusal("--cluster", "prod", "--host", "192.0.2.1") shouldContain "in clear text, and with anybody"
        checkNotNull(config("--cluster", "prod", "--host", "192.0.2.1", "--cluster-insecure")).tls shouldBe null
        val files = arrayOf("--cluster-tls-cert", "c.crt", "--cluster-tls-key", "c.key", "--cluster-tls-ca", "ca.crt")
        val tls = checkNotNull(checkNotNull(config("--cluster", "prod", "--host", "192.0.2.1", *files)).tls)
        listOf("${tls.certificate}", "${tls.key}", "${tls.ca}") shouldBe listOf("c.crt", "c.key", "ca.crt")
        refusal("--cluster", "prod", "--cluster-tls-ca", "ca.crt") shouldContain "go together"
    }

    @Test
    fun `what makes no sense is refused in words`() {
        refusal("--cluster", "prod", "--role", "king") shouldContain "king: give gateway, silo, worker, or all"
        refusal("--cluster", "prod", "--host", "0.0.0.0") shouldContain "give this node's own address with --cluster-host"
        listOf("a", "a:0", "a:x", ":1", "dns:a", "").forEach {
            refusal("--cluster", "prod", "--join", it) shouldContain "give host:port,host:port, dns:NAME:PORT or kubernetes:SELECTOR:PORT"
        }
    }
}
