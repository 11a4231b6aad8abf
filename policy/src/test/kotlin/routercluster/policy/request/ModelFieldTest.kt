package routercluster.policy.request

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import routercluster.policy.Limits

class ModelFieldTest {
    private val form =
        listOf(
            "--b-1",
            "Content-Disposition: form-data; name=\"file\"; filename=\"model\"",
            "Content-Type: audio/wav",
            "",
            "\u00ff\u0000--b-1\r\n--b\r\n",
            "--b-1",
            "content-disposition: form-data; name=model",
            "",
            "whisper-1",
            "--b-1  ",
            "Content-Disposition: form-data; name=\"stream\"",
            "",
            "True",
            "--b-1--",
            "",
        ).joinToString("\r\n").toByteArray(Charsets.ISO_8859_1)

    @Test
    fun `renames the model of a JSON body and nothing else`() {
        val read = parse("""{ "input":["a\u0062",1.0e2], "model" : "text-\u0061da", "encoding_format":"float" }""")
        read.model shouldBe "text-ada"
        read.stream shouldBe false
        String(read.renamed("b\"")) shouldBe """{ "input":["a\u0062",1.0e2], "model" : "b\"", "encoding_format":"float" }"""
        read.renamed("text-ada") shouldBeSameInstanceAs read.bytes
        parse("""{"model":"m","stream":true}""").stream shouldBe true
    }

    @Test
    fun `rejects JSON bodies with an expected code and text`() {
        val rows =
            mapOf(
                """{"input":"x"}""" to "missing_field: `model` is required.",
                """{"model":[]}""" to "invalid_type: `model` must be a string.",
                """{"model":""}""" to "invalid_value: `model` must not be empty.",
                """{"model":"m","stream":1}""" to "invalid_type: `stream` must be true or false.",
                """{"model":"m","input":"x""" to "invalid_json: The body is not valid JSON: it ends too early at byte 23.",
                """{"model":"m","input":{"a":1,"a":2}}""" to
                    "duplicate_key: An object in the body has the same key twice, the second time just before byte 31.",
                """["model"]""" to "invalid_type: The body must be a JSON object.",
            )
        rows.forEach { (body, expected) -> withClue(body) { refusal { parse(body) } shouldBe expected } }
    }

    @Test
    fun `reads boundaries`() {
        val rows =
            mapOf(
                "multipart/form-data; boundary=b-1" to "b-1",
                "Multipart/Form-Data; charset=x; Boundary=\"a b\"" to "a b",
                "application/json" to null,
                "multipart/mixed; boundary=x" to null,
            )
        rows.forEach { (type, boundary) -> withClue(type) { multipartBoundary(type) shouldBe boundary } }
        listOf("multipart/form-data", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=${"x".repeat(71)}").forEach {
            withClue(it) {
                refusal { multipartBoundary(it) } shouldBe
                    "invalid_multipart: The body is not valid multipart/form-data: " +
                    "the Content-Type names no boundary of 1 to 70 characters."
            }
        }
    }

    @Test
    fun `renames the model of a form and nothing else`() {
        val read = parseMultipartModel(form, "b-1", Limits())
        read.model shouldBe "whisper-1"
        read.stream shouldBe true
        String(read.renamed("large-v3"), Charsets.ISO_8859_1) shouldBe String(form, Charsets.ISO_8859_1).replace("whisper-1", "large-v3")
        shouldThrow<IllegalArgumentException> { read.renamed("a\r\n--b-1--") }.message shouldBe
            "a model name with a line break cannot stand in a form"
    }

    @Test
    fun `rejects forms with an expected code and text`() {
        val start = "The body is not valid multipart/form-data: "
        val rows =
            listOf(
                "" to "invalid_multipart: ${start}the boundary does not occur.",
                "--b" to "invalid_multipart: ${start}a boundary is not followed by a line break.",
                "--b\r\nX: y" to "invalid_multipart: ${start}the headers of part 1 do not end within 8192 bytes.",
                "--b\r\nX: ${"y".repeat(9_000)}\r\n\r\n\r\n--b--" to
                    "invalid_multipart: ${start}the headers of part 1 do not end within 8192 bytes.",
                "--b\r\n${part("model")}m" to "invalid_multipart: ${start}part 1 does not end.",
                "--b\r\n${part("model")}m\r\n--b\r\n${part("model")}n\r\n--b--" to "duplicate_key: The form has more than one `model`.",
                "--b\r\n${part("other")}m\r\n--b--" to "missing_field: `model` is required.",
                "--b\r\n${part("model")} \r\n--b--" to "invalid_value: `model` must not be empty.",
                "--b\r\n${part("model")}${"m".repeat(5_000)}\r\n--b--" to "invalid_value: `model` must have at most 4096 bytes.",
                "--b\r\n${part("model")}m\r\n--b\r\n${part("stream")}maybe\r\n--b--" to "invalid_type: `stream` must be true or false.",
                "--b\r\n${part(
                    "model",
                )}\u00ff\r\n--b--" to "invalid_utf8: The body is not valid UTF-8 at byte ${5 + part("model").length}.",
                "--b\r\n" + "${part("x")}\r\n--b\r\n".repeat(129) to "invalid_multipart: ${start}it has more than 128 parts.",
            )
        rows.forEach { (body, expected) ->
            withClue(body.take(200)) {
                refusal { parseMultipartModel(body.toByteArray(Charsets.ISO_8859_1), "b", Limits()) } shouldBe
                    expected
            }
        }
        refusal { parseMultipartModel(form, "b-1", Limits(bodyBytesMax = 10)) } shouldBe "body_too_large: The body has more than 10 bytes."
    }

    private fun part(name: String) = "Content-Disposition: form-data; name=\"$name\"\r\n\r\n"

    private fun refusal(read: () -> Unit): String = shouldThrow<BadRequest> { read() }.let { "${it.code}: ${it.message}" }

    private fun parse(text: String) = parseModel(text.toByteArray(), Limits())
}
