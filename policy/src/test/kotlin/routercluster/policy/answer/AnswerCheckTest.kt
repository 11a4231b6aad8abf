package routercluster.policy.answer

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.request.parseChat
import kotlin.random.Random

class AnswerCheckTest {
    private val mapper = ObjectMapper()
    private val contract = AnswerContract(setOf("weather", "time"), isJson = true)

    private fun quoted(text: String) = text.replace("\\", "\\\\").replace("\"", "\\\"")

    private fun calls(vararg calls: Pair<String, String>, finish: String = "tool_calls"): String {
        val written = calls.joinToString { (name, arguments) ->
            """{"id":"1","type":"function","function":{"name":"$name","arguments":"${quoted(arguments)}"}}"""
        }
        val message = """{"role":"assistant","content":null,"tool_calls":[$written]}"""
        return """{"choices":[{"index":0,"message":$message,"finish_reason":"$finish"}]}"""
    }

    private fun text(content: String, finish: String = "stop") =
        """{"choices":[{"index":0,"message":{"content":"${quoted(content)}"},"finish_reason":"$finish"}]}"""

    private fun form(answer: String, format: UsageScanner.Format = UsageScanner.Format.JSON, pieces: Int = 1): AnswerForm {
        val check = AnswerCheck(contract, format) { _, _ -> null }
        val bytes = answer.toByteArray()
        bytes.toList().chunked(bytes.size / pieces + 1).forEach { check.feed(it.toByteArray()) }
        return check.form()
    }

    @Test
    fun `tool calls are good where each names a declared tool and has an object of arguments`() {
        val rows = listOf(
            calls("weather" to """{"city":"Bern"}""") to true,
            calls("weather" to "{}", "time" to """{"zone":"CET"}""") to true,
            calls("weather" to """{"city":"Bern"""") to false,
            calls("weather" to """{"city":"Bern"} and more""") to false,
            calls("weather" to "[1]") to false,
            calls("wether" to "{}") to false,
            calls("weather" to "{}", "time" to "") to false,
            calls("weather" to """{"city":""", finish = "length") to null,
            text("{}") to null,
        )
        rows.forEach { (answer, expected) -> withClue(answer) { form(answer).toolCalls shouldBe expected } }
    }

    @Test
    fun `a schema is judged where every text is JSON, and is not known where one is not or nobody can tell`() {
        val schema = mapper.readTree("""{"required": ["a"]}""")
        val rows = listOf(
            text("""{"a": 1}""") to true,
            text("""{"b": 1}""") to false,
            text("""{"a": """) to null,
            text("") to null,
            text("""{"a": 1}""", finish = "length") to null,
            calls("time" to "{}") to null,
        )
        for ((answer, expected) in rows) {
            val check =
                AnswerCheck(
                    contract.copy(schema = schema),
                    UsageScanner.Format.JSON,
                ) { one, value -> value.has(one["required"][0].textValue()) }
            check.feed(answer.toByteArray())
            withClue(answer) { check.form().schema shouldBe expected }
        }
        val nobody = AnswerCheck(contract.copy(schema = schema), UsageScanner.Format.JSON) { _, _ -> null }
        nobody.feed(text("{}").toByteArray())
        nobody.form().schema.shouldBeNull()
    }

    @Test
    fun `text is good where it is the JSON that was asked for`() {
        val rows = listOf(
            text("""{"a": [1, 2]}""") to true,
            text("[]") to true,
            text("Sure! {}") to false,
            text("""{"a": 1""") to false,
            text("7") to false,
            text("") to false,
            text("""{"a": """, finish = "length") to null,
            calls("time" to "{}") to null,
            """{"error": "no"}""" to null,
            "not JSON at all" to null,
        )
        rows.forEach { (answer, expected) -> withClue(answer) { form(answer).json shouldBe expected } }
    }

    @Test
    fun `a stream is read as its parts add up, however it is cut`() {
        val events = listOf(
            """{"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"function":{"name":"time","arguments":""}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"zone\":"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"CET\"}"}}]}}]}""",
            """{"choices":[{"index":1,"delta":{"content":"{\"a\""}}]}""",
            """{"choices":[{"index":1,"delta":{"content":":1}"}}]}""",
            """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}""",
            "[DONE]",
        )
        val stream = events.joinToString("") { "data: $it\n\n" }
        (1..40).forEach { pieces ->
            form(stream, UsageScanner.Format.EVENT_STREAM, pieces) shouldBe
                AnswerForm(toolCalls = true, json = true, schema = null)
        }
        form(stream.replace("CET", "C\\\\"), UsageScanner.Format.EVENT_STREAM).toolCalls shouldBe false
    }

    @Test
    fun `of an answer that is too long nothing is known`() {
        form(text("""{"a": "${"x".repeat(1_100_000)}"}"""), pieces = 50) shouldBe AnswerForm.UNKNOWN
    }

    @Test
    fun `any bytes give some form and no failure`() {
        val random = Random(SEED)
        repeat(500) { round ->
            val bytes = random.nextBytes(random.nextInt(200))
            withClue("seed $SEED round $round") {
                UsageScanner.Format.entries.forEach { AnswerCheck(contract, it) { _, _ -> null }.apply { feed(bytes) }.form() }
            }
        }
    }

    private fun asked(fields: String) = answerContract(
        parseChat("""{"model":"auto","messages":[{"role":"user","content":"x"}],$fields}""".toByteArray(), Limits()),
    )

    @Test
    fun `a request asks for a form by its tools and its response format`() {
        asked(""""temperature": 1""").shouldBeNull()
        asked(""""tools": [{"type":"function","function":{"name":"weather"}}]""") shouldBe AnswerContract(setOf("weather"), false)
        asked(""""functions": [{"name":"time"}], "response_format": {"type":"json_schema"}""") shouldBe AnswerContract(setOf("time"), true)
        asked(""""response_format": {"type":"json_object"}""") shouldBe AnswerContract(emptySet(), true)
        asked(""""response_format": {"type":"text"}, "tools": []""").shouldBeNull()
        asked(""""response_format": null, "tools": null""").shouldBeNull()
    }

    private companion object {
        const val SEED = 20_261_130
    }
}
