package routercluster.gateway.http

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.TestGateway
import routercluster.gateway.chatBody
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.telemetry.RouterEvent
import java.net.Socket

/** Over a bare socket: whatever a client library would hide must be right on the wire. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class Http10Test {
    private val mock = mockLlm()
    private val decisions = mapOf("canned" to "plugins: [{type: fast_response, configuration: {message: No.}}]")
    private val router = TestGateway(policyText(mock.port, decisions))

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    private val streamed = chatBody("Hello", fields = ""","stream":true""")

    private fun post(body: String, version: String = "HTTP/1.0", headers: String = "Host: x\r\n") =
        "POST ${TestGateway.CHAT} $version\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n$body"

    /** Head and body of what comes until the other side closes; the parts are sent one by one. */
    private fun answer(vararg parts: String): Pair<String, String> =
        Socket("127.0.0.1", router.running.port).use { socket ->
            socket.soTimeout = READ_MILLIS_MAX
            socket.tcpNoDelay = true
            for (part in parts) socket.getOutputStream().write(part.toByteArray())
            val (head, body) = String(socket.getInputStream().readAllBytes()).split("\r\n\r\n", limit = 2)
            head.lowercase() to body
        }

    @Test
    fun `a stream ends with its connection, and there are no chunks`() {
        val keptAlive = "Host: x\r\nConnection: keep-alive\r\n"
        val plain = post(streamed)
        for (request in listOf(plain, post(streamed, headers = keptAlive), post(streamed, headers = ""), "\r\n\r\n$plain")) {
            router.heard.forget()
            val (head, body) = answer(request)
            withClue("$request\n$head\n$body") {
                head shouldStartWith "http/1.0 200"
                head shouldNotContain "transfer-encoding"
                head.lines().filter { it.startsWith("connection:") } shouldBe listOf("connection: close")
                body shouldStartWith "data: {"
                body shouldEndWith "data: [DONE]\n\n"
                body shouldNotContain "\r"
            }
            router.heard.await<RouterEvent.Left>()
            withClue("the end of the connection is not taken for a client that left") {
                router.heard.of<RouterEvent.Completed>().map { it.errorCode } shouldBe listOf(null)
            }
        }
    }

    @Test
    fun `the request line may come in parts`() {
        val request = post(streamed)
        for (cut in listOf(1, 4, 30, 35, 37, 38, 39)) {
            withClue("cut at $cut") { answer(request.take(cut), request.drop(cut)).first shouldStartWith "http/1.0 200" }
        }
    }

    @Test
    fun `whole answers and errors keep their length, and the connection closes`() {
        val rows = listOf(chatBody("Hello") to 200, chatBody("canned") to 200, "{" to 400, chatBody("Hello", "none") to 404)
        for ((sent, status) in rows) {
            val (head, body) = answer(post(sent, headers = "Connection: keep-alive\r\n"))
            withClue("$sent\n$head\n$body") {
                head shouldStartWith "http/1.0 $status"
                head.lines().single { it.startsWith("content-length:") } shouldBe "content-length: ${body.toByteArray().size}"
            }
        }
    }

    @Test
    fun `HTTP 1,1 is answered as before`() {
        val (head, body) = answer(post(streamed, "HTTP/1.1", "Host: x\r\nConnection: close\r\n"))
        head shouldStartWith "http/1.1 200"
        head.lines().single { it.startsWith("transfer-encoding:") } shouldBe "transfer-encoding: chunked"
        body shouldEndWith "\r\n0\r\n\r\n"
        answer(post(streamed, "HTTP/1.1", "Host: HTTP/1.0\r\nX: HTTP/1.0\r\nConnection: close\r\n")).first shouldStartWith "http/1.1 200"
    }

    private companion object {
        const val READ_MILLIS_MAX = 20_000
    }
}
