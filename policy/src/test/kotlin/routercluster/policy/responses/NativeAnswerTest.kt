package routercluster.policy.responses

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.conversations.TurnStatus

class NativeAnswerTest {
    private val item = """{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[]}"""

    @Test
    fun `events of items pass, those of the response are ours to send`() {
        val reader = NativeAnswer("m")
        val told =
            listOf(
                """{"type":"response.created","sequence_number":0,"response":{}}""",
                """{"type":"response.in_progress","sequence_number":1,"response":{}}""",
                """{"type":"response.output_item.added","output_index":0,"item":{}}""",
                """{"type":"response.output_text.delta","delta":"x"}""",
                """{"type":"response.output_item.done","output_index":0,"item":$item}""",
                """{"type":"response.completed","response":{"id":"theirs","status":"completed","output":[$item],"usage":{"input_tokens":3}}}""",
            ).flatMap(reader::event)
        told.map { it.type } shouldBe listOf("response.output_item.added", "response.output_text.delta", "response.output_item.done")
        reader.close() shouldBe emptyList()
        reader.status shouldBe TurnStatus.COMPLETED
        reader.output.map { it.text("id") } shouldBe listOf("msg_1")
        reader.answer.usage
            ?.path("input_tokens")
            ?.asInt() shouldBe 3
    }

    @Test
    fun `what was done before a break is kept`() {
        val reader = NativeAnswer("m")
        reader.event("""{"type":"response.output_item.done","output_index":0,"item":$item}""")
        reader.close("It broke")
        listOf(reader.status, reader.output.size) shouldBe listOf(TurnStatus.FAILED, 1)
    }

    @Test
    fun `a whole answer says how it ended`() {
        val rows =
            mapOf(
                """{"status":"completed","output":[$item]}""" to TurnStatus.COMPLETED,
                """{"status":"incomplete","output":[],"incomplete_details":{"reason":"max_output_tokens"}}""" to TurnStatus.INCOMPLETE,
                """{"status":"failed","output":[],"error":{"code":"server_error","message":"x"}}""" to TurnStatus.FAILED,
                """{"status":"failed","output":[]}""" to TurnStatus.FAILED,
                "nonsense" to TurnStatus.FAILED,
            )
        rows.forEach { (body, status) -> NativeAnswer("m").apply { whole(body.toByteArray()) }.apply { close() }.status shouldBe status }
    }
}
