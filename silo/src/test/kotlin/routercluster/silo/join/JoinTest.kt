package routercluster.silo.join

import com.typesafe.config.ConfigFactory
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.loadPolicy
import routercluster.silo.Nodes
import routercluster.silo.asSeed
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.Joining
import routercluster.silo.get
import java.net.InetAddress
import java.net.ServerSocket

class JoinTest {
    private val nodes = Nodes()

    @AfterEach
    fun close() = nodes.close()

    private fun told(name: String = "prod", written: Int = 3, oldest: Int = 2, format: String = "v0.3") =
        ConfigFactory.parseMap(
            mapOf(JoinKeys.NAME to name, JoinKeys.WIRE_WRITTEN to written, JoinKeys.WIRE_OLDEST to oldest, JoinKeys.FORMAT to format),
        )

    @Test
    fun `a node joins its own cluster where both can read each other`() {
        val rows =
            listOf(
                told() to null,
                told(written = 2, oldest = 1) to null,
                told(written = 4, oldest = 3) to null,
                told(name = "test") to "this node belongs to cluster \"prod\", the one it asked is \"test\"",
                told(written = 1, oldest = 1) to
                    "this node speaks wire version 3 and reads from 2 on, the cluster 1 and reads from 1 on: update in smaller steps",
                told(written = 5, oldest = 4) to
                    "this node speaks wire version 3 and reads from 2 on, the cluster 5 and reads from 4 on: update in smaller steps",
                told(format = "v0.4") to "this node reads policies of format v0.3, the cluster has v0.4",
                ConfigFactory.empty() to
                    "the other side says nothing of router.cluster.name, router.cluster.wire-version, " +
                    "router.cluster.wire-version-oldest, router.cluster.policy-format: it is no RouterCluster node of this line",
            )
        rows.forEach { (theirs, reason) -> withClue(theirs) { whyNot(told(), theirs) shouldBe reason } }
    }

    @Test
    fun `the format that nodes tell is the one that they load`() {
        val problems =
            listOf(POLICY_FORMAT, "v0.0").map { version ->
                runCatching { loadPolicy("version: $version\n", "p.yaml", { null }) }.exceptionOrNull() as InvalidPolicy
            }
        problems.map { invalid -> invalid.problems.any { "v0.0" in "$it" } } shouldBe listOf(false, true)
    }

    @Test
    fun `a node of another cluster is refused in words, and the cluster goes on`() {
        val first = nodes.open(ClusterConfig("prod"))
        first.joined.get()
        val stranger = nodes.open(ClusterConfig("test", joining = first.asSeed()))
        checkNotNull(stranger.ended.get()) shouldContain "this node belongs to cluster \"test\", the one it asked is \"prod\""
        stranger.joined.toCompletableFuture().isDone shouldBe false
        nodes.open(ClusterConfig("prod", joining = first.asSeed())).joined.get()
        val members = first.view
            .status()
            .get()
            .members
        members.map { it.version } shouldBe listOf("1.2.3", "1.2.3")
    }

    @Test
    fun `nodes that start together find each other through a name`() {
        val port = ServerSocket(0).use { it.localPort }
        val hosts = listOf("127.0.0.2", "127.0.0.1")
        val started =
            hosts.map { host ->
                nodes.open(ClusterConfig("prod", host = host, port = port, joining = Joining.Dns("router", port))) { name ->
                    hosts.filter { name == "router" }.map(InetAddress::getByName)
                }
            }
        started.forEach { it.joined.get() }
        val seen = started[1].view.status().get()
        seen.members.map { it.address }.sorted() shouldBe listOf("127.0.0.1:$port", "127.0.0.2:$port")
    }
}
