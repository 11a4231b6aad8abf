package routercluster.gateway.admin

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.GatewayConfig
import routercluster.gateway.gateway
import routercluster.gateway.policyOf
import routercluster.gateway.policyText
import routercluster.grains.cluster.ClusterStatus
import routercluster.grains.cluster.ClusterView
import routercluster.grains.cluster.Draining
import routercluster.grains.cluster.MemberStatus
import routercluster.grains.cluster.NodeReport
import routercluster.grains.directory.GrainCount
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** A node without doors in a cluster that is made up. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterApiTest {
    private object Scripted : ClusterView {
        override fun status(): CompletionStage<ClusterStatus> {
            val report = NodeReport("a:1", listOf(GrainCount("conversation", 3, 7)), mapOf("policy" to "r1"))
            val members =
                listOf(
                    MemberStatus("a:1", listOf("gateway", "silo"), "up", true, "1.0.0", report),
                    MemberStatus("b:2", listOf("worker"), "leaving", false, "0.9.0", null),
                )
            return CompletableFuture.completedFuture(ClusterStatus("prod", "a:1", members))
        }

        override fun drain(node: String): CompletionStage<Draining> =
            CompletableFuture.completedFuture(mapOf("a:1" to Draining.TOLD, "b:2" to Draining.SILENT)[node] ?: Draining.UNKNOWN)
    }

    private val joined = CompletableFuture<Unit>()
    private val node =
        gateway(
            GatewayConfig(
                policyOf(policyText(1)),
                adminPort = 0,
                version = "1.0.0",
                cluster = Scripted,
                hasDoors = false,
                first = mapOf("cluster: not let in" to joined),
            ),
        )
    private val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

    @AfterAll
    fun close() = node.close()

    private fun send(path: String, body: String? = null): HttpResponse<String> {
        val request = HttpRequest.newBuilder(URI("http://127.0.0.1:${node.adminPort}$path"))
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body))
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString())
    }

    @Test
    fun `tells of every node, also of one that does not report`() {
        val body = send("/cluster").body()
        listOf(
            "\"cluster\" : \"prod\"",
            "\"self\" : \"a:1\"",
            "\"roles\" : [ \"gateway\", \"silo\" ]",
            "\"awake\" : 7",
            "\"policy\" : \"r1\"",
            "\"status\" : \"leaving\"",
            "\"reachable\" : false",
            "\"reports\" : false",
        ).forEach { body shouldContain it }
    }

    @Test
    fun `has a node drained, or says why not`() {
        val rows =
            listOf(
                """{"node": "a:1"}""" to 202,
                """{"node": "b:2"}""" to 504,
                """{"node": "c:3"}""" to 404,
                """{"node": ""}""" to 400,
                """{}""" to 400,
                "{" to 400,
                "" to 400,
            )
        rows.map { (body, _) -> send("/cluster/drain", body).statusCode() } shouldBe rows.map { it.second }
    }

    @Test
    fun `has no doors, and is ready when it was let in`() {
        listOf(node.port, node.extProcPort) shouldBe listOf(0, 0)
        send("/readyz").body() shouldContain "cluster: not let in"
        joined.complete(Unit)
        send("/readyz").statusCode() shouldBe 200
    }
}
