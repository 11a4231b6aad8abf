package routercluster.silo.config

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.silo.Nodes
import routercluster.silo.RunningSilo
import routercluster.silo.asSeed
import routercluster.silo.get
import java.io.IOException
import java.net.SocketTimeoutException
import java.nio.file.Path
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket

class ClusterTlsTest {
    @TempDir
    lateinit var folder: Path

    private val nodes = Nodes()

    @AfterEach
    fun close() = nodes.close()

    /** Whether the node keeps a connection on which nothing was said yet. */
    private fun SSLContext.isLetIn(node: RunningSilo): Boolean {
        val address = checkNotNull(node.address)
        val socket = socketFactory.createSocket(address.substringBeforeLast(':'), address.substringAfterLast(':').toInt()) as SSLSocket
        return socket.use {
            it.soTimeout = SILENCE_MILLIS
            try {
                it.startHandshake()
                it.inputStream.read() != -1
            } catch (_: SocketTimeoutException) {
                true
            } catch (_: IOException) {
                false
            }
        }
    }

    @Test
    fun `only who has a certificate of the authority is let in, and changed files count`() {
        val old = Certificates(folder, "old")
        val tls = old.copyTo(folder)
        val first = nodes.open(ClusterConfig("prod", tls = tls))
        nodes.open(ClusterConfig("prod", joining = first.asSeed(), tls = tls)).joined.get()
        first.view
            .status()
            .get()
            .members.size shouldBe 2

        val new = Certificates(folder, "new")
        old.client().isLetIn(first) shouldBe true
        new.client().isLetIn(first) shouldBe false
        Certificates.anonymous().isLetIn(first) shouldBe false

        new.copyTo(folder)
        new.client().isLetIn(first) shouldBe true
        old.client().isLetIn(first) shouldBe false
        nodes.open(ClusterConfig("prod", joining = first.asSeed(), tls = tls)).joined.get()
    }

    private companion object {
        const val SILENCE_MILLIS = 2_000
    }
}
