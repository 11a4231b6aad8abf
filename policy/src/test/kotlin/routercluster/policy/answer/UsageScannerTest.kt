package routercluster.policy.answer

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.answer.UsageScanner.Format
import routercluster.policy.request.TextWeight
import routercluster.policy.request.seededCases

class UsageScannerTest {
    private val nothing =
        AnswerFacts(
            usage = null,
            opening = null,
            textTokens = 0,
            model = null,
            done = false,
            error = false,
            finishReasons = emptyList(),
        )

    private fun saying(text: String) = nothing.copy(textTokens = (TextWeight.of(text, 0, text.length) + 50) / 100)

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
                saying(""""usage":{"prompt_tokens":9}""").copy(usage = Usage(3, 5, 2), model = "gpt-x", finishReasons = listOf("stop")),
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
            """{"choices":[{"message":{"content":null,"refusal":"Not so.","tool_calls":[{"id":"c","function":{"name":"f",""" +
                """"arguments":"{\"a\":1}"}}]}},{"message":{"content":[{"type":"text","text":"Or so"}]}},{"text":" or so"}]}""" to
                saying("""Not so.{"a":1}Or so or so"""),
            """{"choices":[{"message":{"reasoning":"The same","reasoning_content":"The same twice","content":"!"},""" +
                """"logprobs":{"content":[{"token":"no"}]}}],"text":"no","message":"no"}""" to
                saying("!The same twice"),
            """
            {"type":"message","model":"claude","content":[{"type":"thinking","thinking":"Hm"},{"type":"text","text":", well"}],"stop_reason":"end_turn",
             "usage":{"input_tokens":10,"cache_creation_input_tokens":4,"cache_read_input_tokens":6,"output_tokens":3,
                      "cache_creation":{"ephemeral_5m_input_tokens":4},"server_tool_use":{"web_search_requests":2}}}
            """ to saying("Hm, well").copy(usage = Usage(20, 3, 6, 4), model = "claude", finishReasons = listOf("end_turn")),
            """{"usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":49}}""" to nothing.copy(usage = Usage(5, 44)),
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

            """.trimIndent() to saying("a\n").copy(usage = Usage(7, 2, 0), model = "m", done = true, finishReasons = listOf("stop")),
            anthropicBeginning to saying("Hello").copy(model = "claude", opening = Usage(17, 0, 2, 5)),
            "$anthropicBeginning\nevent: message_delta\n" +
                """data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}""" + "\n\n" to
                saying("Hello").copy(
                    usage = Usage(17, 15, 2, 5),
                    model = "claude",
                    opening = Usage(17, 0, 2, 5),
                    finishReasons = listOf("end_turn"),
                ),
            "$anthropicBeginning\nevent: message_delta\n" +
                """data: {"type":"message_delta","usage":{"input_tokens":20,"cache_read_input_tokens":2,"output_tokens":15}}""" + "\n\n" to
                saying("Hello").copy(usage = Usage(22, 15, 2, 5), model = "claude", opening = Usage(17, 0, 2, 5)),
            """
            event: response.created
            data: {"type":"response.created","response":{"model":"gpt-x","usage":null}}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","delta":"Hi "}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","delta":"there"}

            event: response.completed
            data: {"type":"response.completed","response":{"output":[{"content":[{"type":"output_text","text":"Hi there"}]}],
            data: "usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":8},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0}}}}

            """.trimIndent() to saying("Hi there").copy(usage = Usage(9, 2, 8), model = "gpt-x"),
            "data: {\"usage\":{\"prompt_tokens\":1}}\n\ndata: {\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1}}\n\n" to
                nothing.copy(usage = Usage(2, 1)),
            "data: {\"model\":\"cut\n\ndata: {\"model\":\"m\"}\n\n" to nothing.copy(model = "m"),
            "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: {\"error\":{\"code\":\"overloaded\"}}\n\n" to
                nothing.copy(error = true, finishReasons = listOf("stop")),
        )

    /** Cut off before it says how many tokens it made. */
    private val anthropicBeginning
        get() =
            """
            event: message_start
            data: {"type":"message_start","message":{"id":"msg_1","role":"assistant","model":"claude","content":[],"stop_reason":null,
            data: "usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":2,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: ping
            data: {"type":"ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}

            """.trimIndent()

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
