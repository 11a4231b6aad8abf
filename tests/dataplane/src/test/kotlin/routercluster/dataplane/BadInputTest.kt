package routercluster.dataplane

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.TestInstance
import routercluster.kit.House
import java.io.ByteArrayOutputStream
import java.util.zip.GZIPOutputStream

/** Every row gets a clear error in OpenAI's shape; then the next request works, on the same connection where HTTP allows it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
    private lateinit var house: House

    @BeforeAll
    fun open() {
        house = House.open()
    }

    @AfterAll
    fun close() = house.close()

    private class Row(val name: String, val status: Int, val code: String, val bytes: ByteArray, val keepsConnection: Boolean = true)

    @TestFactory
    fun `bad requests`(): List<DynamicTest> =
        rows().map { row ->
            DynamicTest.dynamicTest(row.name) {
                RawHttp(house.port).use { connection ->
                    connection.send(row.bytes)
                    val answer = connection.read() ?: error("the connection was closed without an answer")
                    withClue(answer.body) {
                        answer.status shouldBe row.status
                        answer.status shouldBeInRange 400..499
                        val error = mapper.readTree(answer.body).path("error")
                        error.path("code").asText() shouldBe row.code
                        error.path("message").asText() shouldNotBe ""
                        answer.body shouldNotContain SECRET_PROMPT
                    }
                    if (row.keepsConnection) {
                        connection.send(post(GOOD))
                        connection.read()?.status shouldBe 200
                    }
                }
                RawHttp(house.port).use { fresh ->
                    fresh.send(post(GOOD))
                    fresh.read()?.status shouldBe 200
                }
            }
        }

    private fun rows(): List<Row> =
        listOf(
            Row("truncated JSON", 400, "invalid_json", post("""{"model":"auto","messages":[{"role":"user","content":"$SECRET_PROMPT""")),
            Row("not an object", 400, "invalid_type", post("""["$SECRET_PROMPT"]""")),
            Row("model of a wrong type", 400, "invalid_type", post("""{"model":7,"messages":[{"role":"user","content":"$SECRET_PROMPT"}]}""")),
            Row("messages of a wrong type", 400, "invalid_type", post("""{"model":"auto","messages":"$SECRET_PROMPT"}""")),
            Row("no model", 400, "missing_field", post("""{"messages":[{"role":"user","content":"$SECRET_PROMPT"}]}""")),
            Row("unknown model", 404, "model_not_found", post("""{"model":"nobody","messages":[{"role":"user","content":"$SECRET_PROMPT"}]}""")),
            Row("unknown switch", 400, "unknown_model_switch", post("""{"model":"auto:fly","messages":[{"role":"user","content":"x"}]}""")),
            Row("empty messages", 400, "invalid_value", post("""{"model":"auto","messages":[]}""")),
            Row("10,000 messages", 400, "too_many_messages", post(manyMessages(10_000))),
            Row("raw NUL bytes", 400, "invalid_json", post("{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"a\u0000b\"}]}")),
            Row("invalid UTF-8", 400, "invalid_utf8", post(invalidUtf8())),
            Row("duplicate keys", 400, "duplicate_key", post("""{"model":"auto","model":"large","messages":[{"role":"user","content":"x"}]}""")),
            Row("too deep", 400, "json_too_deep", post("""{"model":"auto","messages":[{"role":"user","content":"x"}],"x":${"[".repeat(200)}${"]".repeat(200)}}""")),
            Row("wrong content type", 415, "unsupported_content_type", post(GOOD, "Content-Type: text/xml")),
            Row("gzip", 415, "unsupported_content_encoding", post(gzip(GOOD), "Content-Type: application/json\r\nContent-Encoding: gzip")),
            Row("chunked with trailers, truncated JSON", 400, "invalid_json", chunkedWithTrailers("""{"model":"auto",""")),
            Row("no such path", 404, "unknown_path", "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".toByteArray()),
            Row("too many headers", 431, "too_many_headers", post(GOOD, "Content-Type: application/json" + (1..200).joinToString("") { "\r\nX-H$it: 1" })),
            Row("oversized header", 431, "headers_too_large", post(GOOD, "X-Big: ${"b".repeat(100_000)}"), keepsConnection = false),
            Row("body over the limit", 413, "body_too_large", post("""{"model":"auto","x":"${"y".repeat(House.BODY_BYTES_MAX)}"}"""), keepsConnection = false),
            Row("broken request line", 400, "bad_http", "NONSENSE\r\n\r\n".toByteArray(), keepsConnection = false),
            Row("HTTP/1.0 with bad JSON", 400, "invalid_json", post("{", version = "1.0"), keepsConnection = false),
        )

    private companion object {
        val mapper = ObjectMapper()
        const val SECRET_PROMPT = "the launch code is swordfish"
        const val GOOD = """{"model":"auto","messages":[{"role":"user","content":"hello"}]}"""

        fun post(body: String, headers: String = "Content-Type: application/json", version: String = "1.1") = post(body.toByteArray(), headers, version)

        fun post(body: ByteArray, headers: String = "Content-Type: application/json", version: String = "1.1"): ByteArray =
            "POST /v1/chat/completions HTTP/$version\r\nHost: x\r\nContent-Length: ${body.size}\r\n$headers\r\n\r\n".toByteArray() + body

        fun chunkedWithTrailers(body: String): ByteArray =
            (
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n" +
                    "${body.length.toString(16)}\r\n$body\r\n0\r\nX-T: 1\r\n\r\n"
            ).toByteArray()

        fun manyMessages(count: Int) = """{"model":"auto","messages":[${List(count) { """{"role":"user","content":"x"}""" }.joinToString(",")}]}"""

        fun invalidUtf8(): ByteArray = """{"model":"auto","messages":[{"role":"user","content":"""".toByteArray() + byteArrayOf(0xC3.toByte(), 0x28) + "\"}]}".toByteArray()

        fun gzip(text: String): ByteArray = ByteArrayOutputStream().also { out -> GZIPOutputStream(out).use { it.write(text.toByteArray()) } }.toByteArray()
    }
}
