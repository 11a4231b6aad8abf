package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.conversations.TurnStatus
import java.time.Instant
import kotlin.random.Random

/** Chunks of a chat completion to the events of a response. Ids are shown by their prefix and the order in which they came. */
class ChatAnswerTest {
    private val mapper = ObjectMapper()

    private class Told(val events: List<ResponseEvent>, val reader: ChatAnswer)

    private fun told(vararg deltas: String, finish: String? = "stop", fault: String? = null): Told {
        val reader = ChatAnswer("m", Random(1))
        val events = deltas.flatMap { reader.event("""{"choices":[{"index":0,"delta":$it,"finish_reason":null}]}""") }.toMutableList()
        if (finish != null) events += reader.event("""{"choices":[{"index":0,"delta":{},"finish_reason":"$finish"}]}""")
        events += reader.close(fault)
        return Told(events, reader)
    }

    /** `type` and what matters of the event, in one line. */
    private fun lines(told: Told): List<String> {
        val ids = LinkedHashMap<String, String>()

        fun name(id: String?) = id?.let { ids.getOrPut(it) { "${it.substringBefore('_')}${ids.size}" } }
        return told.events.map { event ->
            val json = event.json
            val item = json.path("item")
            val part = json.path("part")
            listOfNotNull(
                event.type.removePrefix("response."),
                json.get("output_index")?.asText(),
                json.get("content_index")?.asText(),
                name(json.path("item_id").textValue() ?: item.path("id").textValue()),
                item.path("type").textValue()?.let { "$it:${item.path("status").textValue()}" },
                part.path("type").textValue(),
                listOf("delta", "text", "refusal", "arguments").firstNotNullOfOrNull {
                    json.path(it).textValue()
                        ?: part.path(it).textValue()
                },
            ).joinToString(" ")
        }
    }

    @Test
    fun `a text, piece by piece`() {
        lines(told("""{"role":"assistant","content":""}""", """{"content":"Hel"}""", """{"content":"lo"}""")) shouldBe
            listOf(
                "output_item.added 0 msg0 message:in_progress",
                "content_part.added 0 0 msg0 output_text ",
                "output_text.delta 0 0 msg0 Hel",
                "output_text.delta 0 0 msg0 lo",
                "output_text.done 0 0 msg0 Hello",
                "content_part.done 0 0 msg0 output_text Hello",
                "output_item.done 0 msg0 message:completed",
            )
    }

    @Test
    fun `reasoning before the text`() {
        lines(told("""{"reasoning_content":"Hm."}""", """{"content":"Yes"}""")) shouldBe
            listOf(
                "output_item.added 0 rs0 reasoning:in_progress",
                "content_part.added 0 0 rs0 reasoning_text ",
                "reasoning_text.delta 0 0 rs0 Hm.",
                "reasoning_text.done 0 0 rs0 Hm.",
                "content_part.done 0 0 rs0 reasoning_text Hm.",
                "output_item.done 0 rs0 reasoning:completed",
                "output_item.added 1 msg1 message:in_progress",
                "content_part.added 1 0 msg1 output_text ",
                "output_text.delta 1 0 msg1 Yes",
                "output_text.done 1 0 msg1 Yes",
                "content_part.done 1 0 msg1 output_text Yes",
                "output_item.done 1 msg1 message:completed",
            )
    }

    @Test
    fun `two calls of functions, interleaved, after a text`() {
        val told =
            told(
                """{"content":"Let me see."}""",
                """{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}""",
                """{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":"{"}}]}""",
                """{"tool_calls":[{"index":0,"function":{"arguments":"{}"}},{"index":1,"function":{"arguments":"}"}}]}""",
                finish = "tool_calls",
            )
        lines(told).drop(3) shouldBe
            listOf(
                "output_text.done 0 0 msg0 Let me see.",
                "content_part.done 0 0 msg0 output_text Let me see.",
                "output_item.done 0 msg0 message:completed",
                "output_item.added 1 fc1 function_call:in_progress",
                "output_item.added 2 fc2 function_call:in_progress",
                "function_call_arguments.delta 2 fc2 {",
                "function_call_arguments.delta 1 fc1 {}",
                "function_call_arguments.delta 2 fc2 }",
                "function_call_arguments.done 1 fc1 {}",
                "output_item.done 1 fc1 function_call:completed",
                "function_call_arguments.done 2 fc2 {}",
                "output_item.done 2 fc2 function_call:completed",
            )
        told.reader.output
            .drop(1)
            .map { listOf(it.text("call_id"), it.text("name"), it.text("arguments")) } shouldBe
            listOf(listOf("c1", "f", "{}"), listOf("c2", "g", "{}"))
        told.reader.status shouldBe TurnStatus.COMPLETED
    }

    @Test
    fun `a refusal is a part of its own`() {
        lines(told("""{"content":"Well"}""", """{"refusal":"No."}""")).drop(3) shouldBe
            listOf(
                "output_text.done 0 0 msg0 Well",
                "content_part.done 0 0 msg0 output_text Well",
                "content_part.added 0 1 msg0 refusal ",
                "refusal.delta 0 1 msg0 No.",
                "refusal.done 0 1 msg0 No.",
                "content_part.done 0 1 msg0 refusal No.",
                "output_item.done 0 msg0 message:completed",
            )
    }

    @Test
    fun `how an answer ends is how its response ends`() {
        val rows =
            mapOf(
                "stop" to listOf(TurnStatus.COMPLETED, null, "completed"),
                "length" to listOf(TurnStatus.INCOMPLETE, "max_output_tokens", "incomplete"),
                "content_filter" to listOf(TurnStatus.INCOMPLETE, "content_filter", "incomplete"),
                null to listOf(TurnStatus.FAILED, null, "incomplete"),
            )
        rows.forEach { (finish, expected) ->
            val reader = told("""{"content":"x"}""", finish = finish).reader
            withClue("$finish") {
                listOf(reader.status, reader.answer.incompleteReason, reader.output.single().text("status")) shouldBe expected
            }
        }
        val broken = told("""{"content":"x"}""", finish = null, fault = "It broke").reader.answer.error
        broken?.text("message") shouldBe "It broke"
        val failed = ChatAnswer("m", Random(1)).apply { event("""{"error":{"message":"Overheated"}}""") }.apply { close() }
        listOf(failed.status, failed.answer.error?.text("message")) shouldBe listOf(TurnStatus.FAILED, "Overheated")
    }

    @Test
    fun `a whole answer gives the same response as the same answer in chunks`() {
        val message =
            """{"role":"assistant","reasoning_content":"Hm.","content":"Hello","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}"""
        val whole = ChatAnswer("m", Random(1))
        whole.whole("""{"choices":[{"index":0,"message":$message,"finish_reason":"tool_calls"}]}""".toByteArray())
        whole.close()
        val chunks =
            told(
                """{"reasoning_content":"H"}""",
                """{"reasoning_content":"m."}""",
                """{"content":"Hello"}""",
                """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]}""",
                finish = "tool_calls",
            )
        whole.output shouldBe chunks.reader.output
        whole.status shouldBe chunks.reader.status
    }

    @Test
    fun `usage is told in the words of this API`() {
        val chat =
            """{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},
            "completion_tokens_details":{"reasoning_tokens":2}}"""
        responseUsage(mapper.readTree(chat)).read() shouldBe
            mapper.readTree(
                """{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"output_tokens":5,
                "output_tokens_details":{"reasoning_tokens":2},"total_tokens":15}""",
            )
    }

    /** Numbers as a reader of JSON has them, whatever their type was. */
    private fun JsonNode.read(): JsonNode = mapper.readTree(toString())

    @Test
    fun `garbage from an upstream is passed over`() {
        val reader = ChatAnswer("m", Random(1))
        val garbage =
            listOf(
                "",
                "x",
                "[]",
                "{",
                """{"choices":5}""",
                """{"choices":[7]}""",
                """{"choices":[{"delta":{"tool_calls":[5],"content":{}}}]}""",
            )
        garbage.flatMap(reader::event).filter { it.type != "response.output_item.added" } shouldBe emptyList()
        reader.close()
        reader.status shouldBe TurnStatus.FAILED
    }

    @Test
    fun `a response object says what was asked for and what is standard`() {
        val request =
            parseResponseRequest(
                """{"model":"auto","input":"x","temperature":0.5,"metadata":{"a":"b"}}""".toByteArray(),
                Limits(),
                Random(1),
            )
        val draft = ResponseDraft("resp_1", request, Instant.ofEpochSecond(5), "conv_1")
        draft.at(TurnStatus.IN_PROGRESS).read() shouldBe
            mapper.readTree(
                """{"id":"resp_1","object":"response","created_at":5,"status":"in_progress","background":false,"error":null,"incomplete_details":null,
                "instructions":null,"max_output_tokens":null,"max_tool_calls":null,"prompt_cache_key":null,"safety_identifier":null,"service_tier":null,
                "top_logprobs":null,"top_p":null,"user":null,"model":"auto","output":[],"parallel_tool_calls":true,"previous_response_id":null,
                "conversation":{"id":"conv_1"},"reasoning":{"effort":null,"summary":null},"store":true,"temperature":0.5,
                "text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"truncation":"disabled","usage":null,"metadata":{"a":"b"}}""",
            )
    }

    @Test
    fun `events are numbered and written as a stream`() {
        val numbers = EventNumbers()
        String(numbers.write(listOf(errorEvent("a", "b")))) shouldBe
            "event: error\ndata: {\"code\":\"a\",\"message\":\"b\",\"param\":null,\"type\":\"error\",\"sequence_number\":0}\n\n"
        String(numbers.write(listOf(errorEvent("a", "b")))).substringAfter("sequence_number\":") shouldBe "1}\n\n"
    }
}
