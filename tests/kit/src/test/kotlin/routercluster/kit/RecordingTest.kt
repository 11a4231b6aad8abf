package routercluster.kit

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.maps.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import java.net.Socket

class RecordingTest {
    private val stream =
        """
        A comment.
        === client asks
        POST /v1/x?a=1
        Content-Type: multipart/form-data; boundary=b

        --b
        --b--

        === provider is asked
        POST /x
        === provider answers
        200 OK
        content-type: text/event-stream
        transfer-encoding: chunked

        data: Ä

        data: ✂b

        data: [DONE]


        === account
        model: m
        """.trimIndent() + "\n"

    private fun chunks(message: Message) = message.chunks.map { it.decodeToString() }

    @Test
    fun `reads messages, chunks and account`() {
        val read = recording("p/stream", stream)
        read.asked.line shouldBe "POST /v1/x?a=1"
        chunks(read.asked) shouldBe listOf("--b\r\n--b--\r\n")
        read.forwarded.headers shouldBe emptyList()
        chunks(read.forwarded) shouldBe emptyList()
        read.answered.header("content-type") shouldBe "text/event-stream"
        chunks(read.answered) shouldBe listOf("data: Ä\n\n", "data: ", "b\n\n", "data: [DONE]\n\n")
        read.passed shouldBe read.answered
        read.account shouldContainExactly mapOf("model" to "m")
    }

    @Test
    fun `a client may get something else than the provider answered`() {
        val read = recording("p/other", stream.replace("=== account", "=== client gets\n200 OK\n\nless\n=== account"))
        chunks(read.passed) shouldBe listOf("less")
        chunks(read.answered).size shouldBe 4
    }

    @Test
    fun `what is no recording is refused with its place`() {
        val rows =
            listOf(
                stream.replace("client asks", "client ask") to "has an unknown or second part `client ask`",
                stream + "=== account\n" to "has an unknown or second part `account`",
                stream.replace("=== account\nmodel: m\n", "") to "has no part `account`",
                stream.replace("POST /x\n", "") to "has no first line in `provider is asked`",
                stream.replace("model: m", "model m") to "has the line `model m`",
            )
        for ((text, complaint) in rows) {
            withClue(complaint) { shouldThrow<BadRecording> { recording("p/bad", text) }.message shouldContain "p/bad $complaint" }
        }
    }

    @Test
    fun `is replayed as it was recorded, and the request kept as it came`() {
        val read = recording("p/stream", stream)
        ReplayingUpstream().use { upstream ->
            upstream.play(read.answered)
            Socket("127.0.0.1", upstream.port).use { socket ->
                val wire = Wire(socket.getInputStream())
                repeat(2) {
                    socket.getOutputStream().write(read.asked.request("here"))
                    val head = checkNotNull(wire.head())
                    head.line shouldBe "HTTP/1.1 200 OK"
                    head.headers shouldBe read.answered.headers
                    generateSequence(wire::chunk).map { it.decodeToString() }.toList() shouldBe chunks(read.answered)
                    val request = upstream.request()
                    request.line shouldBe "POST /v1/x?a=1"
                    request.header("host") shouldBe "here"
                    request.body shouldBe read.asked.body
                }
            }
        }
    }
}
