package routercluster.mock

import io.kotest.matchers.collections.shouldBeSortedBy
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

class ShapesTest {
    private val mock = mockLlm(Script(answer = Answer.Text("one two three")))

    @AfterEach
    fun close() = mock.close()

    @Test
    fun `a whole chat answer`() {
        val answer = mock.post("/v1/chat/completions", chat())
        answer.status().code() shouldBe 200
        val json = answer.json()
        json["object"].textValue() shouldBe "chat.completion"
        json["model"].textValue() shouldBe "m1"
        json.at("/choices/0/message/content").textValue() shouldBe "one two three"
        json.at("/choices/0/finish_reason").textValue() shouldBe "stop"
        // 8 characters of system prompt and 11 of the user's: a token per four.
        json["usage"].toString() shouldBe
            """{"prompt_tokens":4,"completion_tokens":3,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0}}"""
    }

    @Test
    fun `a chat stream begins with the role and ends with DONE`() {
        val answer = mock.post("/v1/chat/completions", chat(more = ""","stream":true"""))
        answer.headers().contentType().toString() shouldStartWith "text/event-stream"
        val events = answer.events()
        events.last() shouldBe "[DONE]"
        val chunks = events.dropLast(1).map { mapper.readTree(it) }
        chunks.map { it.at("/choices/0/delta").toString() } shouldBe
            listOf(
                """{"role":"assistant","content":""}""",
                """{"content":"one "}""",
                """{"content":"two "}""",
                """{"content":"three"}""",
                "{}",
            )
        chunks.map { it.at("/choices/0/finish_reason").textValue() } shouldBe listOf(null, null, null, null, "stop")
        chunks.map { it["id"] }.distinct() shouldHaveSize 1
        chunks.none { it.has("usage") } shouldBe true
    }

    @Test
    fun `usage comes last in a stream that asks for it`() {
        mock.script = Script(answer = Answer.Text("a b"), promptTokens = 9, cachedTokens = 5)
        val events = mock.post("/v1/chat/completions", chat(more = ""","stream":true,"stream_options":{"include_usage":true}""")).events()
        val chunks = events.dropLast(1).map { mapper.readTree(it) }
        chunks.last()["choices"].toString() shouldBe "[]"
        chunks.last()["usage"].toString() shouldBe
            """{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":5}}"""
        chunks.dropLast(1).all { it["usage"].isNull } shouldBe true
    }

    @Test
    fun `the token limit of a request ends an answer early`() {
        for (field in listOf("max_tokens", "max_completion_tokens")) {
            val json = mock.post("/v1/chat/completions", chat(more = ""","$field":2""")).json()
            json.at("/choices/0/message/content").textValue() shouldBe "one two "
            json.at("/choices/0/finish_reason").textValue() shouldBe "length"
        }
    }

    @Test
    fun `an answer echoes, names its model, or has a length`() {
        fun content(script: Script, body: String = chat("say \\\"hi\\\" ☃")): String {
            mock.script = script
            return mock
                .post("/v1/chat/completions", body)
                .json()
                .at("/choices/0/message/content")
                .textValue()
        }
        content(Script(answer = Answer.Echo)) shouldBe "say \"hi\" ☃"
        content(Script(answer = Answer.Echo), """{"messages":[{"role":"user","content":[{"type":"text","text":"part"}]}]}""") shouldBe
            "part"
        content(Script(answer = Answer.Named)) shouldContain "This is m1, a simulated model"
        content(Script(answer = Answer.Text("a b"), tokens = 5)) shouldBe "a b a b a "
        content(Script(answer = Answer.Text("a b"), tokens = 1)) shouldBe "a "
        content(Script(answer = Answer.Text(""), tokens = 2)) shouldBe "token token "
    }

    @Test
    fun `tool calls are an answer, whole and streamed`() {
        val arguments = """{"city":"Köln","days":3}"""
        mock.script = Script(toolCalls = listOf(ToolCall("weather", arguments), ToolCall("time", "{}")))
        val whole = mock.post("/v1/chat/completions", chat()).json()
        whole.at("/choices/0/finish_reason").textValue() shouldBe "tool_calls"
        whole.at("/choices/0/message/content").isNull shouldBe true
        whole.at("/choices/0/message/tool_calls").map { it.at("/function/name").textValue() } shouldBe listOf("weather", "time")
        whole.at("/choices/0/message/tool_calls/0/function/arguments").textValue() shouldBe arguments

        val events = mock.post("/v1/chat/completions", chat(more = ""","stream":true""")).events()
        val parts = events.dropLast(1).map { mapper.readTree(it).at("/choices/0/delta/tool_calls/0") }.filter { it.isObject }
        parts.filter { it["index"].intValue() == 0 }.joinToString("") { it.at("/function/arguments").textValue() } shouldBe arguments
        parts.filter { it.has("id") }.map { it.at("/function/name").textValue() } shouldBe listOf("weather", "time")
    }

    @Test
    fun `a text completion, whole and streamed`() {
        val whole = mock.post("/v1/completions", """{"model":"m1","prompt":"say"}""").json()
        whole["object"].textValue() shouldBe "text_completion"
        whole.at("/choices/0/text").textValue() shouldBe "one two three"
        val body = """{"model":"m1","prompt":["say"],"stream":true,"stream_options":{"include_usage":true}}"""
        val events = mock.post("/v1/completions", body).events()
        val chunks = events.dropLast(1).map { mapper.readTree(it) }
        chunks.joinToString("") { it.at("/choices/0/text").asText("") } shouldBe "one two three"
        chunks.last().at("/usage/completion_tokens").intValue() shouldBe 3
    }

    @Test
    fun `an Anthropic message, whole and streamed`() {
        mock.script = Script(answer = Answer.Text("one two"), promptTokens = 10, cachedTokens = 4)
        val body = """{"model":"claude","max_tokens":100,"system":"s","messages":[{"role":"user","content":"hi"}]"""
        val whole = mock.post("/v1/messages", "$body}").json()
        whole["content"].toString() shouldBe """[{"type":"text","text":"one two"}]"""
        whole["stop_reason"].textValue() shouldBe "end_turn"
        whole["usage"].toString() shouldBe
            """{"input_tokens":6,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":2}"""

        val answer = mock.post("/v1/messages", """$body,"stream":true}""")
        val names = answer
            .contentUtf8()
            .lines()
            .filter { it.startsWith("event: ") }
            .map { it.removePrefix("event: ") }
        names shouldBe
            listOf(
                "message_start",
                "content_block_start",
                "content_block_delta",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop",
            )
        val events = answer.events().map { mapper.readTree(it) }
        events.map { it["type"].textValue() } shouldBe names
        events.joinToString("") { it.at("/delta/text").asText("") } shouldBe "one two"
        events[5].at("/delta/stop_reason").textValue() shouldBe "end_turn"
        events[5].at("/usage/output_tokens").intValue() shouldBe 2
    }

    @Test
    fun `an Anthropic tool use, whole and streamed`() {
        mock.script = Script(toolCalls = listOf(ToolCall("weather", """{"city":"Bonn"}""")))
        val body = """{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]"""
        val whole = mock.post("/v1/messages", "$body}").json()
        whole["stop_reason"].textValue() shouldBe "tool_use"
        whole.at("/content/0/input/city").textValue() shouldBe "Bonn"
        val events = mock.post("/v1/messages", """$body,"stream":true}""").events().map { mapper.readTree(it) }
        events.joinToString("") { it.at("/delta/partial_json").asText("") } shouldBe """{"city":"Bonn"}"""
    }

    @Test
    fun `embeddings are unit vectors of the text alone, as numbers and as base64`() {
        val numbers = mock.post("/v1/embeddings", """{"model":"e","input":["a","b","a"],"dimensions":4}""").json()
        val vectors = numbers["data"].map { row -> row["embedding"].map { it.doubleValue() } }
        vectors shouldHaveSize 3
        vectors[0] shouldBe vectors[2]
        vectors[0].sumOf { it * it } shouldBe (1.0 plusOrMinus 1e-5)
        numbers["data"].map { it["index"].intValue() }.shouldBeSortedBy { it }
        val text = mock.post("/v1/embeddings", """{"model":"e","input":["a"],"dimensions":4,"encoding_format":"base64"}""").json()
        val floats = ByteBuffer.wrap(Base64.getDecoder().decode(text.at("/data/0/embedding").textValue())).order(ByteOrder.LITTLE_ENDIAN)
        List(4) { floats.getFloat().toDouble() }.zip(vectors[0]).forEach { (a, b) -> a shouldBe (b plusOrMinus 1e-6) }
        mock.post("/v1/embeddings", """{"input":[1,2,3]}""").json()["data"] shouldHaveSize 1
    }

    @Test
    fun `the other paths answer the smallest valid shape`() {
        mock.script = Script(models = listOf("m1", "m2"))
        mock
            .client()
            .get("/v1/models")
            .aggregate()
            .join()
            .json()["data"]
            .map { it["id"].textValue() } shouldBe listOf("m1", "m2")
        mock.post("/v1/moderations", """{"input":["x","y"]}""").json()["results"].map { it["flagged"].booleanValue() } shouldBe
            listOf(false, false)
        mock
            .post("/v1/images/generations", """{"prompt":"x"}""")
            .json()
            .at("/data/0/b64_json")
            .textValue() shouldStartWith "iVBOR"
        mock.post("/v1/audio/transcriptions", "--b\r\nanything\r\n--b--").json()["text"].textValue() shouldBe
            "This is a simulated transcription."
    }

    @Test
    fun `any prefix may stand before a path`() {
        mock.post("/openai/deployments/x/chat/completions?api-version=1", chat()).status().code() shouldBe 200
        mock.seen.single().path shouldBe "/openai/deployments/x/chat/completions?api-version=1"
    }

    @Test
    fun `what the mock cannot read or does not know is an error in the API's shape`() {
        val rows =
            listOf(
                Triple("/v1/chat/completions", "{", 400),
                Triple("/v1/chat/completions", "[]", 400),
                Triple("/v1/embeddings", "", 400),
                Triple("/v1/unknown", "{}", 404),
            )
        rows.forEach { (path, body, status) ->
            val answer = mock.post(path, body)
            answer.status().code() shouldBe status
            answer.json().at("/error/message").isTextual shouldBe true
        }
        mock
            .post("/v1/messages", "{")
            .json()
            .at("/error/type")
            .textValue() shouldBe "invalid_request_error"
        mock
            .client()
            .get("/v1/chat/completions")
            .aggregate()
            .join()
            .status()
            .code() shouldBe 405
    }
}
