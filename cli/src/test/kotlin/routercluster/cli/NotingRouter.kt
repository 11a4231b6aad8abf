package routercluster.cli

import com.sun.net.httpserver.HttpServer
import java.net.InetSocketAddress

/** A router's admin API that notes what it is asked and answers what it is told to. */
internal class NotingRouter : AutoCloseable {
    /** Method, path and body of each call. */
    val asked = mutableListOf<String>()

    /** Status and body of the answers from now on. */
    var answer = 200 to "{}"

    private val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0).apply {
        createContext("/") { call ->
            asked += "${call.requestMethod} ${call.requestURI} ${call.requestBody.readAllBytes().decodeToString()}".trim()
            val bytes = answer.second.encodeToByteArray()
            call.sendResponseHeaders(answer.first, bytes.size.toLong())
            call.responseBody.use { it.write(bytes) }
        }
        start()
    }

    val address: String = "http://127.0.0.1:${server.address.port}"

    override fun close() = server.stop(0)
}
