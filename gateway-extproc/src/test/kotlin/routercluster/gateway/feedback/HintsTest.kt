package routercluster.gateway.feedback

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.Answer
import routercluster.mock.Script
import routercluster.mock.ToolCall
import routercluster.mock.mockLlm
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.telemetry.RouterEvent

/** What nobody says and answers let on. */
class HintsTest {
    private val mock = mockLlm(Script(tokens = 5))
    private val outcomes = MemoryOutcomes()

    @AfterEach
    fun close() = mock.close()

    private fun router(gateway: String) =
        TestGateway(policyText(mock.port, mapOf("code" to "modelRefs: [{model: large}]"), gateway = gateway), outcomes = outcomes)

    private fun verdicts(): VerdictSums = outcomes.measured(SelectionKey("default", "code")).statistics("large").verdicts

    private fun TestGateway.ask(prompt: String, fields: String = "", requests: Int) {
        chat(prompt, "x-conversation-id" to "c1", fields = fields).status shouldBe 200
        heard.await<RouterEvent.Left>(requests)
    }

    @Test
    fun `tool calls and JSON answers are judged by their form`() {
        router("{implicit_verdicts: [tool_calls, structured_output]}").use { router ->
            mock.script = Script(toolCalls = listOf(ToolCall("weather", "{\"city\": \"Bern\"}")))
            router.ask("code", TOOLS, requests = 1)
            verdicts() shouldBe VerdictSums(goodFit = 200)
            mock.script = Script(toolCalls = listOf(ToolCall("weather", "{\"city\": ")))
            router.ask("code", "$TOOLS, \"stream\": true", requests = 2)
            verdicts() shouldBe VerdictSums(goodFit = 200, failed = 200)
            mock.script = Script(answer = Answer.Text("no JSON"))
            router.ask("code", ", \"response_format\": {\"type\": \"json_object\"}", requests = 3)
            verdicts() shouldBe VerdictSums(goodFit = 200, failed = 400)
            router.ask("code", requests = 4)
            verdicts() shouldBe VerdictSums(goodFit = 200, failed = 400)
            val metrics = router.admin("/metrics").body
            metrics shouldContain """router_implicit_verdicts_total{counted="true",kind="tool_calls",verdict="bad"} 1.0"""
            metrics shouldNotContain "kind=\"retries\""
        }
    }

    @Test
    fun `JSON answers are judged by the schema of their request, once`() {
        val format = ", \"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"schema\": {\"required\": [\"a\"]}}}"
        router("{implicit_verdicts: [json_schema]}").use { router ->
            mock.script = Script(answer = Answer.Text("{\"a\": 1}"))
            router.ask("code", format, requests = 1)
            verdicts() shouldBe VerdictSums(goodFit = 200)
            mock.script = Script(answer = Answer.Text("{\"b\": 1}"))
            router.ask("code", "$format, \"stream\": true", requests = 2)
            verdicts() shouldBe VerdictSums(goodFit = 200, failed = 200)
            mock.script = Script(answer = Answer.Text("no JSON"))
            router.ask("code", format, requests = 3)
            verdicts() shouldBe VerdictSums(goodFit = 200, failed = 200)
        }
    }

    @Test
    fun `the same prompt again speaks against the model that answered it, and another one for it`() {
        router("{implicit_verdicts: [retries]}").use { router ->
            router.ask("code one", requests = 1)
            router.ask("code one", requests = 2)
            verdicts() shouldBe VerdictSums(underpowered = 100)
            router.ask("code two", requests = 3)
            verdicts() shouldBe VerdictSums(goodFit = 100, underpowered = 100)
        }
    }

    @Test
    fun `nothing is let on unless the policy counts it, and one caller's hints are bounded`() {
        router("{}").use { router ->
            repeat(3) { router.ask("code", TOOLS, requests = it + 1) }
            verdicts() shouldBe VerdictSums.NONE
        }
        router("{implicit_verdicts: [retries], feedback_per_identity_max: 1}").use { router ->
            repeat(20) { router.ask("code", requests = it + 1) }
            verdicts() shouldBe VerdictSums(underpowered = VerdictSums.WHOLE)
            router.admin("/metrics").body shouldContain
                """router_implicit_verdicts_total{counted="false",kind="retries",verdict="bad"} 9.0"""
        }
    }

    private companion object {
        const val TOOLS = ", \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"weather\"}}]"
    }
}
