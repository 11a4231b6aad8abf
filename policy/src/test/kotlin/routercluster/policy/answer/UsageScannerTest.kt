package routercluster.policy.answer

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.answer.UsageScanner.Format
import routercluster.policy.request.seededCases

class UsageScannerTest {
    private val nothing = AnswerFacts(usage = null, model = null, done = false, error = false, finishReasons = emptyList())

    private val wholeAnswers =
        listOf(
            "" to nothing,
            "not JSON \"}]}" to nothing,
            """
            {"id":"1","model":"gpt-x",
             "choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":9}"},"finish_reason":"stop"}],
             "usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8,
                      "prompt_tokens_details":{"audio_tokens":1,"cached_tokens":2},"completion_tokens_details":{"prompt_tokens":77}}}
            """ to
                nothing.copy(usage = Usage(3, 5, 2), model = "gpt-x", finishReasons = listOf("stop")),
            """
            { "model" : "meta-llama\/L\u0061ma" ,
              "choices" : [ { "finish_reason" : null } , { "finish_reason" : "length" } , {"finish_reason":"tool_calls"} ] }
            """ to
                nothing.copy(model = "meta-llama/Lama", finishReasons = listOf("length", "tool_calls")),
            """{"model":"e","data":[{"embedding":[0.1,-2e-3],"model":"no","usage":{"prompt_tokens":9}}],"usage":{"prompt_tokens":12}}""" to
                nothing.copy(usage = Usage(12, 0), model = "e"),
            """{"usage":{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":null}}""" to nothing.copy(usage = Usage(1, 1)),
            """{"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}""" to nothing.copy(usage = Usage(0, 0)),
            """{"usage":null,"error":null}""" to nothing,
            """{"usage":[1,2],"choices":{"finish_reason":"stop"}}""" to nothing,
            """{"error":{"message":"no","code":"x"}}""" to nothing.copy(error = true),
            """{"error":"no"}""" to nothing.copy(error = true),
            """{"usage":{"prompt_tokens":1,"completion_tokens":""" to nothing,
            """{"model":"${"m".repeat(300)}","${"k".repeat(300)}":1,"usage":{"prompt_tokens":1}}""" to nothing.copy(usage = Usage(1, 0)),
        )

    private val streams =
        listOf(
            "" to nothing,
            "data: [DONE]\n\n" to nothing.copy(done = true),
            "data:[DONE]" to nothing.copy(done = true),
            "event: x\ndata: \"[DONE]\"\n\n" to nothing,
            ": data: [DONE]\nid: [DONE]\ndatax: [DONE]\n\n" to nothing,
            """
            : keep-alive

            event: message
            data: {"model":"m","choices":[{"delta":{"content":"a\n"},"finish_reason":null}],"usage":null}

            data: {"model":"other","choices":[{"delta":{},"finish_reason":"stop"}]}

            data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,
            data: "prompt_tokens_details":{"cached_tokens":0}}}

            data: [DONE]

            """.trimIndent() to nothing.copy(usage = Usage(7, 2, 0), model = "m", done = true, finishReasons = listOf("stop")),
            "data: {\"usage\":{\"prompt_tokens\":1}}\n\ndata: {\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1}}\n\n" to
                nothing.copy(usage = Usage(2, 1)),
            "data: {\"model\":\"cut\n\ndata: {\"model\":\"m\"}\n\n" to nothing.copy(model = "m"),
            "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: {\"error\":{\"code\":\"overloaded\"}}\n\n" to
                nothing.copy(error = true, finishReasons = listOf("stop")),
        )

    @Test
    fun `finds usage in whole answers`() =
        wholeAnswers.forEach { (answer, facts) -> withClue(answer) { scan(Format.JSON, answer) shouldBe facts } }

    @Test
    fun `finds usage in event streams, whatever ends their lines`() =
        streams.forEach { (stream, facts) ->
            listOf("\n", "\r\n", "\r").forEach { end ->
                val answer = stream.replace("\n", end)
                withClue(answer) { scan(Format.EVENT_STREAM, answer) shouldBe facts }
            }
        }

    @Test
    fun `finds the same however the bytes are cut`() =
        seededCases(300) { random ->
            val rows = wholeAnswers.map { Format.JSON to it } + streams.map { Format.EVENT_STREAM to it }
            rows.forEach { (format, row) ->
                val bytes = row.first.replace("\n", if (random.nextBoolean()) "\n" else "\r\n").toByteArray()
                val longest = if (random.nextInt(4) == 0) 1 else random.nextInt(2, 80)
                val scanner = UsageScanner(format)
                var at = 0
                while (at < bytes.size) {
                    val end = minOf(bytes.size, at + random.nextInt(1, longest + 1))
                    scanner.feed(bytes, at, end)
                    at = end
                }
                withClue("$format ${row.first}") { scanner.facts shouldBe row.second }
            }
        }

    @Test
    fun `keeps at most 128 finish reasons`() {
        val choices = List(500) { """{"finish_reason":"stop"}""" }.joinToString(",")
        scan(Format.JSON, """{"choices":[$choices]}""").finishReasons.size shouldBe 128
    }

    @Test
    fun `tells the format from the content type`() {
        val rows =
            mapOf(
                "text/event-stream" to Format.EVENT_STREAM,
                "Text/Event-Stream; charset=utf-8" to Format.EVENT_STREAM,
                "application/json" to Format.JSON,
                null to Format.JSON,
            )
        rows.forEach { (type, format) -> withClue(type) { Format.of(type) shouldBe format } }
    }

    private fun scan(format: Format, answer: String) = UsageScanner(format).apply { feed(answer.toByteArray()) }.facts
}
