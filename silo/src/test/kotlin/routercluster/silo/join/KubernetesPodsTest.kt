package routercluster.silo.join

import com.sun.net.httpserver.HttpsConfigurator
import com.sun.net.httpserver.HttpsServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.silo.config.Certificates
import routercluster.silo.config.KubernetesApi
import java.io.IOException
import java.net.InetSocketAddress
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.LinkedBlockingQueue

/** Against a server that answers as the Kubernetes API does. */
class KubernetesPodsTest {
    @TempDir
    lateinit var account: Path

    private val asked = LinkedBlockingQueue<String>()
    private var answer = 200 to """{"items": []}"""
    private lateinit var server: HttpsServer

    @BeforeEach
    fun open() {
        val certificates = Certificates(account.resolve("own"), "api", san = "ip:127.0.0.1")
        certificates.copyTo(account)
        Files.writeString(account.resolve("namespace"), "models\n")
        Files.writeString(account.resolve("token"), "first\n")
        server = HttpsServer.create(InetSocketAddress("127.0.0.1", 0), 0)
        server.httpsConfigurator = HttpsConfigurator(certificates.client())
        server.createContext("/") { exchange ->
            asked += "${exchange.requestURI} ${exchange.requestHeaders.getFirst("authorization")}"
            val bytes = answer.second.toByteArray()
            exchange.sendResponseHeaders(answer.first, bytes.size.toLong())
            exchange.responseBody.write(bytes)
            exchange.close()
        }
        server.start()
    }

    @AfterEach
    fun close() = server.stop(0)

    @Test
    fun `pods that live or begin to are listed, by the token of the moment`() {
        val pods = KubernetesPods(api(), "app=router,tier in (a)")
        answer =
            200 to
            """{"items": [
                {"status": {"phase": "Running", "podIP": "10.0.0.1"}},
                {"status": {"phase": "Pending", "podIP": "fd00::2"}},
                {"status": {"phase": "Pending"}},
                {"status": {"phase": "Succeeded", "podIP": "10.0.0.3"}},
                {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running", "podIP": "10.0.0.4"}}
            ]}"""
        pods.addresses().map { it.hostAddress } shouldContainExactly listOf("10.0.0.1", "fd00:0:0:0:0:0:0:2")
        Files.writeString(account.resolve("token"), "second")
        pods.addresses()
        val path = "/api/v1/namespaces/models/pods?limit=500&labelSelector=app%3Drouter%2Ctier+in+%28a%29"
        asked.toList() shouldContainExactly listOf("$path Bearer first", "$path Bearer second")
    }

    @Test
    fun `a refusal is said in the words of the API`() {
        answer = 403 to """{"message": "pods is forbidden: User \"x\" cannot list resource"}"""
        shouldThrow<IOException> { KubernetesPods(api(), "app=router").addresses() }.message shouldBe
            "the Kubernetes API answered 403: pods is forbidden: User \"x\" cannot list resource"
        answer = 502 to "<html>"
        shouldThrow<IOException> { KubernetesPods(api(), "app=router").addresses() }.message shouldBe
            "the Kubernetes API answered 502, and no JSON"
    }

    @Test
    fun `an API that another authority vouches for is told nothing`() {
        val api = api()
        Certificates(account.resolve("other"), "other", san = "ip:127.0.0.1").copyTo(account)
        shouldThrow<IOException> { KubernetesPods(api, "app=router").addresses() }
        asked.toList() shouldBe emptyList()
    }

    @Test
    fun `outside of a pod there is no API`() {
        KubernetesApi.ofPod({ null }, account) shouldBe null
        KubernetesApi.ofPod({ "10.0.0.1" }, account.resolve("none")) shouldBe null
    }

    private fun api(): KubernetesApi {
        val environment = mapOf("KUBERNETES_SERVICE_HOST" to "127.0.0.1", "KUBERNETES_SERVICE_PORT" to "${server.address.port}")
        return checkNotNull(KubernetesApi.ofPod(environment::get, account))
    }
}
