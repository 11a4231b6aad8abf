package routercluster.policy.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.answer.UsageScanner.Format

class AnswerCollectorTest {
    private fun collected(answer: String, format: Format = Format.JSON, bytesMax: Int = 100_000, chunk: Int = 7): Any {
        val collector = AnswerCollector(format, bytesMax)
        answer
            .toByteArray()
            .toList()
            .chunked(chunk)
            .forEach { collector.feed(it.toByteArray()) }
        return when (val made = collector.collected()) {
            is Collected.Whole -> made.answer
            is Collected.Not -> made.reason
        }
    }

    private fun whole(message: String, finish: String = "stop", more: String = "") =
        """{"model":"m-1","choices":[{"index":0,"message":{"role":"assistant",$message},"finish_reason":"$finish"$more}],
           "usage":{"prompt_tokens":3,"completion_tokens":2}}"""

    private fun stream(vararg deltas: String, done: Boolean = true) =
        deltas.joinToString("") { "data: {\"model\":\"m-1\",\"choices\":[$it]}\n\n" } + if (done) "data: [DONE]\n\n" else ""

    @Test
    fun `a whole answer of text is kept, streamed or not`() {
        collected(whole("\"content\":\"Hello ü\"")) shouldBe StorableAnswer("Hello ü", "m-1", 3, 2)
        val events = stream(
            """{"index":0,"delta":{"role":"assistant","content":""}}""",
            """{"index":0,"delta":{"content":"Hel"},"finish_reason":null}""",
            """{"index":0,"delta":{"content":"lo"}}""",
            """{"index":0,"delta":{},"finish_reason":"stop"}""",
        )
        collected(events, Format.EVENT_STREAM) shouldBe StorableAnswer("Hello", "m-1", null, null)
        collected(events.replace("\n", "\r\n"), Format.EVENT_STREAM) shouldBe StorableAnswer("Hello", "m-1", null, null)
    }

    @Test
    fun `what is not sure to serve another request is not`() {
        val cases = mapOf(
            whole("\"content\":\"Hi\"", finish = "length") to "not_finished",
            whole("\"content\":\"Hi\"", finish = "content_filter") to "not_finished",
            whole("\"content\":null,\"tool_calls\":[{\"id\":\"1\"}]", finish = "tool_calls") to "tool_calls",
            whole("\"content\":null,\"function_call\":{\"name\":\"f\"}") to "tool_calls",
            whole("\"content\":null,\"refusal\":\"I cannot\"") to "refusal",
            whole("\"content\":\"Hi\",\"audio\":{\"id\":\"1\"}") to "more_than_text",
            whole("\"content\":\"Hi\"", more = ",\"logprobs\":{\"content\":[]}") to "logprobs",
            whole("\"content\":\"  \"") to "empty",
            """{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"},{"index":1,"message":{"content":"b"}}]}""" to
                "several_choices",
            """{"error":{"message":"no"},"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}""" to "error",
            """{"choices":[{"index":0,""" to "unreadable",
            "[]" to "not_finished",
        )
        for ((answer, reason) in cases) withClue(answer) { collected(answer) shouldBe reason }
    }

    @Test
    fun `members that say nothing do no harm`() {
        collected(whole("\"content\":\"Hi\",\"refusal\":null,\"tool_calls\":[],\"annotations\":[{}],\"reasoning_content\":\"hm\"")) shouldBe
            StorableAnswer("Hi", "m-1", 3, 2)
    }

    @Test
    fun `a stream that did not come to its end is not kept`() {
        val cut = stream("""{"index":0,"delta":{"content":"Hel"}}""", done = false)
        collected(cut, Format.EVENT_STREAM) shouldBe "broken_off"
        collected(cut + "data: [DONE]\n\n", Format.EVENT_STREAM) shouldBe "not_finished"
        collected(stream("""{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}"""), Format.EVENT_STREAM) shouldBe "several_choices"
    }

    @Test
    fun `there is a bound on its length`() {
        val answer = whole("\"content\":\"${"a".repeat(1_000)}\"")
        collected(answer, bytesMax = 1_000) shouldBe "too_long"
        (collected(answer, bytesMax = 2_000) is StorableAnswer) shouldBe true
    }
}
