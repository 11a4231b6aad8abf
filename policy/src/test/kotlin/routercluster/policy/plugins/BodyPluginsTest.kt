package routercluster.policy.plugins

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.Limits
import routercluster.policy.models.Model
import routercluster.policy.models.ReasoningFamily
import routercluster.policy.models.ReasoningFamily.Type
import routercluster.policy.plugins.Plugin.RequestParams
import routercluster.policy.plugins.Plugin.SystemPrompt
import routercluster.policy.plugins.Plugin.SystemPrompt.Mode
import routercluster.policy.request.parseChat

class BodyPluginsTest {
    private val user = """"messages":[{"role":"user","content":"hi"}]"""
    private val qwen = ReasoningFamily("qwen3", Type.CHAT_TEMPLATE_KWARGS, "enable_thinking")
    private val gpt = ReasoningFamily("gpt", Type.REASONING_EFFORT, "reasoning.effort")
    private val mistral = ReasoningFamily("mistral", Type.TOP_LEVEL_REASONING_EFFORT, "reasoning_effort")

    /** Rows of `fields before | fields after`, all between a model and a user message. */
    private fun check(candidate: Candidate, plugins: List<Plugin>, vararg rows: Pair<String, String>) =
        rows.forEach { (before, after) ->
            withClue(before) { edited("""{"model":"auto",$user$before}""", candidate, plugins) shouldBe """{"model":"up",$user$after}""" }
        }

    private fun edited(body: String, candidate: Candidate, plugins: List<Plugin> = emptyList()) =
        String(outgoingBody(parseChat(body.toByteArray(), Limits()), candidate, "up", plugins, "medium"))

    private fun candidate(family: ReasoningFamily?, reasoning: Boolean?, effort: String? = null) =
        Candidate(Model("m", emptyList(), reasoning = family), reasoning = reasoning, effort = effort)

    private val plain = candidate(null, null)

    @Test
    fun `names the model as the upstream knows it, and a LoRA before that`() {
        edited("""{"model":"auto",$user}""", plain) shouldBe """{"model":"up",$user}"""
        edited("""{"model":"auto",$user}""", plain.copy(lora = "law-lora")) shouldBe """{"model":"law-lora",$user}"""
    }

    @Test
    fun `leaves the client's reasoning settings alone where the policy says nothing`() =
        listOf(null, qwen, gpt, mistral).forEach { family ->
            check(
                candidate(family, null),
                emptyList(),
                "" to "",
                ""","reasoning_effort":"low"""" to ""","reasoning_effort":"low"""",
                ""","reasoning":{"effort":"low"}""" to ""","reasoning":{"effort":"low"}""",
            )
        }

    @Test
    fun `switches reasoning by chat template`() {
        check(
            candidate(qwen, true),
            emptyList(),
            "" to ""","chat_template_kwargs":{"enable_thinking":true}""",
            ""","chat_template_kwargs":{"x":1, "enable_thinking":false}""" to ""","chat_template_kwargs":{"x":1, "enable_thinking":true}""",
            ""","reasoning_effort":"low"""" to ""","reasoning_effort":"low","chat_template_kwargs":{"enable_thinking":true}""",
        )
        check(
            candidate(qwen, false),
            emptyList(),
            "" to ""","chat_template_kwargs":{"enable_thinking":false}""",
            ""","reasoning_effort":"low","reasoning":{"effort":"low"}""" to ""","chat_template_kwargs":{"enable_thinking":false}""",
        )
    }

    @Test
    fun `sets the effort at a dotted path`() {
        check(
            candidate(gpt, true, "high"),
            emptyList(),
            "" to ""","reasoning":{"effort":"high"}""",
            ""","reasoning":{"x":1,"effort":"low"},"reasoning_effort":"low"""" to ""","reasoning":{"x":1,"effort":"high"}""",
        )
        check(
            candidate(gpt, false, "high"),
            emptyList(),
            "" to "",
            ""","reasoning":{"effort":"low"}""" to "",
            ""","reasoning":{"summary":"auto","effort":"low"},"reasoning_effort":"low"""" to ""","reasoning":{"summary":"auto"}""",
        )
    }

    @Test
    fun `sets the effort at the top level, the policy's default where the candidate has none`() {
        check(
            candidate(mistral, true),
            emptyList(),
            "" to ""","reasoning_effort":"medium"""",
            ""","reasoning_effort":"low","reasoning":{"effort":"low"}""" to ""","reasoning_effort":"medium"""",
        )
        check(candidate(mistral, false), emptyList(), ""","reasoning_effort":"low"""" to "")
    }

    @Test
    fun `without a family only drops effort words, and only where reasoning is off`() {
        check(candidate(null, true), emptyList(), ""","reasoning_effort":"low"""" to ""","reasoning_effort":"low"""")
        check(candidate(null, false), emptyList(), ""","reasoning_effort":"low","x":1""" to ""","x":1""")
    }

    @Test
    fun `caps numbers and whatever an upstream might read as one`() =
        check(
            plain,
            listOf(RequestParams(maxTokensLimit = 100, maxN = 2)),
            "" to "",
            ""","max_tokens":100,"n":1.0""" to ""","max_tokens":100,"n":1.0""",
            ""","max_tokens":101,"max_completion_tokens":1e9,"n":3""" to ""","max_tokens":100,"max_completion_tokens":100,"n":2""",
            ""","max_tokens":null,"n":"3"""" to ""","max_tokens":null,"n":2""",
            ""","max_tokens":-1,"n":1e999""" to ""","max_tokens":100,"n":2""",
            ""","max_tokens":{},"n":true""" to ""","max_tokens":100,"n":2""",
        )

    @Test
    fun `drops blocked and unknown fields but never what makes a request`() {
        check(plain, listOf(RequestParams(blocked = setOf("logprobs", "model", "messages"))), ""","logprobs":true,"x":1""" to ""","x":1""")
        check(plain, listOf(RequestParams(stripUnknown = true)), ""","seed":1,"x":1,"tools":[]""" to ""","seed":1,"tools":[]""")
        check(plain, listOf(RequestParams(blocked = setOf("n"), maxN = 2)), ""","n":3""" to "")
    }

    @Test
    fun `strips what the client sent before it adds what the policy wants`() =
        check(
            candidate(qwen, true),
            listOf(RequestParams(stripUnknown = true)),
            ""","chat_template_kwargs":{"x":1}""" to ""","chat_template_kwargs":{"enable_thinking":true}""",
        )

    @Test
    fun `puts the system prompt in`() {
        val body = """{"model":"auto","messages":[{"role":"system","content":"Old."},{"role":"user","content":"hi"}]}"""
        edited(body, plain, listOf(SystemPrompt("New.", Mode.INSERT), Plugin.FastResponse("ignored"))) shouldBe
            """{"model":"up","messages":[{"role":"system","content":"New.\n\nOld."},{"role":"user","content":"hi"}]}"""
        edited(body, plain, listOf(SystemPrompt("New.", Mode.REPLACE))) shouldBe
            """{"model":"up","messages":[{"role":"system","content":"New."},{"role":"user","content":"hi"}]}"""
    }
}
