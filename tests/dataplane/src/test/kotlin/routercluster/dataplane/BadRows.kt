package routercluster.dataplane

import routercluster.kit.House
import java.io.ByteArrayOutputStream
import java.util.zip.GZIPOutputStream

internal const val SECRET_PROMPT = "the launch code is swordfish"

/** [bytes] as sent, and how they are refused. */
internal class BadRow(val name: String, val status: Int, val code: String, val bytes: ByteArray, val keepsConnection: Boolean = true) {
    fun but(status: Int = this.status, code: String = this.code, keepsConnection: Boolean = this.keepsConnection) =
        BadRow(name, status, code, bytes, keepsConnection)
}

private const val USER = """{"role":"user","content":"$SECRET_PROMPT"}"""
private const val GOOD = """{"model":"auto","messages":[$USER]}"""
private const val JSON = "Content-Type: application/json"

internal fun badRows(): List<BadRow> = badJson() + badChats() + badNames() + badHeaders() + badHttp()

private fun badJson() =
    listOf(
        BadRow("truncated JSON", 400, "invalid_json", post("""{"model":"auto","messages":[{"role":"user","content":"$SECRET_PROMPT""")),
        BadRow("no body", 400, "invalid_json", post("")),
        BadRow("not an object", 400, "invalid_type", post("""["$SECRET_PROMPT"]""")),
        BadRow("null", 400, "invalid_type", post("null")),
        BadRow("two objects", 400, "invalid_json", post(GOOD + GOOD)),
        BadRow("a comment", 400, "invalid_json", post("/* hi */$GOOD")),
        BadRow("single quotes", 400, "invalid_json", post("{'model':'auto'}")),
        BadRow("not a number", 400, "invalid_json", post(GOOD.dropLast(1) + ""","temperature":NaN}""")),
        BadRow("a byte order mark", 400, "invalid_json", post("\uFEFF$GOOD")),
        BadRow("UTF-16", 400, "invalid_json", post(GOOD.toByteArray(Charsets.UTF_16LE))),
        BadRow("a NUL byte", 400, "invalid_json", post(GOOD.replace("launch", "a\u0000b"))),
        BadRow("a line break in a string", 400, "invalid_json", post(GOOD.replace("launch", "a\nb"))),
        BadRow("invalid UTF-8", 400, "invalid_utf8", post(invalidUtf8())),
        BadRow("duplicate keys", 400, "duplicate_key", post("""{"model":"auto","model":"large","messages":[$USER]}""")),
        BadRow("too deep", 400, "json_too_deep", post(GOOD.dropLast(1) + ""","x":${"[".repeat(200)}${"]".repeat(200)}}""")),
        BadRow("too deep by far", 400, "json_too_deep", post("[".repeat(100_000).let { """{"x":$it""" })),
    )

private fun badChats() =
    listOf(
        BadRow("no model", 400, "missing_field", post("""{"messages":[$USER]}""")),
        BadRow("no messages", 400, "missing_field", post("""{"model":"auto"}""")),
        BadRow("empty messages", 400, "invalid_value", post("""{"model":"auto","messages":[]}""")),
        BadRow(
            "10,000 messages",
            400,
            "too_many_messages",
            post("""{"model":"auto","messages":[${List(10_000) { USER }.joinToString(",")}]}"""),
        ),
        BadRow("model of a wrong type", 400, "invalid_type", post("""{"model":7,"messages":[$USER]}""")),
        BadRow("an empty model", 400, "invalid_value", post("""{"model":" ","messages":[$USER]}""")),
        BadRow("a model of 600 characters", 400, "invalid_value", post("""{"model":"${"m".repeat(600)}","messages":[$USER]}""")),
        BadRow("messages of a wrong type", 400, "invalid_type", post("""{"model":"auto","messages":"$SECRET_PROMPT"}""")),
        BadRow("a message of a wrong type", 400, "invalid_type", post("""{"model":"auto","messages":["$SECRET_PROMPT"]}""")),
        BadRow("a message without a role", 400, "missing_field", post("""{"model":"auto","messages":[{"content":"$SECRET_PROMPT"}]}""")),
        BadRow("a role of a wrong type", 400, "invalid_type", post(GOOD.replace("\"user\"", "[]"))),
        BadRow("content of a wrong type", 400, "invalid_type", post(GOOD.replace("\"$SECRET_PROMPT\"", "7"))),
        BadRow("stream of a wrong type", 400, "invalid_type", post(GOOD.dropLast(1) + ""","stream":"yes"}""")),
        BadRow("metadata of a wrong type", 400, "invalid_type", post(GOOD.dropLast(1) + ""","metadata":{"a":{}}}""")),
    )

private fun badNames() =
    listOf(
        BadRow("an unknown model", 404, "model_not_found", post("""{"model":"nobody","messages":[$USER]}""")),
        BadRow("an unknown switch", 400, "unknown_model_switch", post(GOOD.replace("auto", "auto:fly"))),
        BadRow("an unknown pinned model", 404, "model_not_found", post(GOOD.replace("auto", "auto:model=nobody"))),
        BadRow("an unknown recipe", 404, "recipe_not_found", post(GOOD.replace("auto", "auto:recipe=none"))),
        BadRow("embeddings without a model", 400, "missing_field", post("""{"input":"x"}""", path = "/v1/embeddings")),
        BadRow("embeddings by auto", 400, "auto_needs_chat", post("""{"model":"auto","input":"x"}""", path = "/v1/embeddings")),
        BadRow("no such path", 404, "unknown_path", "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".toByteArray()),
        BadRow("chat by GET", 404, "unknown_path", "GET $CHAT HTTP/1.1\r\nHost: x\r\n\r\n".toByteArray()),
        BadRow("chat by DELETE", 400, "invalid_json", "DELETE $CHAT HTTP/1.1\r\nHost: x\r\n\r\n".toByteArray()),
    )

private fun badHeaders() =
    listOf(
        BadRow("a wrong content type", 415, "unsupported_content_type", post(GOOD, "Content-Type: text/xml")),
        BadRow("a content type that is none", 415, "unsupported_content_type", post(GOOD, "Content-Type: ;;")),
        BadRow("a form", 415, "unsupported_content_type", post(GOOD, "Content-Type: multipart/form-data; boundary=x")),
        BadRow(
            "a broken form",
            400,
            "invalid_multipart",
            post("--x\r\n", "Content-Type: multipart/form-data; boundary=x", path = "/v1/audio/transcriptions"),
        ),
        BadRow("gzip", 415, "unsupported_content_encoding", post(gzip(GOOD), "$JSON\r\nContent-Encoding: gzip")),
        BadRow("too many headers", 431, "too_many_headers", post(GOOD, JSON + manyHeaders())),
        BadRow(
            "too many headers of a GET",
            431,
            "too_many_headers",
            "GET /v1/models HTTP/1.1\r\nHost: x${manyHeaders()}\r\n\r\n".toByteArray(),
        ),
        BadRow("a header that is too large", 431, "headers_too_large", post(GOOD, "$JSON\r\nX-Big: ${"b".repeat(70_000)}")),
        BadRow(
            "a header that is far too large",
            431,
            "headers_too_large",
            post(GOOD, "X-Big: ${"b".repeat(400_000)}"),
            keepsConnection = false,
        ),
    )

private fun badHttp() =
    listOf(
        BadRow("chunked with trailers, truncated JSON", 400, "invalid_json", chunkedWithTrailers("""{"model":"auto",""")),
        BadRow(
            "a body over the limit",
            413,
            "body_too_large",
            post("""{"x":"${"y".repeat(House.BODY_BYTES_MAX)}"}"""),
            keepsConnection = false,
        ),
        BadRow(
            "a chunked body over the limit",
            413,
            "body_too_large",
            chunkedWithTrailers("""{"x":"${"y".repeat(House.BODY_BYTES_MAX)}"}"""),
            keepsConnection = false,
        ),
        BadRow(
            "a URI that is too long",
            414,
            "uri_too_long",
            "GET /v1/models?${"q".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n".toByteArray(),
            keepsConnection = false,
        ),
        BadRow(
            "an unknown method",
            405,
            "method_not_allowed",
            "BREW $CHAT HTTP/1.1\r\nHost: x\r\n\r\n".toByteArray(),
            keepsConnection = false,
        ),
        BadRow("a broken request line", 400, "bad_http", "NONSENSE\r\n\r\n".toByteArray(), keepsConnection = false),
        BadRow("a header with a blank in its name", 400, "bad_http", post(GOOD, "Bad Name: 1"), keepsConnection = false),
        BadRow("two lengths", 400, "bad_http", post(GOOD, "$JSON\r\nContent-Length: 1"), keepsConnection = false),
        BadRow(
            "a length that is no number",
            400,
            "bad_http",
            "POST $CHAT HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n".toByteArray(),
            keepsConnection = false,
        ),
        BadRow(
            "a chunk length that is no number",
            400,
            "bad_http",
            "POST $CHAT HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".toByteArray(),
            keepsConnection = false,
        ),
        BadRow("HTTP/1.0 with bad JSON", 400, "invalid_json", post("{", version = "1.0"), keepsConnection = false),
    )

private fun post(body: String, headers: String = JSON, path: String = CHAT, version: String = "1.1") = post(
    body.toByteArray(),
    headers,
    path,
    version,
)

private fun post(body: ByteArray, headers: String = JSON, path: String = CHAT, version: String = "1.1"): ByteArray =
    "POST $path HTTP/$version\r\nHost: x\r\nContent-Length: ${body.size}\r\n$headers\r\n\r\n".toByteArray() + body

private fun chunkedWithTrailers(body: String): ByteArray {
    val head = "POST $CHAT HTTP/1.1\r\nHost: x\r\n$JSON\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
    return "$head${body.length.toString(radix = 16)}\r\n$body\r\n0\r\nX-T: 1\r\n\r\n".toByteArray()
}

private fun manyHeaders() = (1..200).joinToString("") { "\r\nX-H$it: 1" }

private fun invalidUtf8(): ByteArray =
    """{"model":"auto","messages":[{"role":"user","content":"""".toByteArray() + byteArrayOf(0xC3.toByte(), 0x28) + "\"}]}".toByteArray()

private fun gzip(text: String): ByteArray =
    ByteArrayOutputStream().also { out -> GZIPOutputStream(out).use { it.write(text.toByteArray()) } }.toByteArray()
