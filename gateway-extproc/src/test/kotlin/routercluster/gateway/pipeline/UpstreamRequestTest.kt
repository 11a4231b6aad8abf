package routercluster.gateway.pipeline

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.KEY
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.Received
import routercluster.mock.mockLlm

/** What an upstream gets to see of a request. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UpstreamRequestTest {
    private val mock = mockLlm()
    private val policy =
        policyText(
            mock.port,
            mapOf(
                "prompted" to "plugins: [{type: system_prompt, configuration: {system_prompt: Be brief.}}]",
                "capped" to
                    "plugins: [{type: request_params, configuration: {blocked_params: [logprobs], max_tokens_limit: 50, strip_unknown: true}}]",
                "marked" to
                    "plugins: [{type: header_mutation, configuration: " +
                    "{add: [{name: X-Tier, value: gold}], update: [{name: x-kind, value: new}], delete: [x-drop]}}]",
                "switched" to "modelRefs: [{model: small, use_reasoning: true}]",
                "unswitched" to "modelRefs: [{model: small, use_reasoning: false}]",
                "thoughtful" to "modelRefs: [{model: large, use_reasoning: true, reasoning_effort: high}]",
                "quick" to "modelRefs: [{model: large, use_reasoning: false}]",
                "adapted" to "modelRefs: [{model: small, lora_name: small-code}]",
            ),
        )
    private val router = TestGateway(policy)

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    @Test
    fun `bodies are what the decision makes of them`() {
        val plain = """{"role":"user","content":"%s"}"""
        val rows =
            listOf(
                Triple("nothing", "", """{"model":"small","messages":[$plain]}"""),
                Triple("prompted", "", """{"model":"small","messages":[{"role":"system","content":"Be brief."},$plain]}"""),
                Triple(
                    "capped",
                    ""","max_tokens":90,"logprobs":true,"odd":1""",
                    """{"model":"small","messages":[$plain],"max_tokens":50}""",
                ),
                Triple("switched", "", """{"model":"small","messages":[$plain],"chat_template_kwargs":{"enable_thinking":true}}"""),
                Triple("unswitched", "", """{"model":"small","messages":[$plain],"chat_template_kwargs":{"enable_thinking":false}}"""),
                Triple("thoughtful", "", """{"model":"large-2","messages":[$plain],"reasoning_effort":"high"}"""),
                Triple("quick", ""","reasoning_effort":"high"""", """{"model":"large-2","messages":[$plain]}"""),
                Triple("adapted", "", """{"model":"small-code","messages":[$plain]}"""),
            )
        assertSoftly {
            rows.forEach { (name, fields, sent) ->
                withClue(name) { seen { router.chat(name, fields = fields) }.text() shouldBe sent.replace("%s", name) }
            }
        }
    }

    @Test
    fun `headers are edited where the decision says so`() {
        val sent = arrayOf("x-kind" to "old", "x-drop" to "1", "x-keep" to "1")
        val names = listOf("x-tier", "x-kind", "x-drop", "x-keep")
        seen { router.chat("marked", *sent) }.headers(names) shouldBe listOf("gold", "new", null, "1")
        seen { router.chat("nothing", *sent) }.headers(names) shouldBe listOf(null, "old", "1", "1")
    }

    @Test
    fun `the upstream's key replaces the client's, which goes only where there is none`() {
        val names = listOf("authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie")
        val own = names.map { it to "client=$it" }.toTypedArray()
        seen { router.chat("nothing", *own) }.headers(names) shouldBe listOf("Bearer $KEY", null, null, null, null)
        seen { router.chat("quick", *own) }.headers(names) shouldBe own.map { it.second }
    }

    @Test
    fun `what only the router may say does not come from clients`() {
        val internal =
            listOf(
                "x-vsr-debug",
                "x-router-hops",
                "x-envoy-upstream",
                "x-routercluster-x",
                "x-gateway-destination-endpoint",
                "x-authz-user-id",
                "te",
            )
        val request = seen {
            router.chat(
                "nothing",
                *internal.filter { it != "te" }.map { it to "true" }.toTypedArray(),
                "x-selected-model" to "large",
            )
        }
        request.headers(internal) shouldBe internal.map { null }
        request.headers(listOf("x-selected-model", "accept-encoding")) shouldBe listOf("small", null)
    }

    private fun seen(send: () -> Unit): Received {
        mock.reset()
        send()
        return mock.seen.single()
    }

    private fun Received.headers(names: List<String>): List<String?> = names.map { headers.get(it) }
}
