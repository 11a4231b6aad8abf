package routercluster.policy.responses

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import kotlin.random.Random

class RequestToChatTest {
    private val mapper = ObjectMapper()

    private fun request(fields: String) = parseResponseRequest("""{"model":"m",$fields}""".toByteArray(), Limits(), Random(1))

    private fun chat(fields: String) = mapper.readTree(chatRequest(request(fields), emptyList()))

    @Test
    fun `input becomes messages`() {
        val rows =
            mapOf(
                """"input":"Hello"""" to """[{"role":"user","content":"Hello"}]""",
                """"input":"Hello","instructions":"Be brief."""" to
                    """[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}]""",
                """"input":[{"role":"developer","content":"Rules"},{"role":"assistant","content":"Aye"},{"type":"message",
                    "role":"user","content":[]}]""" to
                    """[{"role":"developer","content":"Rules"},{"role":"assistant","content":"Aye"},{"role":"user","content":[]}]""",
                """"input":[{"role":"user","content":[{"type":"input_text","text":"What?"},{"type":"input_image",
                    "image_url":"http://x/y","detail":"low"}]}]""" to
                    """[{"role":"user","content":[{"type":"text","text":"What?"},{"type":"image_url",
                    "image_url":{"url":"http://x/y","detail":"low"}}]}]""",
                """"input":[{"role":"user","content":[{"type":"input_file","file_data":"data:x","filename":"a.pdf"}]}]""" to
                    """[{"role":"user","content":[{"type":"file","file":{"file_data":"data:x","filename":"a.pdf"}}]}]""",
                """"input":[{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}]""" to
                    """[{"role":"assistant","content":null,"refusal":"No."}]""",
                """"input":[{"type":"reasoning","summary":[]},{"role":"assistant","content":"Let me see."},
                    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c2","name":"g","input":"x"},
                    {"type":"function_call_output","call_id":"c1","output":"5"},
                    {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"6"}]}]""" to
                    """[{"role":"assistant","content":"Let me see.","tool_calls":[{"type":"function","id":"c1",
                    "function":{"name":"f","arguments":"{}"}},
                    {"type":"custom","id":"c2","custom":{"name":"g","input":"x"}}]},
                    {"role":"tool","tool_call_id":"c1","content":"5"},{"role":"tool","tool_call_id":"c2","content":"6"}]""",
                """"input":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}]""" to
                    """[{"role":"assistant","content":null,"tool_calls":[{"type":"function","id":"c1","function":{"name":"f",
                    "arguments":"{}"}}]}]""",
            )
        rows.forEach { (fields, messages) ->
            withClue(fields) { chat(fields).path("messages") shouldBe mapper.readTree(messages) }
        }
    }

    @Test
    fun `fields find their places in a chat completion`() {
        val function = """{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true}"""
        val rows =
            mapOf(
                """"stream":true""" to """"stream":true""",
                """"max_output_tokens":7""" to """"stream":false,"max_completion_tokens":7""",
                """"reasoning":{"effort":"low","summary":"auto"}""" to """"stream":false,"reasoning_effort":"low"""",
                """"text":{"verbosity":"low","format":{"type":"text"}}""" to """"stream":false,"verbosity":"low"""",
                """"text":{"format":{"type":"json_object"}}""" to """"stream":false,"response_format":{"type":"json_object"}""",
                """"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}}""" to
                    """"stream":false,"response_format":{"type":"json_schema","json_schema":{"name":"n",
                    "schema":{"type":"object"},"strict":true}}""",
                """"tools":[$function],"tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false""" to
                    """"stream":false,"parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f","description":"d",
                    "parameters":{"type":"object"},"strict":true}}],"tool_choice":{"type":"function","function":{"name":"f"}}""",
                """"tools":[{"type":"custom","name":"c","format":{"type":"grammar","syntax":"lark","definition":"s"}}],
                    "tool_choice":"required"""" to
                    """"stream":false,"tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar",
                    "grammar":{"definition":"s","syntax":"lark"}}}}],"tool_choice":"required"""",
                """"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]}""" to
                    """"stream":false,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto",
                    "tools":[{"type":"function","function":{"name":"f"}}]}}""",
                """"include":["message.output_text.logprobs"],"top_logprobs":2""" to """"stream":false,"logprobs":true,"top_logprobs":2""",
                """"temperature":0.5,"top_p":0.9,"user":"u","service_tier":"flex","metadata":{"a":"b"},"tools":[],
                    "truncation":"auto","store":false""" to
                    """"stream":false,"temperature":0.5,"top_p":0.9,"user":"u","service_tier":"flex","metadata":{"a":"b"}""",
            )
        rows.forEach { (fields, expected) ->
            val all = """{"model":"m","messages":[{"role":"user","content":"x"}],$expected}"""
            withClue(fields) { chat(""""input":"x",$fields""") shouldBe mapper.readTree(all) }
        }
    }

    @Test
    fun `what was said before stands between the instructions and the input`() {
        val before = request(""""input":[{"role":"user","content":"One"},{"role":"assistant","content":"Two"}]""").input
        val made = mapper.readTree(chatRequest(request(""""input":"Three","instructions":"Now.""""), before))
        made.path("messages").map { it.path("content").textValue() } shouldBe listOf("Now.", "One", "Two", "Three")
    }

    @Test
    fun `a request for an upstream of the same API has the thread written out and follows the policy's edits`() {
        val request =
            request(
                """"input":"Three","previous_response_id":"resp_x","store":true,"temperature":1,"top_p":0.5,"metadata":{"a":"b"},
                "max_output_tokens":90,"reasoning":{"effort":"high","summary":"auto"},"tools":[{"type":"function","name":"f"}]""",
            )
        val history = request(""""input":"One"""").input
        val asked = chatRequest(request, history)
        val edited =
            """{"model":"theirs","messages":[{"role":"system","content":"Policy."}],"temperature":0.1,"max_completion_tokens":50,
            "reasoning_effort":"low","tools":[]}"""
        val native = mapper.readTree(nativeRequest(request, history, asked, edited.toByteArray()))
        native shouldBe
            mapper.readTree(
                """{"model":"theirs","input":[{"role":"user","content":[{"type":"input_text","text":"One"}],"type":"message",
                    "status":"completed"},
                {"role":"user","content":[{"type":"input_text","text":"Three"}],"type":"message","status":"completed"}],"store":false,"temperature":0.1,
                "max_output_tokens":50,"reasoning":{"effort":"low","summary":"auto"},"tools":[{"type":"function","name":"f"}],
                "instructions":"Policy."}""",
            )
    }
}
