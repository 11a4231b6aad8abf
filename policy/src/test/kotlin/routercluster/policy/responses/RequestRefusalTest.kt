package routercluster.policy.responses

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.request.BadRequest
import kotlin.random.Random

class RequestRefusalTest {
    private fun refusal(body: String): String {
        val bad = shouldThrow<BadRequest> { parseResponseRequest(body.toByteArray(), Limits(messagesMax = 3), Random(1)) }
        return "${bad.status} ${bad.code} ${bad.param}"
    }

    @Test
    fun `bodies that cannot be understood are refused by name`() {
        val rows =
            mapOf(
                "" to "400 invalid_json null",
                "[]" to "400 invalid_type null",
                """{"input":"x"}""" to "400 missing_field model",
                """{"model":"m"}""" to "400 missing_field input",
                """{"model":"","input":"x"}""" to "400 invalid_value model",
                """{"model":"m","input":5}""" to "400 invalid_type input",
                """{"model":"m","input":[]}""" to "400 invalid_value input",
                """{"model":"m","input":[5]}""" to "400 invalid_type input[0]",
                """{"model":"m","input":["a",{}]}""" to "400 invalid_type input[0]",
                """{"model":"m","input":[{}]}""" to "400 missing_field input[0].type",
                """{"model":"m","input":[{"type":"web_search_call","id":"x"}]}""" to "400 unsupported_parameter input[0].type",
                """{"model":"m","input":[{"role":"user"}]}""" to "400 missing_field input[0].content",
                """{"model":"m","input":[{"role":"king","content":"x"}]}""" to "400 invalid_value input[0].role",
                """{"model":"m","input":[{"type":"message","content":"x"}]}""" to "400 missing_field input[0].role",
                """{"model":"m","input":[{"role":"user","content":[{"type":"input_video"}]}]}""" to
                    "400 unsupported_parameter input[0].content[0].type",
                """{"model":"m","input":[{"role":"user","content":[{"type":"input_text"}]}]}""" to
                    "400 missing_field input[0].content[0].text",
                """{"model":"m","input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]}""" to
                    "400 unsupported_parameter input[0].content[0].file_id",
                """{"model":"m","input":[{"role":"user","content":[{"type":"input_file","file_url":"f"}]}]}""" to
                    "400 unsupported_parameter input[0].content[0].file_url",
                """{"model":"m","input":[{"type":"function_call","call_id":"c","name":"f"}]}""" to "400 missing_field input[0].arguments",
                """{"model":"m","input":[{"type":"function_call_output","call_id":"c"}]}""" to "400 missing_field input[0].output",
                """{"model":"m","input":[{"type":"function_call_output","call_id":"c",
                    "output":7}]}""" to "400 invalid_type input[0].output",
                """{"model":"m","input":[{"type":"item_reference"}]}""" to "400 missing_field input[0].id",
                """{"model":"m","input":[{"role":"user","content":"1"},{"role":"user","content":"2"},{"role":"user",
                    "content":"3"},{"role":"user","content":"4"}]}""" to
                    "400 too_many_items input",
                """{"model":"m","input":"x","modle":1}""" to "400 unknown_parameter modle",
                """{"model":"m","input":"x","prompt":{"id":"p"}}""" to "400 unsupported_parameter prompt",
                """{"model":"m","input":"x","stream":"yes"}""" to "400 invalid_type stream",
                """{"model":"m","input":"x","temperature":3}""" to "400 invalid_value temperature",
                """{"model":"m","input":"x","max_output_tokens":0}""" to "400 invalid_value max_output_tokens",
                """{"model":"m","input":"x","max_output_tokens":1.5}""" to "400 invalid_type max_output_tokens",
                """{"model":"m","input":"x","top_logprobs":21}""" to "400 invalid_value top_logprobs",
                """{"model":"m","input":"x","truncation":"some"}""" to "400 invalid_value truncation",
                """{"model":"m","input":"x","metadata":{"a":1}}""" to "400 invalid_type metadata",
                """{"model":"m","input":"x","metadata":{"${"k".repeat(65)}":"v"}}""" to "400 invalid_value metadata",
                """{"model":"m","input":"x","reasoning":{"effort":"huge"}}""" to "400 invalid_value reasoning.effort",
                """{"model":"m","input":"x","reasoning":{"depth":1}}""" to "400 unknown_parameter reasoning.depth",
                """{"model":"m","input":"x","text":{"format":{"type":"yaml"}}}""" to "400 invalid_value text.format.type",
                """{"model":"m","input":"x","text":{"format":{"type":"json_schema","name":"n"}}}""" to
                    "400 missing_field text.format.schema",
                """{"model":"m","input":"x","tools":[{"type":"web_search"}]}""" to "400 unsupported_parameter tools[0].type",
                """{"model":"m","input":"x","tools":[{"type":"function"}]}""" to "400 missing_field tools[0].name",
                """{"model":"m","input":"x","tool_choice":"always"}""" to "400 invalid_value tool_choice",
                """{"model":"m","input":"x","tool_choice":{"type":"file_search"}}""" to "400 unsupported_parameter tool_choice.type",
                """{"model":"m","input":"x","conversation":{}}""" to "400 invalid_type conversation",
                """{"model":"m","input":"x","conversation":"c","previous_response_id":"r"}""" to
                    "400 mutually_exclusive_parameters previous_response_id",
                """{"model":"m","input":"x","background":true,"store":false}""" to "400 invalid_value background",
                """{"model":"m","input":"x","include":"all"}""" to "400 invalid_type include",
            )
        rows.forEach { (body, expected) -> withClue(body) { refusal(body) shouldBe expected } }
    }

    @Test
    fun `null is taken for absent`() {
        val body = """{"model":"m","input":"x","store":null,"stream":null,"tools":null,"metadata":null,"conversation":null,
                    "text":null,"prompt":null}"""
        val read = parseResponseRequest(body.toByteArray(), Limits(), Random(1))
        listOf(read.store, read.stream, read.background) shouldBe listOf(true, false, false)
        read.conversationId shouldBe null
    }
}
